//! Programs that attack the guest that they share a process with.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::{Town, logs, show};
use thorp_runtime::{Export, Failure};

#[tokio::test]
async fn patched_prototypes_break_nothing() {
    let town = Town::start().await;
    for patch in [
        "JSON.stringify = () => '\"forged\"'",
        "JSON.parse = () => { throw 1 }",
        "Object.prototype.toJSON = undefined; Object.prototype.kind = 'undefined'; Object.prototype.then = undefined",
        "Object.defineProperty(Object.prototype, 'get', { get() { throw new Error('polluted') }, configurable: true })",
        "Object.defineProperty(Object.prototype, 'value', { value: 1 })",
        "Array.prototype.map = Array.prototype.push = Array.prototype[Symbol.iterator] = () => { throw 1 }",
        "Promise.prototype.then = function () { return 'forged' }",
        "Promise.prototype.then = (f) => f('forged')",
        "Object.defineProperty(Promise.prototype, 'constructor', { get() { throw 1 } })",
        "Promise.resolve = Promise.reject = () => { throw 1 }; globalThis.Promise = class {}",
        "Object.defineProperty(Promise, Symbol.species, { value: function () { throw 1 } })",
        "Uint8Array.prototype.set = Uint8Array.prototype.subarray = () => { throw 1 }",
        "Object.defineProperty(Uint8Array.prototype, 'constructor', { get() { throw 1 } })",
        "Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), 'length', { get() { return 3 } })",
        "Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength', { get() { return 3 } })",
        "TextEncoder.prototype.encode = TextDecoder.prototype.decode = () => 'forged'",
        "String.prototype.toWellFormed = String.prototype.slice = String.prototype.endsWith = () => 'forged'",
        "Function.prototype.apply = Function.prototype.bind = () => 'forged'",
        "Reflect.apply = Reflect.defineProperty = Reflect.get = () => 'forged'",
        "RegExp.prototype.exec = RegExp.prototype.test = () => { throw 1 }",
        "Error.prepareStackTrace = () => { throw 1 }",
        "for (const k of ['Uint8Array', 'TextEncoder', 'JSON', 'Reflect', 'Object', 'String']) globalThis[k] = undefined",
        "delete globalThis.console; delete globalThis.Deno",
    ] {
        let code = format!("console.log('before'); {patch}; return {{ a: [1, 'two'] }}");
        let outcome = town.body(&code).await;
        assert_eq!(
            show(&outcome),
            r#"{"a":[1,"two"]}"#,
            "{patch}\n{}",
            logs(&outcome)
        );
        assert_eq!(logs(&outcome), "log: before\n", "{patch}");
    }
    town.stop().await;
}

#[tokio::test]
async fn what_breaks_deno_itself_loses_only_its_own_run() {
    let town = Town::start().await;
    let outcome = town
        .body("Function.prototype.call = () => 'forged'; return 1")
        .await;
    assert_eq!(
        show(&outcome),
        "! the sandbox was lost: the program ended its process with code 1"
    );
    assert_eq!(show(&town.body("return 2").await), "2");
    town.stop().await;
}

#[tokio::test]
async fn patched_errors_are_still_errors() {
    let town = Town::start().await;
    for (patch, expected) in [
        (
            "Error.prepareStackTrace = () => { throw 1 }",
            "! TypeError: no",
        ),
        (
            "Error.prepareStackTrace = () => ({ toString() { throw 1 } })",
            "! TypeError: no",
        ),
        ("Error.stackTraceLimit = 0", "! TypeError: no"),
        (
            "Object.defineProperty(TypeError.prototype, 'name', { get() { throw 1 } })",
            "! Error: no",
        ),
        (
            "JSON.stringify = () => 'forged'; String = () => 'forged'; Deno.inspect = () => 'forged'",
            "! TypeError: no",
        ),
        (
            "addEventListener('unhandledrejection', (e) => e.stopImmediatePropagation())",
            "! TypeError: no",
        ),
    ] {
        let outcome = town
            .body(&format!("{patch}; throw new TypeError('no')"))
            .await;
        assert_eq!(show(&outcome), expected, "{patch}");
    }
    let rejected = "addEventListener('unhandledrejection', (e) => e.stopImmediatePropagation()); Event.prototype.preventDefault = () => { throw 1 };
        Promise.reject(new Error('late')); await new Promise((r) => setTimeout(r, 5000))";
    assert_eq!(show(&town.body(rejected).await), "! Error: late");
    town.stop().await;
}

#[tokio::test]
async fn the_insides_are_out_of_reach() {
    let town = Town::start().await;
    for (code, expected) in [
        (
            "return Object.getOwnPropertySymbols(Deno).filter((s) => s.description === 'Deno.internal').map((s) => typeof Deno[s])",
            "*",
        ),
        ("return typeof Deno[Deno.internal]", "\"undefined\""),
        (
            "return Deno.readTextFile('/etc/passwd')",
            "! NotCapable: Requires read access to \"/etc/passwd\", run again with the --allow-read flag",
        ),
        (
            "return Deno.writeTextFile('x', '')",
            "! NotCapable: Requires write access to \"x\", run again with the --allow-write flag",
        ),
        (
            "return new Deno.Command('/bin/ls').output()",
            "! NotCapable: Requires run access to \"/bin/ls\", run again with the --allow-run flag",
        ),
        (
            "return Deno.dlopen('/lib/x.so', {})",
            "! NotCapable: Requires ffi access to \"/lib/x.so\", run again with the --allow-ffi flag",
        ),
    ] {
        let found = show(&town.body(code).await);
        if expected == "*" {
            assert!(found == "[]" || found == "[\"undefined\"]", "{found}");
        } else {
            assert_eq!(found, expected, "{code}");
        }
    }
    town.stop().await;
}

#[tokio::test]
async fn nothing_is_written_through_caches() {
    let town = Town::start().await;
    for code in [
        "return typeof caches",
        "return typeof globalThis.caches",
        "return Object.getOwnPropertyNames(globalThis).includes('caches') || 'caches' in globalThis ? 'there' : 'undefined'",
    ] {
        assert_eq!(show(&town.body(code).await), "\"undefined\"", "{code}");
    }
    let code = "return new CacheStorage()";
    assert_eq!(
        show(&town.body(code).await),
        "! TypeError: Illegal constructor"
    );
    town.stop().await;
}

#[tokio::test]
async fn the_control_socket_is_out_of_reach() {
    let town = Town::start().await;
    let code = "const path = Deno.mainModule && new URL(import.meta.url).pathname.replace(/m\\/main\\.js$/, 'c');
        const tried = [];
        for (const f of [() => Deno.connect({ transport: 'unix', path }), () => Deno.listen({ transport: 'unix', path }),
                         () => Deno.remove(path), () => Deno.stat(path), () => Deno.readDir(path.slice(0, -2))[Symbol.asyncIterator]().next()]) {
          try { await f(); tried.push('done') } catch (e) { tried.push(e.name) }
        }
        export default tried";
    let outcome = town.module(&[("main.js", code)], Export::Default).await;
    assert_eq!(
        show(&outcome),
        r#"["NotCapable","NotCapable","NotCapable","NotCapable","NotCapable"]"#
    );
    town.stop().await;
}

#[tokio::test]
async fn host_files_are_not_imported() {
    let town = Town::start().await;
    for code in [
        "export default (await import('file:///etc/passwd', { with: { type: 'text' } })).default",
        "import x from 'file:///etc/passwd' with { type: 'text' }; export default x",
        "import x from 'file:///etc/hostname' with { type: 'bytes' }; export default x",
        "import { createRequire } from 'node:module'; export default createRequire(import.meta.url)('/etc/passwd')",
        "import fs from 'node:fs'; export default fs.readFileSync('/etc/passwd', 'utf8')",
        "export default await (await fetch('file:///etc/passwd')).text()",
    ] {
        let outcome = town.module(&[("main.js", code)], Export::Default).await;
        assert!(
            matches!(outcome.result, Err(Failure::Thrown { .. })),
            "{code}: {}",
            show(&outcome)
        );
    }
    town.stop().await;
}

#[tokio::test]
async fn nothing_is_left_for_the_next_run() {
    let town = Town::start().await;
    let code = "globalThis.seen = (globalThis.seen ?? 0) + 1; console.log = () => {}; return globalThis.seen";
    for _ in 0..3 {
        assert_eq!(show(&town.body(code).await), "1");
    }
    assert_eq!(
        logs(&town.body("console.log('still')").await),
        "log: still\n"
    );
    town.stop().await;
}

/// Deno reads the text of such errors anew, where there is no `/proc` to ask about its own stack.
#[tokio::test]
async fn errors_in_typescript_that_deno_compiles_end_their_run_alone() {
    let town = Town::start().await;
    let main = |rest: &str| format!("export default async () => {{ {rest} }}");
    let wait = "await new Promise((done) => setTimeout(done, 60_000));";
    let deep = format!(
        "const x: number = {}1{}; throw new Error('deep' + x)",
        "(".repeat(600),
        ")".repeat(600)
    );
    for (text, waits, expected) in [
        (
            "const x: number = 1; throw new Error('boom' + x)",
            "",
            "! Error: boom1",
        ),
        (deep.as_str(), "", "! Error: deep1"),
        (
            "enum A { B = 1 }; setTimeout(() => { throw new Error('late' + A.B) }, 1)",
            wait,
            "! Error: late1",
        ),
        (
            "const x: number = 1; Promise.reject(new Error('left' + x))",
            wait,
            "! Error: left1",
        ),
        ("const x: number = ;", "", "! TypeError: "),
    ] {
        let main = main(&format!("await import('./other.ts'); {waits}"));
        let files = [("main.js", main.as_str()), ("other.ts", text)];
        let outcome = town.module(&files, Export::Default).await;
        let shown = show(&outcome);
        assert!(
            shown.starts_with(expected),
            "{text}: {shown} {}",
            logs(&outcome)
        );
        assert!(!logs(&outcome).contains("panicked"), "{}", logs(&outcome));
    }
    assert_eq!(show(&town.body("return 1").await), "1");
    town.stop().await;
}

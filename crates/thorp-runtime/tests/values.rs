//! What programs give: values, errors, logs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::sync::Arc;

use serde_json::value::RawValue;
use tokio::sync::Notify;

use support::{Town, call, logs, show};
use thorp_runtime::{
    Abandoned, CallError, Calling, Export, Failure, Host, Job, ModuleProgram, ModuleVal,
    NOT_CALLED, Outcome, Program, RunLimits, Sight,
};

async fn check_all(cases: &[(&str, &str)]) {
    let town = Town::start().await;
    for (code, expected) in cases {
        assert_eq!(
            show(
                &town
                    .body_with(code, r#"["a",2]"#, RunLimits::default())
                    .await
            ),
            *expected,
            "{code}"
        );
    }
    town.stop().await;
}

#[tokio::test]
async fn values_are_json() {
    check_all(&[
        ("return [1, 2, 3].map((x) => x * 2)", "[2,4,6]"),
        ("return undefined", "undefined"),
        ("", "undefined"),
        ("return null", "null"),
        ("return 'ü\\ud800'", "\"ü\\ud800\""),
        (
            "return { a: undefined, b: () => 1, c: NaN, d: new Date(0) }",
            r#"{"c":null,"d":"1970-01-01T00:00:00.000Z"}"#,
        ),
        ("return { toJSON() { return { x: 1 } } }", r#"{"x":1}"#),
        ("return { toJSON() { return undefined } }", "undefined"),
        ("return Promise.resolve(7)", "7"),
        ("return { then(resolve) { resolve(8) } }", "8"),
        ("return (a, b) => a + b", "\"a2\""),
        ("return async (...args) => args", r#"["a",2]"#),
        ("return typeof this + typeof Deno", "\"objectobject\""),
    ])
    .await;
}

#[tokio::test]
async fn what_is_not_json_is_said_with_its_path() {
    check_all(&[
        ("return 1n", "! the value at `$` is not JSON: it is a BigInt; use a string or a number"),
        (
            "return { a: [0, { 'b c': 2n }] }",
            "! the value at `$.a[1][\"b c\"]` is not JSON: it is a BigInt; use a string or a number",
        ),
        ("const a = { x: {} }; a.x.y = a; return a", "! the value at `$.x.y` is not JSON: it contains itself"),
        ("return () => () => 1", "! the value at `$` is not JSON: it is a function"),
        ("return Symbol('x')", "! the value at `$` is not JSON: it is a symbol"),
        ("return { toJSON() { throw new TypeError('no') } }", "! TypeError: no"),
        ("return { get a() { throw new RangeError('get') } }", "! RangeError: get"),
        ("return 'x'.repeat(9 << 20)", "! the result is larger than 8388608 bytes"),
    ])
    .await;
}

#[tokio::test]
async fn whatever_is_thrown_is_an_error() {
    check_all(&[
        ("throw new TypeError('no')", "! TypeError: no"),
        ("throw 1", "! Error: 1"),
        ("throw 'text'", "! Error: text"),
        ("throw null", "! Error: null"),
        ("throw undefined", "! Error: undefined"),
        ("throw { code: 7 }", "! Error: { code: 7 }"),
        ("throw Symbol('s')", "! Error: Symbol(s)"),
        ("throw new DOMException('gone', 'AbortError')", "! AbortError: gone"),
        ("throw new Proxy({}, { get() { throw 1 } })", "! Error: {}"),
        ("throw { get message() { throw 1 }, get stack() { throw 2 }, get name() { return 3 } }", "*"),
        ("Promise.reject(new Error('late')); await new Promise((r) => setTimeout(r, 1000))", "! Error: late"),
        ("setTimeout(() => { throw new Error('timer') }); await new Promise(() => {})", "! Error: timer"),
        ("return class A {}", "! TypeError: The value is a class, which cannot be called; export a function or a value"),
        ("await new Promise(() => {})", "! the sandbox was lost: the program waits for a promise that nothing can settle any more"),
        ("Deno.exit(3)", "! the sandbox was lost: the program ended its process with code 3"),
        ("function f() { f() }; f()", "! RangeError: Maximum call stack size exceeded"),
        ("return x y", "! SyntaxError: Unexpected identifier 'y'"),
    ].map(|(code, expected)| if expected == "*" { (code, "! Error: { message: [Getter], stack: [Getter], name: [Getter] }") } else { (code, expected) }))
    .await;
}

#[tokio::test]
async fn a_stack_shows_the_users_code_and_nothing_else() {
    let town = Town::start().await;
    let stack = async |code: &str| match town.body(code).await.result {
        Err(Failure::Thrown { stack, .. }) => stack.unwrap(),
        other => format!("{other:?}"),
    };
    assert_eq!(
        stack("const f = () => {\n  throw new Error('x');\n};\nf();").await,
        "Error: x\n    at f (file:///val/eval:4:9)\n    at eval (file:///val/eval:6:1)"
    );
    assert_eq!(
        stack("return () => { JSON.parse('{') }").await,
        "SyntaxError: Expected property name or '}' in JSON at position 1 (line 1 column 2)\n    at JSON.parse (<anonymous>)\n    at eval (file:///val/eval:3:21)"
    );
    let files = [
        (
            "main.js",
            "import { f } from './lib/f.js';\nexport default () => f();",
        ),
        (
            "lib/f.js",
            "export const f = () => { throw new Error('m') };",
        ),
    ];
    match town.module(&files, Export::Default).await.result {
        Err(Failure::Thrown { stack, .. }) => assert_eq!(
            stack.unwrap(),
            "Error: m\n    at f (file:///val/lib/f.js:1:32)\n    at default (file:///val/main.js:2:22)"
        ),
        other => panic!("{other:?}"),
    }
    town.stop().await;
}

#[tokio::test]
async fn exports_are_chosen() {
    let town = Town::start().await;
    let check = async |text: &str, export: Export, expected: &str| {
        assert_eq!(
            show(&town.module(&[("main.ts", text)], export).await),
            expected,
            "{text}"
        );
    };
    check("export default 5 as number;", Export::Default, "5").await;
    check(
        "export const a = (...args: unknown[]) => args;",
        Export::Named("a".to_owned()),
        r#"["a",2]"#,
    )
    .await;
    check("console.log(1);", Export::Nothing, "undefined").await;
    check(
        "export const b = 1;",
        Export::Default,
        "! TypeError: The module has no export `default`",
    )
    .await;
    check("throw new Error('top')", Export::Default, "! Error: top").await;
    check(
        "export const then = (resolve: (x: unknown) => void) => resolve({ default: 9 });",
        Export::Default,
        "9",
    )
    .await;
    check(
        "export default (await import('./other.ts')).default",
        Export::Default,
        "! TypeError: Module not found \"file:///val/other.ts\".",
    )
    .await;
    town.stop().await;
}

#[tokio::test]
async fn logs_come_as_the_console_shows_them() {
    let town = Town::start().await;
    let outcome = town
        .body(
            "console.log('a %s %d', 'b', 7, { x: [1, 'two'] }); console.info(1n); console.warn(new Set([1]));
             console.error('e'); console.debug(null); console.group('g'); console.log('in\\nside'); console.groupEnd();
             console.assert(false, 'no'); console.count(); console.table([{ a: 1 }]);
             await Deno.stdout.write(new TextEncoder().encode('out\\npart')); await Deno.stderr.write(new Uint8Array([0x65, 10]));",
        )
        .await;
    assert_eq!(show(&outcome), "undefined");
    let text = logs(&outcome);
    let console: String = text
        .lines()
        .filter(|line| !line.starts_with("std"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(
        console,
        "log: a b 7 { x: [ 1, \"two\" ] }\ninfo: 1n\nwarn: Set(1) { 1 }\nerror: e\ndebug: null\nlog: g\nlog:   in\n  side\n\
         error: Assertion failed: no\nlog: default: 1\nlog: ┌───────┬───┐\n│ (idx) │ a │\n├───────┼───┤\n│     0 │ 1 │\n└───────┴───┘\n"
    );
    assert!(
        text.contains("stdout: out\n")
            && text.contains("stdout: part\n")
            && text.contains("stderr: e\n"),
        "{text}"
    );
    town.stop().await;
}

#[tokio::test]
async fn too_many_logs_are_cut() {
    let town = Town::start().await;
    let outcome = town
        .body("for (let i = 0; i < 3000; i++) console.log('x'.repeat(1000)); return 1")
        .await;
    assert_eq!(
        (show(&outcome).as_str(), outcome.logs_truncated),
        ("1", true)
    );
    let bytes: usize = outcome.logs.iter().map(|line| line.text.len()).sum();
    assert_eq!(bytes, thorp_runtime::limits::LOG_BYTES_MAX);
    let outcome = town
        .body("console.log('é'.repeat(2 << 20)); return 1")
        .await;
    assert_eq!(
        (
            show(&outcome).as_str(),
            outcome.logs_truncated,
            outcome.logs.len()
        ),
        ("1", true, 1)
    );
    town.stop().await;
}

#[tokio::test]
async fn large_results_and_arguments_pass() {
    let town = Town::start().await;
    let args = format!("[\"{}\"]", "y".repeat(4 << 20));
    let outcome = town
        .body_with(
            "return (text) => text + text.slice(1000)",
            &args,
            RunLimits::default(),
        )
        .await;
    assert_eq!(outcome.result.unwrap().json.len(), (8 << 20) - 1000 + 2);
    town.stop().await;
}

#[tokio::test]
async fn bad_jobs_are_refused() {
    let town = Town::start().await;
    for args in ["{}", "[1", "", "[1] x"] {
        assert!(matches!(
            town.body_with("", args, RunLimits::default()).await.result,
            Err(Failure::BadProgram { .. })
        ));
    }
    let outcome = town.module(&[("../x.js", "")], Export::Nothing).await;
    assert!(matches!(outcome.result, Err(Failure::BadProgram { .. })));
    town.stop().await;
}

#[tokio::test]
async fn nothing_of_the_host_is_in_the_environment() {
    let town = Town::start().await;
    let code = "return [Object.keys(Deno.env.toObject()).sort(), Deno.args, process.argv.length, Deno[Deno.internal] === undefined, process.env.X ?? null]";
    assert_eq!(
        show(&town.body(code).await),
        r#"[["HOME","LANG"],[],2,true,null]"#
    );
    town.stop().await;
}

/// A program that names two other vals.
fn with_vals(code: &str, values: &str, args: &str) -> Job {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let val = |name: &str, export: &str| ModuleVal {
        name: name.to_owned(),
        folder: name.to_owned(),
        entry: format!("{name}/main.js"),
        export: Export::Named(export.to_owned()),
        dependencies: None,
    };
    let program = ModuleProgram {
        files: vec![
            file(
                "main.js",
                &format!("import {{ vals }} from 'thorp:vals'; {code}"),
            ),
            file(
                "a/twice/main.js",
                "import { vals } from 'thorp:vals'; export const twice = (n) => vals.get('a/id')(n) * 2",
            ),
            file("a/id/main.js", "export const id = (n) => n"),
        ],
        entry: "main.js".to_owned(),
        vals: vec![val("a/twice", "twice"), val("a/id", "id")],
        ..ModuleProgram::default()
    };
    Job {
        sight: Sight {
            values: Some(values.to_owned()),
            ..Sight::default()
        },
        program: Program::Module(Arc::new(program)),
        ..call(code, args)
    }
}

fn shown(outcome: &Outcome) -> (String, Option<&str>) {
    (show(outcome), outcome.writes.as_deref())
}

#[tokio::test]
async fn a_program_reads_and_writes_the_vals_that_it_names() {
    let town = Town::start().await;
    let count = "export default (n) => { vals.at('a/n').value += n; return vals.get('a/n') }";
    for (values, expected) in [(r#"{"a/n":1}"#, "3"), (r#"{"a/n":40}"#, "42")] {
        let outcome = town.runtime.run(with_vals(count, values, "[2]")).await;
        let written = format!(r#"[["a/n",{expected}]]"#);
        assert_eq!(
            shown(&outcome),
            (expected.to_owned(), Some(written.as_str()))
        );
    }
    let calls = "export default (n) => [vals.get('a/twice')(n), vals.get('a/none') ?? null]";
    let outcome = town.runtime.run(with_vals(calls, "{}", "[21]")).await;
    assert_eq!(shown(&outcome), ("[42,null]".to_owned(), None));
    town.stop().await;
}

#[tokio::test]
async fn a_run_that_fails_writes_nothing() {
    let town = Town::start().await;
    for (code, expected) in [
        (
            "export default () => { vals.at('a/n').value = 1; throw new Error('no') }",
            "! Error: no",
        ),
        (
            "export default () => { vals.at('a/n').value = 1; return 1n }",
            "! the value at `$` is not JSON: it is a BigInt; use a string or a number",
        ),
        (
            "export default () => { vals.at('a/n').value = 'x'.repeat(9 << 20) }",
            "! TypeError: The values that the run sets are too large",
        ),
        (
            "export default () => { vals.at('a/id').value = 1 }",
            "! TypeError: @a/id is a program, and cannot be set",
        ),
    ] {
        let outcome = town.runtime.run(with_vals(code, "{}", "[]")).await;
        assert_eq!(shown(&outcome), (expected.to_owned(), None));
    }
    town.stop().await;
}

#[tokio::test]
async fn a_value_may_be_looked_at_without_a_call() {
    let town = Town::start().await;
    for (code, expected) in [
        ("export default { a: [1] }", r#"{"a":[1]}"#),
        (
            "export default () => { throw new Error('called') }",
            "undefined",
        ),
        ("export default class {}", "undefined"),
        (
            "export default await Promise.resolve(vals.get('a/n') + 1)",
            "2",
        ),
    ] {
        let job = with_vals(code, r#"{"a/n":1}"#, NOT_CALLED);
        assert_eq!(show(&town.runtime.run(job).await), expected, "{code}");
    }
    town.stop().await;
}

/// Answers with what it was asked for, each time.
#[derive(Debug)]
struct Echo;

impl Host for Echo {
    fn call(&self, operation: String, args: Box<RawValue>, _: Option<String>) -> Calling {
        Box::pin(async move {
            match operation.as_str() {
                "nothing" => Ok(None),
                "fail" => Err(CallError {
                    name: "RangeError".to_owned(),
                    message: "too much".to_owned(),
                    code: "SOME_CODE".to_owned(),
                }),
                "never" => std::future::pending().await,
                _ => Ok(Some(format!(r#"["{operation}",{args}]"#))),
            }
        })
    }
}

fn asking(code: &str) -> Job {
    let reach = "const { call } = globalThis[Symbol.for('thorp.town')];";
    Job {
        host: Some(Arc::new(Echo)),
        ..call(&format!("{reach} {code}"), "[]")
    }
}

#[tokio::test]
async fn a_program_asks_its_host() {
    let town = Town::start().await;
    for (code, expected) in [
        (
            "export default () => Promise.all([call('a', [1]), call('nothing', []), call('b', ['x'])])",
            r#"[["a",[1]],null,["b",["x"]]]"#,
        ),
        (
            "export default () => call('fail', []).catch((e) => [e instanceof Error, e.name, e.message, e.code])",
            r#"[true,"RangeError","too much","SOME_CODE"]"#,
        ),
        ("export default () => { call('never', []); return 7 }", "7"),
        (
            "export default () => call('a', ['x'.repeat(3 << 20)])",
            "! TypeError: The arguments are too large",
        ),
    ] {
        for _ in 0..2 {
            assert_eq!(
                show(&town.runtime.run(asking(code)).await),
                expected,
                "{code}"
            );
        }
    }
    let alone = Job {
        host: None,
        ..asking("export default () => call('a', []).catch((e) => e.code)")
    };
    assert_eq!(show(&town.runtime.run(alone).await), r#""NOT_AVAILABLE""#);
    town.stop().await;
}

#[tokio::test]
async fn calls_are_bounded() {
    let town = Town::start().await;
    let open = "export default async () => {
        for (let i = 0; i < 64; i++) call('never', []);
        return await call('a', []).catch((e) => e.message);
    }";
    assert_eq!(
        show(&town.runtime.run(asking(open)).await),
        r#""64 calls of the town are open at a time""#
    );
    let many = "export default async () => {
        for (let i = 0; i < 10_000; i++) await call('nothing', []);
        return await call('a', []).catch((e) => e.message);
    }";
    assert_eq!(
        show(&town.runtime.run(asking(many)).await),
        r#""a run makes at most 10000 calls of the town""#
    );
    town.stop().await;
}

/// Wants the run no more when it is asked something.
#[derive(Debug, Default)]
struct Leaver(Arc<Notify>);

impl Host for Leaver {
    fn call(&self, _: String, _: Box<RawValue>, _: Option<String>) -> Calling {
        self.0.notify_one();
        Box::pin(std::future::pending())
    }

    fn abandoned(&self) -> Abandoned {
        let gone = Arc::clone(&self.0);
        Box::pin(async move { gone.notified().await })
    }
}

#[tokio::test]
async fn a_run_that_nobody_wants_ends_with_what_it_had_logged() {
    let town = Town::start().await;
    let job = Job {
        host: Some(Arc::new(Leaver::default())),
        ..asking("export default async () => { console.log('begun'); await call('a', []) }")
    };
    let outcome = town.runtime.run(job).await;
    assert!(
        matches!(&outcome.result, Err(Failure::WorkerLost { reason }) if reason == "the run that called it ended"),
        "{outcome:?}"
    );
    assert_eq!(outcome.logs[0].text, "begun");
    town.stop().await;
}

#[tokio::test]
async fn promises_inside_of_a_value_are_waited_for_if_the_program_says_so() {
    let town = Town::start().await;
    let code = "const later = async (x) => x;
        export default () => ({ a: later(1), b: [later({ c: later(2) })] })";
    for (awaits_inside, expected) in [
        (true, r#"{"a":1,"b":[{"c":2}]}"#),
        (false, r#"{"a":{},"b":[{}]}"#),
    ] {
        let Program::Module(program) = call(code, "[]").program else {
            panic!("it is a module");
        };
        let program = ModuleProgram {
            awaits_inside,
            ..program.as_ref().clone()
        };
        let job = Job {
            program: Program::Module(Arc::new(program)),
            worker: None,
            ..call(code, "[]")
        };
        assert_eq!(show(&town.runtime.run(job).await), expected);
    }
    town.stop().await;
}

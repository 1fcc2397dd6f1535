//! The code of other users in the realm of one: what they share, and what a foreign val gets.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use support::{Town, logs, show};

const LIB: &str = r#"
var thorpExports = (() => {
  class Point { constructor(x) { this.x = x; } }
  let count = 0;
  return {
    Point,
    add: (a, b) => a + b,
    bigger: (set) => new Set([...set, "bob"]),
    answer: (text) => new Response(text, { headers: { "x-bob": "1" } }),
    counter: () => ++count,
    map: (list, call) => list.map(call),
    later: async (value) => { await new Promise((resolve) => setTimeout(resolve, 1)); return value; },
    items: function* () { yield 1; yield 2; },
    fail: () => { throw new RangeError("bob's"); },
    env: () => [Deno.env.get("SECRET"), process.env.SECRET],
    file: () => Deno.readTextFileSync("/etc/passwd"),
    say: () => console.log("hello", { a: 1 }),
    default: "the default",
  };
})();
"#;
const EXPORTS: &[&str] = &[
    "Point", "add", "bigger", "answer", "counter", "map", "later", "items", "fail", "env", "file",
    "say", "default",
];

async fn ask(town: &Town, body: &str) -> (String, String) {
    let code = format!(
        "import * as bob from './thorp-foreign/@bob/lib.js'; export default async () => {{ {body} }}"
    );
    let outcome = town
        .with_foreign(&code, &[("@bob/lib", LIB, EXPORTS)])
        .await;
    (show(&outcome), logs(&outcome))
}

#[tokio::test]
async fn values_of_any_kind_are_shared_with_a_foreign_val() {
    let town = Town::start().await;
    for (body, expected) in [
        ("return bob.add(1, 2)", "3"),
        ("return bob.default", "\"the default\""),
        ("return new bob.Point(3) instanceof bob.Point", "true"),
        ("return [...bob.bigger(new Set(['a']))]", "[\"a\",\"bob\"]"),
        ("return bob.bigger(new Set()) instanceof Set", "true"),
        (
            "const r = bob.answer('x'); return [r instanceof Response, await r.text(), r.headers.get('x-bob')]",
            "[true,\"x\",\"1\"]",
        ),
        ("return [bob.counter(), bob.counter()]", "[1,2]"),
        (
            "let sum = 0; bob.map([1, 2], (n) => sum += n); return sum",
            "3",
        ),
        ("return await bob.later('x')", "\"x\""),
        ("return [...bob.items()]", "[1,2]"),
        (
            "try { bob.fail() } catch (e) { return [e instanceof RangeError, e.message] }",
            "[true,\"bob's\"]",
        ),
        ("bob.fail()", "! RangeError: bob's"),
        (
            "class Mine extends bob.Point { y = 1 } return new Mine(2)",
            "{\"x\":2,\"y\":1}",
        ),
    ] {
        assert_eq!(ask(&town, body).await.0, expected, "{body}");
    }
    town.stop().await;
}

#[tokio::test]
async fn what_a_foreign_val_is_denied_is_told() {
    let town = Town::start().await;
    let code = "import * as bob from './thorp-foreign/@bob/lib.js'; export default () => bob.env().concat(bob.env())";
    let outcome = town.with_foreign(code, &[("@bob/lib", LIB, EXPORTS)]).await;
    assert_eq!(show(&outcome), "[null,null,null,null]");
    let denied: Vec<_> = outcome
        .denied
        .iter()
        .map(|denied| (denied.val.as_str(), denied.asked.as_str(), denied.line))
        .collect();
    assert_eq!(
        denied,
        [
            ("@bob/lib", "Deno.env.get(\"SECRET\")", Some(15)),
            ("@bob/lib", "process.env.SECRET", Some(15)),
        ]
    );
    let (value, _) = ask(&town, "bob.file()").await;
    assert_eq!(
        value,
        "! PermissionDenied: Deno.readTextFileSync is not available to imported code; pass it as an argument, or use api()"
    );
    let (_, logs) = ask(&town, "bob.say()").await;
    assert_eq!(logs, "log: @bob/lib: hello { a: 1 }\n");
    town.stop().await;
}

#[tokio::test]
async fn a_stack_shows_the_lines_of_both() {
    let town = Town::start().await;
    let outcome = town
        .with_foreign(
            "import { fail } from './thorp-foreign/@bob/lib.js';\nexport default () => {\n  fail();\n}",
            &[("@bob/lib", LIB, EXPORTS)],
        )
        .await;
    let Err(thorp_runtime::Failure::Thrown { stack, .. }) = &outcome.result else {
        panic!("{outcome:?}");
    };
    let stack = stack.clone().unwrap_or_default();
    assert!(
        stack.contains("file:///val/@bob/lib:14:") && stack.contains("file:///val/main.js:3:"),
        "{stack}"
    );
    assert!(!stack.contains("hardened.ts"), "{stack}");
    town.stop().await;
}

#[tokio::test]
async fn the_owner_has_all_of_deno_and_node_beside_a_foreign_val() {
    let town = Town::start().await;
    for (body, expected) in [
        ("return typeof Deno.serve", "\"function\""),
        ("return (await import('node:os')).platform()", "\"linux\""),
        (
            "return (await import('node:path')).resolve('/a', 'b')",
            "\"/a/b\"",
        ),
        (
            "return (await import('node:crypto')).randomBytes(8).length",
            "8",
        ),
        (
            "const { EventEmitter } = await import('node:events'); const e = new EventEmitter(); \
             let n = 0; for (let i = 0; i < 20; i++) e.on('x', () => n++); e.emit('x'); return n",
            "20",
        ),
        (
            "return (await import('node:zlib')).gzipSync('a').length > 0",
            "true",
        ),
        (
            "const { AsyncLocalStorage } = await import('node:async_hooks'); \
             const s = new AsyncLocalStorage(); return s.run(1, () => s.getStore())",
            "1",
        ),
        ("return Buffer.from('abc').toString('base64')", "\"YWJj\""),
        ("return (1234.5).toLocaleString('de')", "\"1.234,5\""),
        ("return [Date.now() > 0, Math.random() < 1]", "[true,true]"),
        (
            "class Mine extends Headers { get(name) { return `<${super.get(name)}>` } } \
             return new Mine({ a: 'b' }).get('a')",
            "\"<b>\"",
        ),
    ] {
        assert_eq!(ask(&town, body).await.0, expected, "{body}");
    }
    town.stop().await;
}

/// The file of the owner, whose values the attacks get.
const OWNER: &str = include_str!("../../../guest/attack/owner.js");
const ATTACKS: &str = include_str!("../../../guest/attack/attacks.js");
const AUDIT: &str = include_str!("../../../guest/attack/audit.js");
const COMPARE: &str = include_str!("../../../guest/attack/compare.js");

#[tokio::test]
async fn no_attack_of_a_foreign_val_gets_anything_in_the_jail() {
    let town = Town::start().await;
    let code = format!(
        "import * as attacks from './thorp-foreign/@bob/lib.js';\n{OWNER}\n\
         export default () => attackAll(attacks, import.meta.url);"
    );
    let outcome = town
        .with_foreign(&code, &[("@bob/lib", ATTACKS, &["names", "run"])])
        .await;
    let value: serde_json::Value = serde_json::from_str(&show(&outcome)).unwrap();
    assert_eq!(value["got"], serde_json::json!([]), "{}", logs(&outcome));
    assert!(value["count"].as_u64() > Some(80), "{value}");
    town.stop().await;
}

#[tokio::test]
async fn nothing_that_foreign_vals_share_can_be_changed_in_the_jail() {
    // The audit keeps all that it finds, twice.
    let town = Town::with(|config| config.pool.memory_bytes = 1 << 30).await;
    let code = format!(
        "import 'node:http'; import 'node:perf_hooks'; import 'node:worker_threads'; import 'node:stream/web';\n\
         import {{ walk as one }} from './thorp-foreign/@a/one.js';\n\
         import {{ walk as other }} from './thorp-foreign/@b/other.js';\n{COMPARE}\n\
         export default async () => {{\n\
         for (const name of ['unhandledrejection', 'error']) {{\n\
           addEventListener(name, (event) => {{ event.preventDefault(); event.stopImmediatePropagation(); }}, true);\n\
         }}\n\
         for (const name of Object.keys(console)) if (typeof console[name] === 'function') console[name] = () => {{}};\n\
         const is = (value) => value === globalThis;\n\
         const [a, b] = [await one([], is), await other([], is)];\n\
         return {{ open: openings(a.found, b.found, [['global', globalThis]]), objects: a.found.size }};\n\
         }}"
    );
    let outcome = town
        .with_foreign(
            &code,
            &[("@a/one", AUDIT, &["walk"]), ("@b/other", AUDIT, &["walk"])],
        )
        .await;
    let value: serde_json::Value = serde_json::from_str(&show(&outcome))
        .unwrap_or_else(|_| panic!("{} {}", show(&outcome), logs(&outcome)));
    assert_eq!(value["open"], serde_json::json!([]));
    assert!(value["objects"].as_u64() > Some(5_000), "{value}");
    town.stop().await;
}

#[tokio::test]
async fn what_foreign_code_asks_of_the_town_is_marked_and_sees_only_what_all_may() {
    const ASKS: &str = r#"
var thorpExports = (() => {
  const { me, val, api, email } = thorp.std("bob");
  const vals = thorp.vals("bob");
  thorp.names({ "alice/own": "Own" });
  return {
    read: () => [vals.get("alice/open"), vals.get("alice/own"), vals.secret("x"), vals.secretOf("alice", "x")],
    write: () => { vals.at("alice/open").value = 2; vals.at("alice/open", "a").delete(); return vals.mutate("alice/list", [], "push", [1]); },
    ask: async () => [await val("@alice/open"), await me.get("total"), await api("@carol/f", 1)],
    set: async () => { await me.set("total", 1); await me.delete("total"); return await me.update("total", () => 7); },
    mail: () => console.email("hello"),
  };
})();
"#;
    let town = Town::start().await;
    let (asked, told) = std::sync::mpsc::channel();
    let run = async |body: &str| {
        let code = format!(
            "import * as bob from './thorp-foreign/@bob/lib+1.js'; export default () => bob.{body}()"
        );
        let exports: &[&str] = &["read", "write", "ask", "set", "mail"];
        let sight = thorp_runtime::Sight {
            values: Some(r#"{"alice/own":"own"}"#.to_owned()),
            foreign: Some(r#"{"alice/open":1,"alice/list":[0]}"#.to_owned()),
            ..thorp_runtime::Sight::default()
        };
        let host = std::sync::Arc::new(Marks(asked.clone()));
        let job = support::foreign_job(&code, &[("@bob/lib+1", ASKS, exports)]);
        let outcome = town
            .runtime
            .run(thorp_runtime::Job {
                sight,
                host: Some(host),
                ..job
            })
            .await;
        let denied: Vec<String> = outcome
            .denied
            .iter()
            .map(|denied| denied.asked.clone())
            .collect();
        (show(&outcome), denied.join(" "))
    };
    let (value, denied) = run("read").await;
    assert_eq!(value, "[1,null,null,null]");
    assert_eq!(denied, "@alice.Own @bob.secrets.x @alice.secrets.x");
    let (value, denied) = run("write").await;
    assert_eq!(value, "2");
    assert_eq!(
        denied,
        "@alice.open = … delete @alice.open[\"a\"] @alice.list.push(…)"
    );
    let (value, denied) = run("ask").await;
    assert_eq!(value, r#"[1,null,"answer"]"#);
    assert_eq!(denied, "@bob.total");
    let (value, denied) = run("set").await;
    assert_eq!(value, "7");
    assert_eq!(
        denied,
        "@bob.total = … delete @bob.total @bob.total = … @bob.total"
    );
    assert_eq!(run("mail").await.0, "undefined");
    let calls: Vec<String> = told.try_iter().collect();
    assert_eq!(
        calls,
        [
            r#"@bob/lib value ["bob/total"]"#,
            r#"@bob/lib api ["carol/f",[1]]"#,
            r#"@bob/lib value ["bob/total"]"#,
            r#"@bob/lib email ["hello"]"#,
        ]
    );
    town.stop().await;
}

/// Says who asked for what.
#[derive(Debug)]
struct Marks(std::sync::mpsc::Sender<String>);

impl thorp_runtime::Host for Marks {
    fn call(
        &self,
        operation: String,
        args: Box<serde_json::value::RawValue>,
        foreign: Option<String>,
    ) -> thorp_runtime::Calling {
        let by = foreign.unwrap_or_default();
        self.0.send(format!("{by} {operation} {args}")).unwrap();
        let answer = (operation == "api").then(|| "\"answer\"".to_owned());
        Box::pin(std::future::ready(Ok(answer)))
    }
}

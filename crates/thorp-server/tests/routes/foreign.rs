//! Programs that use the code of other users: what they share, what the code gets, and that nobody's edit changes it.

use serde_json::{Value, json};
use thorp_testkit::{Reply, TestTown};

fn eval(town: &TestTown, token: &str, code: &str) -> Reply {
    town.post("/v1/eval", token, &json!({ "code": code }).to_string())
}

fn check(town: &TestTown, token: &str, code: &str, expected: &str) {
    let reply = eval(town, token, code);
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (200, expected),
        "{code}"
    );
}

fn save(town: &TestTown, token: &str, id: &str, code: &str) -> Value {
    let body = json!({ "code": code }).to_string();
    let path = format!("/v1/vals/{id}/versions");
    town.post(&path, token, &body).expect(201)
}

fn set_secret(town: &TestTown, token: &str, name: &str, value: &str) {
    let path = format!("/v1/secrets/{name}");
    let body = json!({ "value": value }).to_string();
    let asked = town.ask("PUT", &path).token(token).json(&body);
    assert!(asked.send().status < 300);
}

/// What foreign code was denied in a run: its name, the line and what it asked for.
fn denied(town: &TestTown, token: &str, reply: &Reply) -> Vec<String> {
    let path = format!("/v1/runs/{}", reply.header("x-thorp-run"));
    let run = town.get(&path, token).expect(200);
    let denied = run["denied"].as_array().unwrap();
    let message = |one: &Value| one["message"].as_str().unwrap().to_owned();
    denied.iter().map(message).collect()
}

const LIB: &str = "export class Point { constructor(public x: number) {} }
export const add = (a: number, b: number) => a + b;
export const settings = { deep: [1, 2] };
export const bigger = (set: Set<string>) => new Set([...set, 'bob']);
export const answer = (text: string) => new Response(text, { headers: { 'x-bob': '1' } });
export const each = (list: number[], call: (n: number) => number) => list.map(call);
export async function later(value: unknown) { await new Promise((done) => setTimeout(done, 1)); return value }
export function* items() { yield 1; yield 2 }
export const fail = () => {
  throw new RangeError('of bob');
};
export default (name: string) => `hello ${name}`;
";

#[test]
fn code_of_another_user_is_imported_and_values_of_any_kind_are_shared() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("Bob"));
    let _ = town.add_val(&bob, "Lib", "public", LIB);
    for (body, expected) in [
        ("add(1, 2)", "3"),
        ("hello('alice')", "\"hello alice\""),
        ("settings", r#"{"deep":[1,2]}"#),
        ("new Point(3) instanceof Point", "true"),
        ("[...bigger(new Set(['a']))]", r#"["a","bob"]"#),
        ("bigger(new Set()) instanceof Set", "true"),
        ("answer('x') instanceof Response", "true"),
        ("await answer('x').text()", "\"x\""),
        (
            "(() => { let sum = 0; each([1, 2], (n) => sum += n); return sum })()",
            "3",
        ),
        ("await later({ a: 1 })", r#"{"a":1}"#),
        ("[...items()]", "[1,2]"),
        (
            "(() => { try { fail() } catch (e) { return [e instanceof RangeError, e.message] } })()",
            "[true,\"of bob\"]",
        ),
        (
            "(() => { class Mine extends Point { y = 1 } return new Mine(2) })()",
            r#"{"x":2,"y":1}"#,
        ),
    ] {
        let code = format!(
            "import hello, {{ Point, add, settings, bigger, answer, each, later, items, fail }} from 'val:bob/lib';
            export default {body}"
        );
        check(&town, &alice, &code, expected);
    }
    // The stack shows the lines of both as they were written.
    let reply = eval(
        &town,
        &alice,
        "import { fail } from 'val:bob/lib';\nexport default () => fail()",
    );
    let stack = reply.expect(502)["error"]["stack"].to_string();
    assert!(stack.contains("@bob/lib/main.tsx:10:9"), "{stack}");
    assert!(stack.contains("eval:2:22"), "{stack}");
    // Saved programs and workers that have loaded them.
    let _ = town.add_val(
        &alice,
        "main",
        "private",
        "import { add } from 'val:bob/lib'; let calls = 0; export default (n: number) => [add(n, 1), ++calls]",
    );
    let run = |args: &str| town.post("/v1/run/alice.main", &alice, args).body;
    assert_eq!(run("[1]"), "[2,1]");
    assert_eq!(run("[2]"), "[3,2]");
    // Whoever has no token may read what is public, too.
    check(
        &town,
        "",
        "import { add } from 'val:bob/lib'; export default add(1, 2)",
        "3",
    );
}

#[test]
fn code_of_another_user_is_named_in_the_classic_dialect() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town.add_val(
        &bob,
        "twice",
        "public",
        "let twice = (n: number) => @me.factor * @bob.id(n)",
    );
    let _ = town.add_val(&bob, "id", "unlisted", "let id = (n: number) => n");
    let factor = town.add_val(&bob, "factor", "public", "let factor = 2");
    let _ = town.add_val(&bob, "hidden", "private", "let hidden = () => 1");
    check(&town, &alice, "@bob.twice(21)", "42");
    check(&town, &alice, "[1, 2].map(@bob.twice)", "[2,4]");
    check(&town, &alice, "typeof @bob.hidden", "\"undefined\"");
    check(
        &town,
        &alice,
        "import { val } from 'thorp:std'; export default (await val('@bob/twice'))(4)",
        "8",
    );
    let _ = town.add_val(
        &alice,
        "main",
        "private",
        "let main = (n: number) => @bob.twice(n)",
    );
    let run = || town.post("/v1/run/alice.main", &alice, "[3]").body;
    assert_eq!(run(), "6");
    // Values are live, also for a worker that has loaded the code.
    save(&town, &bob, &factor, "let factor = 10");
    assert_eq!(run(), "30");
    // What is private is as what is not there.
    for name in ["hidden", "none"] {
        let code = format!("import x from 'val:bob/{name}'; export default x");
        let refused = eval(&town, &alice, &code).expect(422);
        assert_eq!(
            refused["error"]["message"],
            format!("eval:1 names `@bob/{name}`, and there is no such val")
        );
    }
}

#[test]
fn a_saved_program_keeps_other_peoples_code_as_it_was() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let lib = town.add_val(
        &bob,
        "lib",
        "public",
        "export const f = () => 'first'; export const g = 1",
    );
    let named = town.add_val(&bob, "named", "public", "let named = () => 'first'");
    let code = "import { f } from 'val:bob/lib'; import { f as old } from 'val:bob/lib@0';
        export default () => [f(), old()]";
    let main = town.add_val(&alice, "main", "private", code);
    let classic = town.add_val(
        &alice,
        "classic",
        "private",
        "let classic = () => @bob.named()",
    );
    let run = |name: &str| {
        town.post(&format!("/v1/run/alice.{name}"), &alice, "[]")
            .body
    };
    assert_eq!(
        (run("main"), run("classic")),
        (r#"["first","first"]"#.into(), "\"first\"".into())
    );
    let pinned = town.get(&format!("/v1/vals/{main}"), &alice).expect(200);
    assert_eq!(
        pinned["dependencies"],
        json!([
            { "specifier": "val:bob/lib", "resolved": "@bob/lib@0" },
            { "specifier": "val:bob/lib@0", "resolved": "@bob/lib@0" },
        ])
    );
    save(
        &town,
        &bob,
        &lib,
        "export const f = () => 'second'; export const g = 1",
    );
    save(&town, &bob, &named, "let named = () => 'second'");
    assert_eq!(
        (run("main"), run("classic")),
        (r#"["first","first"]"#.into(), "\"first\"".into())
    );
    check(&town, &alice, "@bob.named()", "\"second\"");
    // Saving again takes what is there now, and so does restoring.
    save(&town, &alice, &main, code);
    assert_eq!(run("main"), r#"["second","first"]"#);
    let path = format!("/v1/vals/{classic}/versions/0/restore");
    let restored = town.post(&path, &alice, "{}").expect(201);
    assert_eq!(restored["dependencies"][0]["resolved"], "@bob/named@1");
    assert_eq!(run("classic"), "\"second\"");
    // What is taken away stays where it is in use; nobody new gets it.
    let _ = town.delete(&format!("/v1/vals/{lib}"), &bob);
    let _ = town.patch(
        &format!("/v1/vals/{named}"),
        &bob,
        r#"{"privacy": "private"}"#,
    );
    assert_eq!(
        (run("main"), run("classic")),
        (r#"["second","first"]"#.into(), "\"second\"".into())
    );
    check(&town, &alice, "typeof @bob.named", "\"undefined\"");
    // A new val of that name is other code.
    let _ = town.add_val(&bob, "lib", "public", "export const f = () => 'third'");
    assert_eq!(run("main"), r#"["second","first"]"#);
    let town = town.restart_with(|_| {});
    let run = |name: &str| {
        town.post(&format!("/v1/run/alice.{name}"), &alice, "[]")
            .body
    };
    assert_eq!(run("main"), r#"["second","first"]"#);
}

#[test]
fn what_became_a_program_later_is_none_for_a_saved_one() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let rate = town.add_val(&bob, "rate", "public", "let rate = 2");
    let _ = town.add_val(
        &alice,
        "named",
        "private",
        "let named = () => typeof @bob.rate",
    );
    let import = "import rate from 'val:bob/rate'; export default () => typeof rate";
    let main = town.add_val(&alice, "main", "private", import);
    let run = |name: &str| town.post(&format!("/v1/run/alice.{name}"), &alice, "[]");
    assert_eq!(
        (run("named").body, run("main").body),
        ("\"number\"".into(), "\"number\"".into())
    );
    save(&town, &bob, &rate, "export default () => 3");
    let failed = run("named").expect(502);
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(
        message.ends_with("became a program after the save"),
        "{failed}"
    );
    check(&town, &alice, "typeof @alice.named", "\"function\"");
    let refused = run("main").expect(422);
    let hint = refused["error"]["hint"].as_str().unwrap();
    assert!(hint.starts_with("save it again"), "{refused}");
    save(&town, &alice, &main, import);
    assert_eq!(run("main").body, "\"function\"");
}

#[test]
fn imported_code_gets_nothing_of_its_caller_and_its_author_is_told_nothing() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    set_secret(&town, &alice, "openai", "secret of alice");
    set_secret(&town, &bob, "openai", "secret of bob");
    for (token, of) in [(&alice, "alice"), (&bob, "bob")] {
        let _ = town.add_val(
            token,
            "privateFoo",
            "private",
            &format!("let privateFoo = 'private {of}'"),
        );
        let _ = town.add_val(
            token,
            "publicFoo",
            "public",
            &format!("let publicFoo = 'public {of}'"),
        );
    }
    let _ = town.add_val(
        &bob,
        "lib",
        "public",
        "let lib = (key?: string) => [
  key,
  @me.secrets.openai,
  @alice.secrets.openai,
  @me.privateFoo,
  @alice.privateFoo,
  @me.publicFoo,
  @alice.publicFoo,
  Deno.env.get('openai') ?? process.env.openai,
]",
    );
    let _ = town.add_val(
        &alice,
        "main",
        "private",
        "let main = () => [@me.privateFoo, @me.secrets.openai.length, ...@bob.lib(@me.secrets.openai)]",
    );
    let reply = town.post("/v1/run/alice.main", &alice, "[]");
    assert_eq!(
        reply.json(),
        json!([
            "private alice",
            15,
            "secret of alice",
            null,
            null,
            null,
            null,
            "public bob",
            "public alice",
            null,
        ])
    );
    assert_eq!(
        denied(&town, &alice, &reply),
        [
            "`@bob/lib` line 3 asked for `@bob.secrets.openai`: denied",
            "`@bob/lib` line 4 asked for `@alice.secrets.openai`: denied",
            "`@bob/lib` line 5 asked for `@bob.privateFoo`: denied",
            "`@bob/lib` line 6 asked for `@alice.privateFoo`: denied",
            "`@bob/lib` line 9 asked for `Deno.env.get(\"openai\")`: denied",
            "`@bob/lib` line 9 asked for `process.env.openai`: denied",
        ]
    );
    let run = town
        .get(&format!("/v1/runs/{}", reply.header("x-thorp-run")), &alice)
        .expect(200);
    assert_eq!(run["denied"][0]["file"], "@bob/lib/main.tsx");
    // They are found among the runs.
    check(&town, &alice, "1", "1");
    let list = |filter: &str| {
        let runs = town
            .get(&format!("/v1/me/runs{filter}"), &alice)
            .expect(200);
        runs["data"].as_array().unwrap().len()
    };
    assert_eq!(
        (list("?denied=true"), list("?denied=false"), list("")),
        (1, 1, 2)
    );
    // As a program of its author's own, the same code has all of them.
    let own = eval(&town, &bob, "@me.lib()");
    assert_eq!(
        own.json(),
        json!([
            null,
            "secret of bob",
            null,
            "private bob",
            null,
            "public bob",
            "public alice",
            "secret of bob",
        ])
    );
    assert_eq!(denied(&town, &bob, &own), [""; 0]);
}

#[test]
fn imported_code_writes_nothing() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    for token in [&alice, &bob] {
        let _ = town.add_val(token, "total", "public", "let total = 1");
        let _ = town.add_val(token, "list", "public", "let list = [1]");
    }
    let _ = town.add_val(
        &bob,
        "classic",
        "public",
        "let classic = () => {
  @me.total = 2;
  @alice.total = 2;
  @me.list.push(2);
  @me.fresh = 1;
  delete @alice.list;
  return [@me.total, @alice.total, @me.list];
}",
    );
    let _ = town.add_val(
        &bob,
        "standard",
        "public",
        "import { me, val } from 'thorp:std';
export default async () => {
  await me.set('total', 2);
  await me.delete('list');
  return [await me.update('total', (n) => n + 1), await me.get('total'), await val('@alice/total')];
}",
    );
    let reply = eval(
        &town,
        &alice,
        "(() => { @me.total = 5; return @bob.classic() })()",
    );
    assert_eq!(reply.body, "[1,1,[1]]");
    assert_eq!(
        denied(&town, &alice, &reply),
        [
            "`@bob/classic` line 2 asked for `@bob.total = …`: denied",
            "`@bob/classic` line 3 asked for `@alice.total = …`: denied",
            "`@bob/classic` line 4 asked for `@bob.list.push(…)`: denied",
            "`@bob/classic` line 5 asked for `@bob.fresh = …`: denied",
            "`@bob/classic` line 6 asked for `delete @alice.list`: denied",
        ]
    );
    let reply = eval(
        &town,
        &alice,
        "import f from 'val:bob/standard'; export default await f()",
    );
    assert_eq!(reply.body, "[2,1,5]");
    check(
        &town,
        &alice,
        "[@me.total, @me.list, @bob.total, @bob.list]",
        "[5,[1],1,[1]]",
    );
    check(&town, &bob, "typeof @me.fresh", "\"undefined\"");
}

#[test]
fn code_that_is_reached_through_imported_code_is_imported_code() {
    let town = TestTown::start();
    let (alice, bob, carol) = (
        town.add_user("alice"),
        town.add_user("bob"),
        town.add_user("carol"),
    );
    for (token, of) in [(&alice, "alice"), (&bob, "bob"), (&carol, "carol")] {
        set_secret(&town, token, "key", &format!("secret of {of}"));
        let _ = town.add_val(token, "own", "private", &format!("let own = '{of}'"));
    }
    // From alice to bob to carol; `@me` is whoever wrote it.
    let deep = town.add_val(
        &carol,
        "deep",
        "public",
        "let deep = () => ['first', @me.secrets.key, @me.own, @alice.own, @me.open]",
    );
    let _ = town.add_val(&carol, "open", "public", "let open = 'open carol'");
    let _ = town.add_val(
        &bob,
        "middle",
        "public",
        "let middle = () => [@me.own, ...@carol.deep()]",
    );
    check(
        &town,
        &alice,
        "@bob.middle()",
        r#"[null,"first",null,null,null,"open carol"]"#,
    );
    // Carol's code is what it was when bob saved.
    save(&town, &carol, &deep, "let deep = () => ['second']");
    check(&town, &alice, "@bob.middle().length", "6");
    check(&town, &bob, "@me.middle()[1]", "\"first\"");
    check(&town, &alice, "@carol.deep()", "[\"second\"]");
    // From alice to bob to alice: her own function has nothing of hers there.
    let _ = town.add_val(
        &alice,
        "mine",
        "public",
        "let mine = () => [@me.secrets.key, @me.own, @me.seen]",
    );
    let _ = town.add_val(&alice, "seen", "public", "let seen = 'open alice'");
    let _ = town.add_val(
        &bob,
        "back",
        "public",
        "import { mine } from 'val:alice/mine'; export const back = () => mine()",
    );
    let reply = eval(
        &town,
        &alice,
        "import { back } from 'val:bob/back'; import { mine } from 'val:alice/mine'; export default [mine(), back()]",
    );
    assert_eq!(
        reply.json(),
        json!([
            ["secret of alice", "alice", "open alice"],
            [null, null, "open alice"]
        ])
    );
    assert_eq!(
        denied(&town, &alice, &reply),
        [
            "`@bob/back` line 1 asked for `@alice.secrets.key`: denied",
            "`@bob/back` line 1 asked for `@alice.own`: denied",
        ]
    );
}

#[test]
fn imported_code_calls_and_mails_without_its_callers_name() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town
        .patch("/v1/me", &alice, r#"{"email": "alice@example.com"}"#)
        .expect(200);
    let _ = town.add_val(&alice, "door", "private", "let door = () => 'only alice'");
    let _ = town.add_val(
        &bob,
        "open",
        "public",
        "let open = (n: number) => @me.secret + n",
    );
    let _ = town.add_val(&bob, "secret", "private", "let secret = 40");
    let _ = town.add_val(
        &bob,
        "lib",
        "public",
        "let lib = async () => {
  await console.email({ text: 'hello' }, 'Totals');
  return [
    await api(@bob.open, 2),
    await api(@alice.door).catch((error) => error.code),
    await api(@bob.lib2).catch((error) => error.code),
  ];
}",
    );
    let reply = eval(&town, &alice, "@bob.lib()");
    assert_eq!(reply.body, r#"[42,"NOT_FOUND","NOT_FOUND"]"#);
    let mails = town.get("/v1/me/emails", &alice).expect(200);
    assert_eq!(
        mails["data"][0]["subject"], "[by @bob/lib] Totals",
        "{mails}"
    );
    assert_eq!(mails["data"][0]["to"], "alice@example.com");
    // What alice calls herself has her name.
    check(&town, &alice, "api(@alice.door)", "\"only alice\"");
    // Nobody gets mail from a program of nobody's.
    let nobody = "(async () => await @bob.lib().catch((error) => error.code))";
    check(&town, "", nobody, "\"FORBIDDEN\"");
}

#[test]
fn what_imported_code_may_not_have_is_refused_or_told() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let bob_val = |name: &str, code: &str| town.add_val(&bob, name, "public", code);
    let _ = bob_val(
        "file",
        "export default () => Deno.readTextFileSync('/etc/passwd')",
    );
    let reply = eval(
        &town,
        &alice,
        "import f from 'val:bob/file'; export default () => f()",
    );
    assert_eq!(
        reply.expect(502)["error"]["message"],
        "Deno.readTextFileSync is not available to imported code; pass it as an argument, or use api()"
    );
    let _ = bob_val(
        "net",
        "import { connect } from 'node:net'; export default () => connect(1)",
    );
    let _ = bob_val(
        "private",
        "import x from 'val:bob/hidden'; export default () => x",
    );
    let _ = bob_val(
        "throws",
        "const key = Deno.env.get('KEY'); if (!key) throw new Error('no key'); export default () => key",
    );
    let _ = bob_val("waits", "export default await Promise.resolve(() => 1)");
    let _ = bob_val("broken", "export default (");
    for (name, why) in [
        (
            "net",
            "cannot run in another user's program: needs `node:net`, which is not available to imported code",
        ),
        (
            "private",
            "imports `@bob/hidden`, which is no val that everybody may read",
        ),
        (
            "throws",
            "does not load in another user's program: Error: no key",
        ),
        (
            "waits",
            "cannot run in another user's program: Top-level await",
        ),
        ("broken", "does not compile in version 0"),
    ] {
        let code = format!("\nimport f from 'val:bob/{name}'; export default () => f()");
        let body = json!({ "name": format!("uses_{name}"), "code": code }).to_string();
        let saved = town.post("/v1/vals", &alice, &body).expect(200);
        let found = &saved["diagnostics"][0];
        assert_eq!(
            (&found["code"], &found["line"]),
            (&json!("NOT_IMPORTABLE"), &json!(2)),
            "{saved}"
        );
        let message = found["message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("`@bob/{name}` {why}")),
            "{message}"
        );
        let hint = found["hint"].as_str().unwrap();
        assert!(hint.contains("api()") && hint.contains("fork"), "{hint}");
        let refused = town
            .post(&format!("/v1/run/alice.uses_{name}"), &alice, "[]")
            .expect(422);
        assert_eq!(refused["error"]["code"], "DOES_NOT_COMPILE");
        let refused = eval(&town, &alice, &code).expect(422);
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("eval:2 names `@bob/{name}`, which {why}")),
            "{message}"
        );
    }
}

#[test]
fn a_loop_in_imported_code_ends_that_run_alone() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town.add_val(
        &bob,
        "spin",
        "public",
        "export default (n: number) => { while (n > 0) {} return n }",
    );
    let _ = town.add_val(
        &alice,
        "main",
        "private",
        "import spin from 'val:bob/spin'; export default (n: number) => spin(n)",
    );
    std::thread::scope(|scope| {
        let spinning = scope.spawn(|| town.post("/v1/run/alice.main", &alice, "[1]"));
        for _ in 0..3 {
            assert_eq!(town.post("/v1/run/alice.main", &alice, "[0]").body, "0");
        }
        let ended = spinning.join().unwrap().expect(504);
        assert_eq!(ended["error"]["code"], "CPU_LIMIT");
    });
    assert_eq!(town.post("/v1/run/alice.main", &alice, "[0]").body, "0");
}

#[test]
fn files_of_another_users_val_are_imported_one_by_one() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let body = json!({
        "name": "lib",
        "privacy": "unlisted",
        "entry": "main.tsx",
        "files": [
            { "path": "main.tsx", "text": "import data from './data.json' with { type: 'json' }; export const twice = (n: number) => data.factor * n" },
            { "path": "deep/parse.ts", "text": "export const parse = (text: string) => text.split('')" },
            { "path": "data.json", "text": "{ \"factor\": 2 }" },
        ],
    });
    let _ = town.post("/v1/vals", &bob, &body.to_string()).expect(200);
    check(
        &town,
        &alice,
        "import { parse } from 'val:bob/lib@0/deep/parse.ts'; import { twice } from 'val:bob/lib'; export default [parse('ab'), twice(2)]",
        "[[\"a\",\"b\"],4]",
    );
    let refused = eval(
        &town,
        &alice,
        "import x from 'val:bob/lib/none.ts'; export default x",
    )
    .expect(422);
    assert_eq!(
        refused["error"]["message"],
        "eval:1 names `@bob/lib`, which has no such file"
    );
}

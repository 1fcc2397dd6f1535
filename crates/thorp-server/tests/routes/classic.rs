//! The classic dialect: `@user.val` wherever an expression can stand.

use serde_json::json;
use std::thread;
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

#[test]
fn vals_are_read_called_and_written() {
    let town = TestTown::start();
    let alice = town.add_user("Alice");
    let _ = town.add_val(
        &alice,
        "double",
        "private",
        "let double = (n: number) => 2 * n",
    );
    let _ = town.add_val(&alice, "list", "private", "let list = [1, 2]");
    for (code, expected) in [
        ("@me.double(21)", "42"),
        ("@alice.double(@me.list.length)", "4"),
        ("@me.list.map((n) => @me.double(n))", "[2,4]"),
        ("@me.none", "null"),
        ("typeof @me.none", "\"undefined\""),
        ("@me.dailyCount = 5", "5"),
        ("@me.dailyCount + 1", "6"),
        ("@me.dailyCount++", "5"),
        ("++@me.dailycount", "7"),
        ("@me.list.push(3)", "3"),
        ("@me.list", "[1,2,3]"),
        ("@me.state = { a: { b: [1] } }", r#"{"a":{"b":[1]}}"#),
        ("@me.state.a.b[1] = 'x'", "\"x\""),
        ("delete @me.state.a.b[0]", "true"),
        ("@me.state", r#"{"a":{"b":[null,"x"]}}"#),
        (
            "(() => { [@me.x, @me.y] = [1, 2]; return @me.x + @me.y })()",
            "3",
        ),
        (
            "(() => { @me.z = 1; @me.z = @me.z + 1; return @me.z })()",
            "2",
        ),
    ] {
        check(&town, &alice, code, expected);
    }
    let kept = town.get("/v1/alias/alice/dailyCount", &alice).expect(200);
    assert_eq!(kept["name"], "dailyCount");
    let text = kept["code"].as_str().unwrap();
    assert!(text.ends_with("\nlet dailyCount = 7\n"), "{text}");
    // What is a program stays one, and a run that fails writes nothing.
    let refused = eval(&town, &alice, "@me.double = 1").expect(502);
    let message = refused["error"]["message"].as_str().unwrap();
    assert_eq!(message, "@alice/double is a program, and cannot be set");
    let _ = eval(
        &town,
        &alice,
        "(() => { @me.dailyCount = 9; throw new Error('no') })()",
    )
    .expect(502);
    check(&town, &alice, "@me.dailyCount", "7");
    let frozen = eval(
        &town,
        &alice,
        "(() => { const list = @me.list; list.push(4) })()",
    )
    .expect(502);
    assert!(
        frozen["error"]["hint"].as_str().unwrap().contains("@me"),
        "{frozen}"
    );
}

#[test]
fn a_saved_program_sets_what_it_says() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(
        &alice,
        "count",
        "private",
        "let count = (n: number) => { @me.total = (@me.total ?? 0) + n; return @alice.shown(@me.total) }",
    );
    let _ = town.add_val(
        &alice,
        "shown",
        "private",
        "let shown = (n: number) => `#${n}`",
    );
    for expected in ["\"#2\"", "\"#4\"", "\"#6\""] {
        assert_eq!(
            town.post("/v1/run/alice.count", &alice, "[2]").body,
            expected
        );
    }
    let kept = town.get("/v1/alias/alice/total", &alice).expect(200);
    let text = kept["code"].as_str().unwrap();
    assert!(text.starts_with("// set by @alice/count at 20"), "{text}");
    assert_eq!(kept["version"], 2);
    check(&town, &alice, "@me.total", "6");
    // What a run has set is a val like any other.
    let id = kept["id"].as_str().unwrap();
    assert_eq!(town.post("/v1/run/alice.total", &alice, "[]").body, "6");
    let _ = town.post(
        &format!("/v1/vals/{id}/versions"),
        &alice,
        r#"{"code": "let total = 1"}"#,
    );
    assert_eq!(
        town.post("/v1/run/alice.count", &alice, "[2]").body,
        "\"#3\""
    );
}

#[test]
fn a_hundred_at_once_count_to_a_hundred() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(&alice, "n", "private", "let n = 0");
    let _ = town.add_val(&alice, "count", "private", "let count = () => @me.n++");
    thread::scope(|scope| {
        for _ in 0..10 {
            let _ = scope.spawn(|| {
                for _ in 0..10 {
                    let _ = town.post("/v1/run/alice.count", &alice, "[]").expect(200);
                }
            });
        }
    });
    check(&town, &alice, "@me.n", "100");
}

#[test]
fn other_peoples_vals_are_read_if_they_are_public() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town.add_val(&bob, "rate", "public", "let rate = { usd: 2 }");
    let _ = town.add_val(&bob, "own", "private", "let own = 1");
    let _ = town.add_val(&bob, "twice", "public", "let twice = (n: number) => 2 * n");
    let _ = town.add_val(&bob, "total", "public", "let total = 1");
    check(&town, &alice, "@bob.rate.usd", "2");
    check(&town, "", "@bob.rate.usd", "2");
    check(&town, &alice, "@bob.own", "null");
    check(&town, "", "@me.anything", "null");
    check(&town, &alice, "api(@bob.twice, 21)", "42");
    check(&town, &alice, "@bob.twice(1)", "2");
    let written = eval(&town, &alice, "@bob.total = 2").body;
    assert!(written.contains("error"), "{written}");
    check(&town, &bob, "@me.total", "1");
}

#[test]
fn who_waits_for_a_lock_of_its_caller_is_told() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(
        &alice,
        "inner",
        "private",
        "let inner = () => { @me.n = 2 }",
    );
    let _ = town.add_val(
        &alice,
        "outer",
        "private",
        "let outer = async () => { @me.n = 1; return await api(@me.inner).catch((e) => e.code) }",
    );
    let reply = town.post("/v1/run/alice.outer", &alice, "[]");
    assert_eq!(reply.body, "\"STATE_DEADLOCK\"");
    check(&town, &alice, "@me.n", "1");
}

#[test]
fn stacks_are_of_the_users_text() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(
        &alice,
        "fails",
        "private",
        "let fails = () => {\n  const n = @me.none;\n  throw new RangeError(`${n}`);\n}",
    );
    let reply = town.post("/v1/run/alice.fails", &alice, "[]").expect(502);
    let stack = reply["error"]["stack"].as_str().unwrap();
    assert!(stack.contains("@alice/fails/main.tsx:3:9"), "{stack}");
}

#[test]
fn a_val_that_is_not_there_is_called_as_the_text_calls_it() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town.add_val(&bob, "own", "private", "let own = () => 1");
    let failed = |code: &str| {
        let error = eval(&town, &alice, code).expect(502)["error"].clone();
        assert_eq!(error["name"], "TypeError", "{error}");
        let hint = error["hint"].as_str().unwrap_or_default().to_owned();
        assert!(hint.contains("private val is `undefined`"), "{error}");
        let stack = error["stack"].as_str().unwrap().to_owned();
        (error["message"].as_str().unwrap().to_owned(), stack)
    };
    let none = ": there is no such val";
    for (code, message) in [
        ("@nobody.f(1)", "@nobody.f is not a function"),
        ("@bob.own()", "@bob.own is not a function"),
        ("new @me.Thing()", "@me.Thing is not a constructor"),
        ("[...@me.list]", "@me.list is not iterable"),
        (
            "@me.missing.a.b",
            "Cannot read `a` of @me.missing, which is undefined",
        ),
        (
            "((key) => @me.missing[key])('x')",
            "Cannot read a property of @me.missing, which is undefined",
        ),
    ] {
        assert_eq!(failed(code).0, format!("{message}{none}"), "{code}");
    }
    let (_, stack) = failed("(() => {\n  return @nobody.f(1)\n})()");
    assert!(stack.contains("eval:2:10"), "{stack}");
    let _ = town.add_val(
        &alice,
        "calls",
        "private",
        "let calls = () => {\n  const n = 1;\n  return @nobody.f(n);\n}",
    );
    let reply = town.post("/v1/run/alice.calls", &alice, "[]").expect(502);
    let stack = reply["error"]["stack"].as_str().unwrap();
    assert!(stack.contains("@alice/calls/main.tsx:3:10"), "{stack}");
    check(
        &town,
        &alice,
        "[@nobody.f?.(), @nobody.x?.y]",
        "[null,null]",
    );
    let _ = town.add_val(&alice, "n", "private", "let n = 1");
    let data = eval(&town, &alice, "@me.n()").expect(502);
    assert_eq!(data["error"]["message"], "@me.n is not a function");
}

#[test]
fn secrets_are_those_of_the_author() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let set = |token: &str, value: &str| {
        let body = json!({ "value": value }).to_string();
        let _ = town
            .ask("PUT", "/v1/secrets/openai")
            .token(token)
            .json(&body)
            .send();
    };
    set(&alice, "secret of alice");
    check(&town, &alice, "@me.secrets.openai", "\"secret of alice\"");
    check(
        &town,
        &alice,
        "[@me.secrets.openai, @bob.secrets.openai, @me.secrets.none]",
        "[\"secret of alice\",null,null]",
    );
    check(&town, &bob, "@me.secrets.openai", "null");
    check(&town, "", "@me.secrets.openai", "null");
    let _ = town.add_val(
        &alice,
        "key",
        "private",
        "let key = () => @me.secrets.openai.length",
    );
    let _ = town.add_val(
        &alice,
        "open",
        "public",
        "let open = () => @me.key() + Deno.env.get('openai').length",
    );
    assert_eq!(town.post("/v1/run/alice.open", &bob, "[]").body, "30");
    // A worker that has loaded it does not keep the old one.
    set(&alice, "a new secret of alice");
    assert_eq!(town.post("/v1/run/alice.open", &bob, "[]").body, "42");
    // What is kept of a run, or as a value, is another thing than its answer.
    let reply = eval(&town, &alice, "@me.secrets.openai");
    assert_eq!(reply.body, "\"a new secret of alice\"");
    let path = format!("/v1/runs/{}", reply.header("x-thorp-run"));
    let kept = town.get(&path, &alice).expect(200).to_string();
    assert!(!kept.contains("new secret"), "{kept}");
}

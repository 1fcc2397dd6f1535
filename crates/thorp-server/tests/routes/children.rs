//! Runs that call others: which they were, and that these end with them. What a token without `write` may have evaluated.

use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};
use thorp_testkit::TestTown;

fn eval(town: &TestTown, token: &str, code: &str) -> thorp_testkit::Reply {
    town.post("/v1/eval", token, &json!({ "code": code }).to_string())
}

fn run_of(town: &TestTown, token: &str, id: &str) -> Value {
    town.get(&format!("/v1/runs/{id}"), token).expect(200)
}

#[test]
fn a_run_knows_whom_it_called() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town.add_val(
        &bob,
        "twice",
        "public",
        "export default (n: number) => 2 * n",
    );
    let reply = eval(
        &town,
        &alice,
        "[1, 2].map((n) => api(@bob.twice, n)).length && api(@bob.twice, api(@bob.twice, 3))",
    );
    assert_eq!(reply.body, "12");
    let parent = run_of(&town, &alice, reply.header("x-thorp-run"));
    let children: Vec<&str> = parent["childIds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    assert!(children.len() >= 2, "{parent}");
    let child = run_of(&town, &bob, children[0]);
    assert_eq!(child["parentId"], parent["id"]);
    assert_eq!(child["childIds"], json!([]));
}

#[test]
fn what_a_run_called_ends_with_it() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(
        &alice,
        "slow",
        "private",
        "import { me } from 'thorp:std';
        export default async (name: string) => {
            console.log('begun');
            await me.set(name, true);
            await new Promise((resolve) => setTimeout(resolve, 50_000));
        }",
    );
    let _ = town.add_val(
        &alice,
        "hasty",
        "private",
        "import { api, me } from 'thorp:std';
        export default async (name: string) => {
            api('@alice/slow', name);
            while (!await me.get(name)) await new Promise((resolve) => setTimeout(resolve, 5));
            return 'done';
        }",
    );
    let began = Instant::now();
    let reply = town.post("/v1/run/alice.hasty", &alice, r#"["begun"]"#);
    assert_eq!(reply.body, "\"done\"");
    let parent = reply.header("x-thorp-run").to_owned();
    let child = loop {
        let parent = run_of(&town, &alice, &parent);
        if let Some(child) = parent["childIds"][0].as_str() {
            break run_of(&town, &alice, child);
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it goes on");
        thread::yield_now();
    };
    assert_eq!(child["error"]["code"], "WORKER_LOST", "{child}");
    let message = child["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("the run that called it ended"),
        "{message}"
    );
    assert_eq!(child["logs"][0]["text"], "begun");
}

#[test]
fn who_may_not_write_has_nothing_evaluated_that_writes() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(&alice, "n", "private", "let n = 1");
    let _ = town.add_val(&alice, "count", "private", "let count = () => @me.n++");
    let made = town
        .post("/v1/tokens", &alice, r#"{"scopes": ["run"]}"#)
        .expect(201);
    let runner = made["token"].as_str().unwrap();
    assert_eq!(eval(&town, runner, "@me.n").body, "1");
    for code in [
        "@me.n = 5",
        "@me.count()",
        "delete @me.n",
        "import { me } from 'thorp:std'; export default me.set('n', 5)",
        "import { me } from 'thorp:std'; const name = 'n'; export default await me.set(name, 5)",
        "import { me } from 'thorp:std'; export default await me.update('n', () => 5)",
    ] {
        let refused = eval(&town, runner, code);
        assert!(
            refused.body.contains("the token may not"),
            "{code}: {}",
            refused.body
        );
        assert_eq!(eval(&town, &alice, "@me.n").body, "1", "{code}");
    }
    let refused = eval(&town, runner, "@me.n = 5").expect(403);
    assert_eq!(refused["error"]["code"], "FORBIDDEN");
    // What was saved by who may write does what it does.
    assert_eq!(town.post("/v1/run/alice.count", runner, "[]").body, "1");
    assert_eq!(eval(&town, runner, "api(@me.count)").body, "2");
    assert_eq!(eval(&town, &alice, "@me.n").body, "3");
}

#[test]
fn a_val_may_want_a_sandbox_of_its_own() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let val = town.add_val(
        &alice,
        "count",
        "private",
        "let n = 0; export default () => ++n",
    );
    let run = || town.post("/v1/run/alice.count", &alice, "[]").body;
    let path = format!("/v1/vals/{val}");
    assert_eq!(town.get(&path, &alice).expect(200)["isolation"], "warm");
    let fresh = town
        .patch(&path, &alice, r#"{"isolation": "fresh"}"#)
        .expect(200);
    assert_eq!(fresh["isolation"], "fresh");
    assert_eq!([run(), run(), run()], ["1", "1", "1"]);
    let _ = town
        .patch(&path, &alice, r#"{"isolation": "warm"}"#)
        .expect(200);
    assert_eq!([run(), run()], ["1", "2"]);
    let bad = town.patch(&path, &alice, r#"{"isolation": "none"}"#);
    assert_eq!(bad.status, 400);
}

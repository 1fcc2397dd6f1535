use serde_json::{Value, json};
use thorp_testkit::{Reply, TestTown};

fn evaluated(town: &TestTown, token: &str, code: &str) -> String {
    let reply = town.post("/v1/eval", token, &json!({ "code": code }).to_string());
    reply.header("x-thorp-run").to_owned()
}

fn save(town: &TestTown, token: &str, run: &str, body: &str) -> Reply {
    town.post(&format!("/v1/runs/{run}/save"), token, body)
}

#[test]
fn what_was_evaluated_becomes_a_val() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let run = evaluated(&town, &alice, "(n) => 2 * (n ?? 4)");
    let val = save(
        &town,
        &alice,
        &run,
        r#"{"name": "double", "privacy": "public"}"#,
    )
    .expect(200);
    assert_eq!(
        (&val["name"], &val["privacy"], &val["version"], &val["code"]),
        (
            &json!("double"),
            &json!("public"),
            &json!(0),
            &json!("(n) => 2 * (n ?? 4)")
        )
    );
    assert_eq!(town.post("/v1/run/alice.double", &alice, "[21]").body, "42");
    // The name is free to choose, but not one that is taken.
    let nameless = save(&town, &alice, &run, "").expect(200);
    assert!(
        nameless["name"].as_str().unwrap().starts_with("untitled_"),
        "{nameless}"
    );
    assert_eq!(nameless["privacy"], "private");
    let taken = save(&town, &alice, &run, r#"{"name": "Double"}"#).expect(409);
    assert_eq!(taken["error"]["code"], "NAME_TAKEN");
    assert_eq!(save(&town, &alice, &run, r#"{"name": "a b"}"#).status, 400);
    assert_eq!(save(&town, &alice, &run, r#"{"code": "1"}"#).status, 400);
}

#[test]
fn it_means_what_the_expression_meant() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(&alice, "rate", "private", "let rate = 3");
    for (at, (code, value)) in [
        ("1 + 1", "2"),
        ("{ a: 1 }", r#"{"a":1}"#),
        ("{}", "{}"),
        ("'use strict'", "\"use strict\""),
        ("[@me.rate, { b: @me.rate }]; // the end", r#"[3,{"b":3}]"#),
        ("function named(n = 2) { return n }", "2"),
        (
            "import rate from 'val:alice/rate'; export default rate + 1",
            "4",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let run = evaluated(&town, &alice, code);
        let val: Value = save(
            &town,
            &alice,
            &run,
            &json!({ "name": format!("v{at}") }).to_string(),
        )
        .expect(200);
        assert_eq!(val["runnable"], true, "{code}: {val}");
        let found = town.post(&format!("/v1/run/alice.v{at}"), &alice, "[]");
        assert_eq!(
            (found.status, found.body.as_str()),
            (200, value),
            "{code}: {}",
            val["code"]
        );
    }
}

#[test]
fn only_ones_own_evaluations_are_saved() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let run = evaluated(&town, &alice, "1");
    assert_eq!(save(&town, &bob, &run, "").status, 404);
    assert_eq!(save(&town, "", &run, "").status, 401);
    let made = town
        .post("/v1/tokens", &alice, r#"{"scopes": ["run", "read"]}"#)
        .expect(201);
    assert_eq!(
        save(&town, made["token"].as_str().unwrap(), &run, "").status,
        403
    );
    let _ = town.add_val(&alice, "f", "private", "export default () => 1");
    let of_val = town.post("/v1/run/alice.f", &alice, "[]");
    let refused = save(&town, &alice, of_val.header("x-thorp-run"), "").expect(400);
    assert_eq!(refused["error"]["code"], "BAD_REQUEST");
}

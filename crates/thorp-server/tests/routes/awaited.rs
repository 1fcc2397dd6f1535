//! Promises inside of what a program gives: the classic dialect waits for them, the standard one does not.

use serde_json::json;
use thorp_testkit::TestTown;

fn check(town: &TestTown, token: &str, code: &str, expected: &str) {
    let reply = town.post("/v1/eval", token, &json!({ "code": code }).to_string());
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (200, expected),
        "{code}"
    );
}

#[test]
fn what_a_classic_program_gives_has_no_promises_in_it() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(
        &alice,
        "later",
        "private",
        "let later = async (n: number) => n",
    );
    let _ = town.add_val(
        &alice,
        "both",
        "public",
        "let both = () => ({ a: @me.later(1), b: [@me.later(2), { c: @me.later([@me.later(3)]) }] })",
    );
    let _ = town.add_val(
        &alice,
        "standard",
        "public",
        "import { later } from 'val:alice/later'; export default () => ({ a: later(1), b: 2 })",
    );
    let expected = r#"{"a":1,"b":[2,{"c":[3]}]}"#;
    check(
        &town,
        &alice,
        "[@me.later(1), { a: @me.later(2) }]",
        r#"[1,{"a":2}]"#,
    );
    for _ in 0..2 {
        assert_eq!(town.post("/v1/run/alice.both", "", "[]").body, expected);
    }
    assert_eq!(
        town.post("/v1/run/alice.standard", "", "[]").body,
        r#"{"a":{},"b":2}"#
    );
    check(&town, &alice, "api(@me.both)", expected);
    check(&town, &alice, "({ a: Promise.resolve(1) })", r#"{"a":{}}"#);
    let failed = town.post(
        "/v1/eval",
        &alice,
        &json!({ "code": "[@me.later(1), Promise.reject(new RangeError('no'))]" }).to_string(),
    );
    assert_eq!(failed.expect(502)["error"]["name"], "RangeError");
}

#[test]
fn so_have_the_arguments_of_its_calls_and_the_values_that_are_saved() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(
        &alice,
        "later",
        "private",
        "let later = async (n: number) => n",
    );
    let _ = town.add_val(
        &alice,
        "same",
        "private",
        "export default (...args: unknown[]) => args",
    );
    check(
        &town,
        &alice,
        "api(@me.same, @me.later(1), { a: [@me.later(2)] }, 3)",
        r#"[1,{"a":[2]},3]"#,
    );
    let _ = town.add_val(
        &alice,
        "kept",
        "private",
        "let kept = { a: @me.later(1), b: [@me.later(2)] }",
    );
    check(&town, &alice, "@me.kept", r#"{"a":1,"b":[2]}"#);
}

use serde_json::json;
use thorp_testkit::{Reply, TestTown};
use thorp_town::limits::{
    SECRET_BYTES_MAX, SECRET_NAME_CHARS_MAX, SECRETS_MAX, SECRETS_SEALED_BYTES_MAX,
};

fn put(town: &TestTown, token: &str, name: &str, body: &str) -> Reply {
    town.ask("PUT", &format!("/v1/secrets/{name}"))
        .token(token)
        .json(body)
        .send()
}

#[test]
fn a_secret_is_made_changed_and_shared() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let made = put(&town, &alice, "KEY", r#"{"value": "first"}"#);
    insta::assert_snapshot!(town.shown(&made), @r#"
    200 {
      "createdAt": "[time]",
      "name": "KEY",
      "packages": false,
      "readable": true,
      "updatedAt": "[time]"
    }
    "#);
    assert_eq!(
        put(&town, &alice, "KEY", r#"{"packages": true}"#).expect(200)["packages"],
        true
    );
    let changed = put(&town, &alice, "KEY", r#"{"value": "second"}"#).expect(200);
    assert_eq!(changed["packages"], true);
    let value = town.post(
        "/v1/eval",
        &alice,
        r#"{"code": "[Deno.env.get('KEY'), process.env.KEY]"}"#,
    );
    assert_eq!(value.expect(200), json!(["second", "second"]));
}

#[test]
fn refusals() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let reader = town
        .post("/v1/tokens", &alice, r#"{"scopes": ["read", "run"]}"#)
        .text("token");
    let check = |token: &str, name: &str, body: &str, status: u16, code: &str| {
        let reply = put(&town, token, name, body);
        let found = reply.expect(status)["error"]["code"].clone();
        assert_eq!(found, code, "{name} {}", &body[..body.len().min(60)]);
    };
    let value = r#"{"value": "x"}"#;
    check("", "KEY", value, 401, "UNAUTHORIZED");
    check(&reader, "KEY", value, 403, "FORBIDDEN");
    check(&alice, "1KEY", value, 400, "NAME_INVALID");
    check(&alice, "a-b", value, 400, "NAME_INVALID");
    check(&alice, "a%00b", value, 400, "NAME_INVALID");
    check(&alice, "%C3%A9", value, 400, "NAME_INVALID");
    check(
        &alice,
        &"x".repeat(SECRET_NAME_CHARS_MAX + 1),
        value,
        400,
        "NAME_INVALID",
    );
    check(&alice, "KEY", "", 400, "BAD_REQUEST");
    check(&alice, "KEY", "{}", 400, "BAD_REQUEST");
    check(&alice, "KEY", r#"{"value": 1}"#, 400, "BAD_REQUEST");
    check(
        &alice,
        "KEY",
        r#"{"value": "x", "shared": true}"#,
        400,
        "BAD_REQUEST",
    );
    check(&alice, "KEY", r#"{"value": ""}"#, 400, "BAD_REQUEST");
    check(
        &alice,
        "KEY",
        r#"{"value": "a\u0000b"}"#,
        400,
        "BAD_REQUEST",
    );
    check(&alice, "KEY", r#"{"value": "x"#, 400, "BAD_JSON");
    check(&alice, "KEY", r#"{"packages": true}"#, 404, "NOT_FOUND");
    check(
        &alice,
        "NODE_OPTIONS",
        r#"{"value": "x", "packages": true}"#,
        400,
        "NAME_INVALID",
    );
    let large = json!({ "value": "x".repeat(SECRET_BYTES_MAX + 1) }).to_string();
    check(&alice, "KEY", &large, 413, "TOO_LARGE");
    let list = town.get("/v1/secrets", &alice).expect(200);
    assert_eq!(list["data"], json!([]), "a refusal leaves nothing");
}

#[test]
fn there_are_so_many_and_so_large_secrets() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    for number in 0..SECRETS_MAX {
        assert_eq!(
            put(&town, &alice, &format!("K{number}"), r#"{"value": "x"}"#).status,
            200
        );
    }
    assert_eq!(
        put(&town, &alice, "MORE", r#"{"value": "x"}"#).expect(413)["error"]["code"],
        "TOO_LARGE"
    );
    assert_eq!(put(&town, &alice, "K0", r#"{"value": "y"}"#).status, 200);
    let large = json!({ "value": "x".repeat(SECRET_BYTES_MAX) }).to_string();
    let fit = SECRETS_SEALED_BYTES_MAX / (SECRET_BYTES_MAX as u64 + 40);
    for number in 0..fit {
        assert_eq!(put(&town, &bob, &format!("K{number}"), &large).status, 200);
    }
    assert_eq!(
        put(&town, &bob, "MORE", &large).expect(413)["error"]["code"],
        "TOO_LARGE"
    );
    assert_eq!(put(&town, &bob, "SMALL", r#"{"value": "x"}"#).status, 200);
}

use thorp_testkit::TestTown;

#[test]
fn tokens_do_what_their_scopes_say() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let made = town.post(
        "/v1/tokens",
        &alice,
        r#"{"name": "reader", "scopes": ["read"], "expiresInSeconds": 60}"#,
    );
    insta::assert_snapshot!(town.shown(&made), @r#"
    201 {
      "createdAt": "[time]",
      "current": false,
      "expiresAt": "[time]",
      "id": "[id]",
      "lastUsedAt": null,
      "name": "reader",
      "scopes": [
        "read"
      ],
      "token": "[token]"
    }
    "#);
    let reader = made.text("token");
    assert_eq!(town.get("/v1/vals", &reader).status, 200);
    assert_eq!(
        town.post("/v1/vals", &reader, r#"{"code": "1"}"#)
            .expect(403)["error"]["code"],
        "FORBIDDEN"
    );
    assert_eq!(town.get("/v1/eval/1", &reader).status, 403);
    assert_eq!(town.post("/v1/tokens", &reader, "{}").status, 403);
}

#[test]
fn refusals() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let check = |token: &str, body: &str, status: u16| {
        assert_eq!(
            town.post("/v1/tokens", token, body).status,
            status,
            "{body}"
        )
    };
    check(&alice, "", 201);
    check(&alice, r#"{"scopes": ["fly"]}"#, 400);
    check(&alice, r#"{"scopes": ["operator"]}"#, 403);
    check(&alice, r#"{"expires": 1}"#, 400);
    check("", "{}", 401);
}

#[test]
fn a_token_that_expires_makes_none_that_outlives_it() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let short = town.post("/v1/tokens", &alice, r#"{"expiresInSeconds": 60}"#);
    let short = (short.text("token"), short.text("expiresAt"));
    for body in ["{}", r#"{"expiresInSeconds": 86400}"#] {
        let made = town.post("/v1/tokens", &short.0, body).text("expiresAt");
        assert!(made <= short.1, "{made} {}", short.1);
    }
}

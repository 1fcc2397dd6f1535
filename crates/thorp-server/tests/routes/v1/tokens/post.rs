use thorp_testkit::TestTown;
use thorp_town::limits::TOKENS_MAX;

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

#[test]
fn an_account_has_so_many_tokens_and_no_more() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    // She has the one that she came with.
    let made: Vec<_> = (1..TOKENS_MAX)
        .map(|_| town.post("/v1/tokens", &alice, "{}"))
        .collect();
    assert!(made.iter().all(|reply| reply.status == 201));
    let refused = town.post("/v1/tokens", &alice, "{}").expect(413);
    assert_eq!(refused["error"]["code"], "TOO_LARGE");
    let path = format!("/v1/tokens/{}", made[0].text("id"));
    assert_eq!(town.delete(&path, &alice).status, 204);
    assert_eq!(town.post("/v1/tokens", &alice, "{}").status, 201);
}

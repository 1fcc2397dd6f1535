use thorp_testkit::TestTown;

#[test]
fn operators_make_users() {
    let town = TestTown::start();
    let made = town.post("/v1/users", town.token(), r#"{"name": "alice"}"#);
    insta::assert_snapshot!(town.shown(&made), @r#"
    201 {
      "name": "alice",
      "token": "[token]",
      "user": {
        "bio": null,
        "createdAt": "[time]",
        "id": "[id]",
        "operator": false,
        "profileImageUrl": null,
        "username": "@alice"
      }
    }
    "#);
    let alice = made.text("token");
    assert_eq!(town.get("/v1/me", &alice).expect(200)["username"], "@alice");
    let check = |token: &str, body: &str, status: u16, code: &str| {
        assert_eq!(
            town.post("/v1/users", token, body).expect(status)["error"]["code"],
            code,
            "{body}"
        );
    };
    check(town.token(), r#"{"name": "alice"}"#, 409, "NAME_TAKEN");
    check(town.token(), r#"{"name": "a b"}"#, 400, "NAME_INVALID");
    check(town.token(), "{}", 400, "BAD_REQUEST");
    check(&alice, r#"{"name": "bob"}"#, 403, "FORBIDDEN");
    check("", r#"{"name": "bob"}"#, 401, "UNAUTHORIZED");
}

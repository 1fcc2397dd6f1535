use thorp_testkit::TestTown;

#[test]
fn the_caller_is_shown() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    insta::assert_snapshot!(town.shown(&town.get("/v1/me", &alice)), @r#"
    200 {
      "bio": null,
      "createdAt": "[time]",
      "email": null,
      "id": "[id]",
      "operator": false,
      "profileImageUrl": null,
      "username": "@alice"
    }
    "#);
    assert_eq!(
        town.get("/v1/me", town.token()).expect(200)["operator"],
        true
    );
    let anonymous = town.get("/v1/me", "");
    assert_eq!(
        (anonymous.status, anonymous.header("www-authenticate")),
        (401, "Bearer")
    );
}

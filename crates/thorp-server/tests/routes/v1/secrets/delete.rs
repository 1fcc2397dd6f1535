use thorp_testkit::TestTown;

#[test]
fn a_deleted_secret_is_gone() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let put = || {
        town.ask("PUT", "/v1/secrets/KEY")
            .token(&alice)
            .json(r#"{"value": "x"}"#)
            .send()
    };
    assert_eq!(put().status, 200);
    let reader = town
        .post("/v1/tokens", &alice, r#"{"scopes": ["read", "run"]}"#)
        .text("token");
    assert_eq!(town.delete("/v1/secrets/KEY", &reader).status, 403);
    assert_eq!(town.delete("/v1/secrets/KEY", "").status, 401);
    assert_eq!(town.delete("/v1/secrets/KEY", &alice).status, 204);
    assert_eq!(town.delete("/v1/secrets/KEY", &alice).status, 404);
    assert_eq!(town.delete("/v1/secrets/%00%ff", &alice).status, 400);
    assert_eq!(put().status, 200);
}

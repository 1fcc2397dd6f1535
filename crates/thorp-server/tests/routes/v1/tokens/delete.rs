use thorp_testkit::TestTown;

#[test]
fn revoked_tokens_stop_at_once() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let made = town.post("/v1/tokens", &alice, "{}");
    let (id, second) = (made.text("id"), made.text("token"));
    assert_eq!(town.get("/v1/me", &second).status, 200);
    assert_eq!(town.delete(&format!("/v1/tokens/{id}"), &alice).status, 204);
    let refused = town.get("/v1/me", &second);
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, "Bearer")
    );
    assert_eq!(
        town.delete(&format!("/v1/tokens/{id}"), town.token())
            .status,
        404
    );
}

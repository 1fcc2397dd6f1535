use thorp_testkit::TestTown;

#[test]
fn tokens_are_listed_without_their_text() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let reply = town.get("/v1/tokens", &alice);
    assert!(!reply.body.contains("thorp_"), "{}", reply.body);
    assert_eq!(reply.expect(200)["data"][0]["current"], true);
    assert_eq!(town.get("/v1/tokens", "").status, 401);
}

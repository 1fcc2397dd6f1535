use thorp_testkit::TestTown;

#[test]
fn deleted_vals_come_back() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let id = town.add_val(&alice, "hello", "public", "export default 7");
    let deleted = town.delete(&format!("/v1/vals/{id}"), &alice);
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    assert_eq!(town.get(&format!("/v1/vals/{id}"), "").status, 404);
    assert_eq!(town.get("/v1/run/alice.hello", "").status, 404);
    let back = town
        .post(&format!("/v1/vals/{id}/undelete"), &alice, "")
        .expect(200);
    assert_eq!(back["deletedAt"], serde_json::Value::Null);
    assert_eq!(town.get("/v1/run/alice.hello", "").body, "7");
}

#[test]
fn others_may_not() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let id = town.add_val(&alice, "hello", "public", "export default 7");
    assert_eq!(
        town.delete(&format!("/v1/vals/{id}"), &bob).expect(403)["error"]["code"],
        "FORBIDDEN"
    );
    assert_eq!(town.delete(&format!("/v1/vals/{id}"), "").status, 401);
    assert_eq!(town.get(&format!("/v1/vals/{id}"), "").status, 200);
}

use thorp_testkit::TestTown;

#[test]
fn users_and_vals_have_names() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let id = town.add_val(&alice, "hello", "public", "export default 1");
    for name in ["alice", "@alice", "%40alice"] {
        assert_eq!(
            town.get(&format!("/v1/alias/{name}"), "").expect(200)["username"],
            "@alice"
        );
        let val = town.get(&format!("/v1/alias/{name}/hello"), "");
        assert_eq!((val.text("id"), val.header("etag")), (id.clone(), "\"0\""));
    }
    let _ = town
        .patch(&format!("/v1/vals/{id}"), &alice, r#"{"name": "hallo"}"#)
        .expect(200);
    assert_eq!(
        town.get("/v1/alias/alice/hello", "").expect(200)["name"],
        "hallo"
    );
    assert_eq!(town.get("/v1/alias/bob", "").status, 404);
    assert_eq!(town.get("/v1/alias/alice/nothing", "").status, 404);
}

use thorp_testkit::TestTown;

#[test]
fn operators_list_users() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let page = town.get("/v1/users", town.token()).expect(200);
    let names = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["username"].as_str().unwrap());
    assert!(names.into_iter().any(|name| name == "@alice"));
    assert_eq!(
        town.get("/v1/users", &alice).expect(403)["error"]["code"],
        "FORBIDDEN"
    );
    assert_eq!(town.get("/v1/users", "").status, 401);
}

use thorp_testkit::TestTown;

#[test]
fn users_and_their_vals_are_shown() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let id = town.get("/v1/me", &alice).text("id");
    let _ = town.add_val(&alice, "open", "public", "export default 1");
    let _ = town.add_val(&alice, "linked", "unlisted", "export default 1");
    assert_eq!(
        town.get(&format!("/v1/users/{id}"), "").expect(200)["username"],
        "@alice"
    );
    let count = |token: &str| {
        town.get(&format!("/v1/users/{id}/vals"), token).expect(200)["data"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((count(&alice), count(""), count(town.token())), (2, 1, 1));
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(town.get(&format!("/v1/users/{unknown}"), "").status, 404);
    assert_eq!(
        town.get(&format!("/v1/users/{unknown}/vals"), "").status,
        404
    );
}

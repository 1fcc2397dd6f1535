use thorp_testkit::TestTown;

#[test]
fn who_sees_which_val() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    for (privacy, others) in [("public", 200), ("unlisted", 200), ("private", 404)] {
        let id = town.add_val(&alice, privacy, privacy, "export default 1");
        assert_eq!(town.get(&format!("/v1/vals/{id}"), &alice).status, 200);
        assert_eq!(
            town.get(&format!("/v1/vals/{id}"), &bob).status,
            others,
            "{privacy}"
        );
        assert_eq!(
            town.get(&format!("/v1/vals/{id}"), "").status,
            others,
            "{privacy}"
        );
    }
}

#[test]
fn the_newest_run_is_shown_to_the_owner() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let id = town.add_val(
        &alice,
        "hello",
        "public",
        "export default () => { console.log('hi'); return 'Hello' }",
    );
    assert_eq!(town.get("/v1/run/alice.hello", "").status, 200);
    let own = town.get(&format!("/v1/vals/{id}"), &alice).expect(200);
    assert_eq!(
        own["output"],
        serde_json::json!({"type": "string", "value": "Hello"})
    );
    assert_eq!(own["logs"][0]["text"], "hi");
    assert!(own["runStartAt"].is_string() && own["runEndAt"].is_string());
    let others = town.get(&format!("/v1/vals/{id}"), "").expect(200);
    assert!(others["output"].is_null() && others["runStartAt"].is_null());
}

#[test]
fn a_version_can_be_asked_for() {
    let town = TestTown::start();
    let id = town.add_val(town.token(), "hello", "public", "export default 1");
    let _ = town
        .post(
            &format!("/v1/vals/{id}/versions"),
            town.token(),
            r#"{"code": "export default 2"}"#,
        )
        .expect(201);
    let code =
        |query: &str| town.get(&format!("/v1/vals/{id}{query}"), "").expect(200)["code"].clone();
    assert_eq!(code(""), "export default 2");
    assert_eq!(code("?v=0"), "export default 1");
    assert_eq!(town.get(&format!("/v1/vals/{id}?v=9"), "").status, 404);
    assert_eq!(
        town.get(&format!("/v1/vals/{id}"), "").header("etag"),
        "\"1\""
    );
}

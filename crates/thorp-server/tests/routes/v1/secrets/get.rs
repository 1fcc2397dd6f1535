use thorp_testkit::TestTown;

#[test]
fn a_list_has_names_and_no_values() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    for name in ["B", "A", "C"] {
        let ask = town
            .ask("PUT", &format!("/v1/secrets/{name}"))
            .token(&alice);
        assert_eq!(ask.json(r#"{"value": "the value"}"#).send().status, 200);
    }
    let page = town.get("/v1/secrets?limit=2", &alice).expect(200);
    let names: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, ["A", "B"]);
    assert!(
        page["links"]["next"].is_string() && !page.to_string().contains("the value"),
        "{page:#}"
    );
    let writer = town
        .post("/v1/tokens", &alice, r#"{"scopes": ["write"]}"#)
        .text("token");
    assert_eq!(town.get("/v1/secrets", &writer).status, 403);
    assert_eq!(town.get("/v1/secrets/A", &alice).status, 405);
}

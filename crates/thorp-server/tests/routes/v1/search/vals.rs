use thorp_testkit::TestTown;

#[test]
fn names_and_code_are_searched() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(&alice, "weather", "public", "export default 'sunny'");
    let _ = town.add_val(&alice, "weatherDraft", "private", "export default 'rainy'");
    let count = |query: &str, token: &str| {
        let page = town
            .get(&format!("/v1/search/vals?query={query}"), token)
            .expect(200);
        page["data"].as_array().unwrap().len()
    };
    assert_eq!((count("weather", ""), count("weather", &alice)), (1, 2));
    assert_eq!(
        (count("sunny", ""), count("rainy", ""), count("%25", "")),
        (1, 0, 0)
    );
    for query in ["", "?query=", "?q=x"] {
        assert_eq!(
            town.get(&format!("/v1/search/vals{query}"), "").expect(400)["error"]["code"],
            "BAD_REQUEST"
        );
    }
}

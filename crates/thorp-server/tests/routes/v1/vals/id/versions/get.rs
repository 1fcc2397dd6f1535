use thorp_testkit::TestTown;

#[test]
fn versions_are_listed_newest_first() {
    let town = TestTown::start();
    let id = town.add_val(town.token(), "hello", "public", "export default 1");
    let _ = town
        .post(
            &format!("/v1/vals/{id}/versions"),
            town.token(),
            r#"{"code": "export default ("}"#,
        )
        .expect(201);
    let reply = town.get(&format!("/v1/vals/{id}/versions"), town.token());
    let page = reply.expect(200);
    let fields = |field: &str| -> Vec<serde_json::Value> {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| version[field].clone())
            .collect()
    };
    assert_eq!(fields("version"), [1, 0]);
    assert_eq!(fields("runnable"), [false, true]);
    assert_eq!(fields("live"), [true, false]);
}

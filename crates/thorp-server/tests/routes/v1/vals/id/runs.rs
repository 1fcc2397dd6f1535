use thorp_testkit::TestTown;

#[test]
fn filters_of_runs() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let id = town.add_val(
        &alice,
        "odd",
        "public",
        "export default (n) => { if (n % 2 === 0) throw new Error('even'); return n }",
    );
    for (n, status) in [(1, 200), (2, 502), (3, 200)] {
        assert_eq!(
            town.post("/v1/run/alice.odd", "", &format!("[{n}]")).status,
            status
        );
    }
    let count = |query: &str| {
        let page = town
            .get(&format!("/v1/vals/{id}/runs?{query}"), &alice)
            .expect(200);
        page["data"].as_array().unwrap().len()
    };
    assert_eq!(count(""), 3);
    assert_eq!(count("status=error"), 1);
    assert_eq!(count("status=ok&limit=1"), 1);
    assert_eq!(count("trigger=eval"), 0);
    assert_eq!(count("since=2000-01-01T00:00:00Z"), 3);
    assert_eq!(count("until=2000-01-01T00:00:00Z"), 0);
    for query in ["status=maybe", "trigger=x", "since=yesterday", "val=x"] {
        assert_eq!(
            town.get(&format!("/v1/vals/{id}/runs?{query}"), &alice)
                .status,
            400,
            "{query}"
        );
    }
    assert_eq!(town.get(&format!("/v1/vals/{id}/runs"), "").status, 401);
}

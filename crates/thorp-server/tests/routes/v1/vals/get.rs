use serde_json::Value;
use thorp_testkit::TestTown;

fn names(page: &Value) -> Vec<&str> {
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|val| val["name"].as_str())
        .collect()
}

#[test]
fn pages_link_to_their_neighbours() {
    let town = TestTown::start();
    for name in ["a1", "a2", "a3"] {
        let _ = town.add_val(town.token(), name, "private", "export default 1");
    }
    let first = town
        .get("/v1/vals?limit=2&name=a", town.token())
        .expect(200);
    assert_eq!(names(&first), ["a3", "a2"]);
    assert_eq!(
        first["links"]["self"],
        format!("{}/v1/vals?name=a&offset=0&limit=2", town.url())
    );
    assert!(first["links"].get("prev").is_none());
    let next = first["links"]["next"]
        .as_str()
        .unwrap()
        .strip_prefix(town.url())
        .unwrap();
    let second = town.get(next, town.token()).expect(200);
    assert_eq!(names(&second), ["a1"]);
    assert!(second["links"].get("next").is_none());
    assert_eq!(second["links"]["prev"], first["links"]["self"]);
}

#[test]
fn filters_and_refusals() {
    let town = TestTown::start();
    let id = town.add_val(town.token(), "gone", "private", "export default 1");
    let _ = town.add_val(town.token(), "open", "public", "export default 1");
    let _ = town
        .delete(&format!("/v1/vals/{id}"), town.token())
        .expect(204);
    let list = |query: &str| town.get(&format!("/v1/vals?{query}"), town.token());
    assert_eq!(names(&list("").expect(200)), ["open"]);
    assert_eq!(names(&list("deleted=true").expect(200)), ["gone"]);
    assert_eq!(
        names(&list("privacy=private").expect(200)),
        Vec::<&str>::new()
    );
    assert_eq!(names(&list("privacy=public").expect(200)), ["open"]);
    for query in [
        "limit=0",
        "limit=101",
        "offset=-1",
        "limit=x",
        "privacy=secret",
        "deleted=maybe",
    ] {
        assert_eq!(
            list(query).expect(400)["error"]["code"],
            "BAD_REQUEST",
            "{query}"
        );
    }
    assert_eq!(town.get("/v1/vals", "").status, 401);
}

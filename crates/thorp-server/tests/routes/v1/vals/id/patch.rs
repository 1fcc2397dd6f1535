use serde_json::Value;
use thorp_testkit::TestTown;
use thorp_town::limits::README_BYTES_MAX;

#[test]
fn each_field_changes_alone() {
    let town = TestTown::start();
    let id = town.add_val(town.token(), "hello", "private", "export default 1");
    let path = format!("/v1/vals/{id}");
    let patch = |body: &str| town.patch(&path, town.token(), body).expect(200);
    assert_eq!(patch(r#"{"name": "hallo"}"#)["name"], "hallo");
    assert_eq!(patch(r#"{"readme": "text"}"#)["readme"], "text");
    let val = patch(r#"{"privacy": "unlisted", "endpoint": "private"}"#);
    assert_eq!(
        (&val["privacy"], &val["endpoint"], &val["readme"]),
        (&"unlisted".into(), &"private".into(), &"text".into())
    );
    assert_eq!(patch(r#"{"readme": null}"#)["readme"], Value::Null);
    assert_eq!(patch("{}")["name"], "hallo");
}

#[test]
fn refusals() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let id = town.add_val(&alice, "hello", "public", "export default 1");
    let _ = town.add_val(&alice, "taken", "public", "export default 1");
    let path = format!("/v1/vals/{id}");
    let check = |token: &str, body: &str, status: u16, code: &str| {
        assert_eq!(
            town.patch(&path, token, body).expect(status)["error"]["code"],
            code,
            "{body}"
        );
    };
    check(&alice, r#"{"name": "taken"}"#, 409, "NAME_TAKEN");
    check(&alice, r#"{"name": "not a name"}"#, 400, "NAME_INVALID");
    check(&alice, r#"{"privacy": "secret"}"#, 400, "BAD_REQUEST");
    check(&alice, r#"{"nmae": "x"}"#, 400, "BAD_REQUEST");
    check(&alice, "", 400, "BAD_REQUEST");
    check(&alice, "{", 400, "BAD_JSON");
    check(&bob, r#"{"name": "mine"}"#, 403, "FORBIDDEN");
    check("", r#"{"name": "mine"}"#, 401, "UNAUTHORIZED");
}

#[test]
fn a_readme_may_be_so_long_and_no_longer() {
    let town = TestTown::start();
    let id = town.add_val(town.token(), "hello", "private", "export default 1");
    let path = format!("/v1/vals/{id}");
    let patch = |bytes: usize| {
        let body = serde_json::json!({ "readme": "x".repeat(bytes) });
        town.patch(&path, town.token(), &body.to_string())
    };
    assert_eq!(patch(README_BYTES_MAX).status, 200);
    let refused = patch(README_BYTES_MAX + 1).expect(413);
    assert_eq!(refused["error"]["code"], "TOO_LARGE");
}

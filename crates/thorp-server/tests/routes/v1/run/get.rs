use thorp_testkit::TestTown;

#[test]
fn targets_and_args() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let id = town.add_val(
        &alice,
        "hello",
        "public",
        "export default (name = 'you') => `Hello, ${name}!`",
    );
    let _ = town.add_val(&alice, "seven", "public", "export default 7");
    let saved = town.post(
        &format!("/v1/vals/{id}/versions"),
        &alice,
        r#"{"code": "export default () => 'new'"}"#,
    );
    assert_eq!(saved.expect(201)["version"], 1);
    let check = |path: &str, expected: &str| {
        let reply = town.get(path, "");
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, expected),
            "{path}"
        );
        assert!(!reply.header("x-thorp-run").is_empty());
    };
    check("/v1/run/alice.hello", r#""new""#);
    check(
        "/v1/run/@alice.hello@0?args=%5B%22Ada%22%5D",
        r#""Hello, Ada!""#,
    );
    check("/v1/run/%40alice.hello%400?args=", r#""Hello, you!""#);
    check("/v1/run/alice.seven", "7");
}

#[test]
fn private_endpoints_are_not_known_to_others() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(&alice, "mine", "private", "export default 7");
    assert_eq!(town.get("/v1/run/alice.mine", &alice).body, "7");
    assert_eq!(town.get("/v1/run/alice.mine", "").status, 404);
    assert_eq!(town.get("/v1/run/alice.mine", town.token()).status, 404);
}

#[test]
fn a_deleted_version_runs_no_more() {
    let town = TestTown::start();
    let id = town.add_val(town.token(), "hello", "public", "export default 'hush'");
    let versions = format!("/v1/vals/{id}/versions");
    let saved = town.post(&versions, town.token(), r#"{"code": "export default 1"}"#);
    assert_eq!(saved.status, 201);
    assert_eq!(town.get("/v1/run/owner.hello@0", "").body, r#""hush""#);
    let version = format!("{versions}/0");
    assert_eq!(town.delete(&version, town.token()).status, 204);
    assert_eq!(town.get("/v1/run/owner.hello@0", "").status, 404);
}

use thorp_testkit::TestTown;

#[test]
fn unknown_addresses_get_a_hint() {
    let town = TestTown::start();
    insta::assert_snapshot!(town.shown(&town.get("/v1/val", "")), @r#"
    404 {
      "error": {
        "code": "NOT_FOUND",
        "hint": "did you mean `/v1/vals`?",
        "message": "there is nothing at `/v1/val`"
      }
    }
    "#);
    let hint = |path: &str| town.get(path, "").expect(404)["error"]["hint"].clone();
    assert_eq!(hint("/vals"), "did you mean `/v1/vals`?");
    assert_eq!(hint("/v1/me/"), "did you mean `/v1/me`?");
    assert_eq!(hint("/favicon.ico"), "`/openapi.json` lists all addresses");
}

#[test]
fn wrong_methods_are_told_the_right_ones() {
    let town = TestTown::start();
    let reply = town.ask("PUT", "/v1/vals").body("x").send();
    insta::assert_snapshot!(town.shown(&reply), @r#"
    405 {
      "error": {
        "code": "METHOD_NOT_ALLOWED",
        "hint": "the header `Allow` lists what is",
        "message": "`PUT` is not possible at `/v1/vals`"
      }
    }
    "#);
    assert_eq!(reply.header("allow"), "POST,GET,HEAD");
    assert_eq!(
        town.get("/v1/eval", "").expect(405)["error"]["code"],
        "METHOD_NOT_ALLOWED"
    );
}

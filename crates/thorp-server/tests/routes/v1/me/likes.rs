use thorp_testkit::TestTown;

#[test]
fn nothing_is_liked_yet() {
    let town = TestTown::start();
    insta::assert_snapshot!(town.shown(&town.get("/v1/me/likes", town.token())), @r#"
    200 {
      "data": [],
      "links": {
        "self": "[town]/v1/me/likes?offset=0&limit=20"
      }
    }
    "#);
    assert_eq!(town.get("/v1/me/likes", "").status, 401);
}

use thorp_testkit::TestTown;

#[test]
fn the_town_greets_and_is_well() {
    let town = TestTown::start();
    insta::assert_snapshot!(town.shown(&town.get("/", "")), @r#"
    200 {
      "eval": "[town]/v1/eval/1%2B1",
      "health": "[town]/healthz",
      "name": "thorp",
      "openapi": "[town]/openapi.json",
      "version": "0.1.0"
    }
    "#);
    let health = town.get("/healthz", "").expect(200);
    assert_eq!(
        (&health["ok"], &health["checks"]["run"]),
        (&true.into(), &"ok".into())
    );
    let document = town.get("/openapi.json", "");
    assert_eq!(document.body, thorp_server::openapi_document().unwrap());
    assert_eq!(document.header("content-type"), "application/json");
}

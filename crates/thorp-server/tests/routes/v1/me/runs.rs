use thorp_testkit::TestTown;

#[test]
fn own_runs_are_listed() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    assert_eq!(town.get("/v1/eval/1%2B1", &alice).body, "2");
    assert_eq!(town.get("/v1/eval/1%2B1", town.token()).body, "2");
    insta::assert_snapshot!(town.shown(&town.get("/v1/me/runs", &alice)));
    assert_eq!(town.get("/v1/me/runs", "").status, 401);
}

use thorp_testkit::TestTown;

#[test]
fn runs_are_seen_by_whom_they_ran_as() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let run = town
        .get("/v1/eval/1%2B1", &alice)
        .header("x-thorp-run")
        .to_owned();
    assert_eq!(
        town.get(&format!("/v1/runs/{run}"), &alice).expect(200)["returnValue"],
        2
    );
    assert_eq!(town.get(&format!("/v1/runs/{run}"), &bob).status, 404);
    assert_eq!(town.get(&format!("/v1/runs/{run}"), "").status, 401);
    assert_eq!(
        town.get("/v1/runs/not-an-id", &alice).expect(400)["error"]["code"],
        "BAD_REQUEST"
    );
}

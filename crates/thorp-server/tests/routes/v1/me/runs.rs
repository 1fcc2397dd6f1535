use thorp_testkit::TestTown;

#[test]
fn own_runs_are_listed() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    assert_eq!(town.get("/v1/eval/1%2B1", &alice).body, "2");
    assert_eq!(town.get("/v1/eval/1%2B1", town.token()).body, "2");
    insta::assert_snapshot!(town.shown(&town.get("/v1/me/runs", &alice)), @r#"
    200 {
      "data": [
        {
          "author": {
            "id": "[id]",
            "username": "@alice"
          },
          "caller": {
            "id": "[id]",
            "username": "@alice"
          },
          "error": null,
          "id": "[id]",
          "name": null,
          "parentId": null,
          "runAs": {
            "id": "[id]",
            "username": "@alice"
          },
          "runEndAt": "[time]",
          "runStartAt": "[time]",
          "status": "ok",
          "trigger": "eval",
          "usage": {
            "cpuMicros": "[measured]",
            "memoryBytes": "[measured]",
            "queueMicros": "[measured]",
            "runMicros": "[measured]",
            "startMicros": "[measured]"
          },
          "valId": null,
          "version": null
        }
      ],
      "links": {
        "self": "[town]/v1/me/runs?offset=0&limit=20"
      }
    }
    "#);
    assert_eq!(town.get("/v1/me/runs", "").status, 401);
}

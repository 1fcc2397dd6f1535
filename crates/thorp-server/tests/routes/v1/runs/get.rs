use serde_json::json;
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

#[test]
fn what_a_run_asks_of_the_network_is_kept() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let answer = town.post(
        "/v1/eval",
        &alice,
        r#"{ "code": "fetch('http://127.0.0.1:8123/x').catch((error) => error.message)" }"#,
    );
    let said = answer.expect(200);
    assert_eq!(said, "EGRESS_DENIED: 127.0.0.1 is not a public address");
    let run = answer.header("x-thorp-run");
    let egress = &town.get(&format!("/v1/runs/{run}"), &alice).expect(200)["egress"];
    let request = &egress["requests"][0];
    assert_eq!(
        [
            &request["method"],
            &request["scheme"],
            &request["host"],
            &request["port"]
        ],
        [
            &json!("GET"),
            &json!("http"),
            &json!("127.0.0.1"),
            &json!(8123)
        ]
    );
    assert_eq!(
        [&request["status"], &request["refused"], &egress["dropped"]],
        [&json!(null), &json!("EGRESS_DENIED"), &json!(0)]
    );
}

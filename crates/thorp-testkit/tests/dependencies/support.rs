//! What the tests of this program share.

use crate::origin::Origin;
use serde_json::{Value, json};
use thorp_testkit::{Reply, TestTown};

/// A town whose `npm:` and `jsr:` packages come from here, and are bundled as those of a town that is served.
pub(crate) fn town_of(origin: &Origin) -> TestTown {
    let url = origin.url();
    TestTown::start_with(move |config| {
        config.npm_registry = Some(url.clone());
        config.jsr_registry = Some(url);
    })
}

/// Saves a public val of the owner's; answers with all that the town says of it.
pub(crate) fn save(town: &TestTown, name: &str, code: &str) -> Value {
    let body = json!({ "name": name, "privacy": "public", "code": code });
    let reply = town.post("/v1/vals", town.token(), &body.to_string());
    reply.expect(200)
}

/// Saves a version of a val of the owner's.
pub(crate) fn save_again(town: &TestTown, val: &Value, code: &str) -> Value {
    let path = format!("/v1/vals/{}/versions", val["id"].as_str().unwrap());
    town.post(&path, town.token(), &json!({ "code": code }).to_string())
        .expect(201)
}

/// Saves a public val; answers with what the town told meanwhile, each as `step: message`, and with the val.
pub(crate) fn save_aloud(
    town: &TestTown,
    token: &str,
    name: &str,
    code: &str,
) -> (Vec<String>, Value) {
    let body = json!({ "name": name, "privacy": "public", "code": code });
    let asked = town.ask("POST", "/v1/vals").token(token);
    let reply = asked
        .header("accept", "application/x-ndjson")
        .json(&body.to_string())
        .send();
    let mut lines = reply
        .body
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .collect::<Vec<_>>();
    let val = lines.pop().unwrap()["val"].take();
    let text = |line: &Value, field: &str| line["progress"][field].as_str().unwrap().to_owned();
    let told = lines
        .iter()
        .map(|line| format!("{}: {}", text(line, "step"), text(line, "message")));
    (told.collect(), val)
}

/// Runs a val that was saved, in whatever version is live.
pub(crate) fn run(town: &TestTown, val: &Value) -> Reply {
    town.get(&format!("/v1/run/{}", target(val)), "")
}

/// `alice.hello`
pub(crate) fn target(val: &Value) -> String {
    let owner = val["author"]["username"].as_str().unwrap();
    format!(
        "{}.{}",
        owner.trim_start_matches('@'),
        val["name"].as_str().unwrap()
    )
}

/// The value of a run that ended well.
pub(crate) fn value(town: &TestTown, val: &Value) -> Value {
    let diagnostics = val["diagnostics"].as_array().unwrap();
    // Who may call it is what these tests say themselves.
    let others = |one: &&Value| one["code"] != "PUBLIC_ENDPOINT";
    assert_eq!(diagnostics.iter().find(others), None, "{val:#}");
    run(town, val).expect(200)
}

pub(crate) fn eval(town: &TestTown, token: &str, code: &str) -> Reply {
    town.post("/v1/eval", token, &json!({ "code": code }).to_string())
}

/// Names of the folders of packages.
pub(crate) fn folders(town: &TestTown) -> Vec<String> {
    let entries = std::fs::read_dir(town.data().join("dependencies")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "work").collect();
    names.sort();
    names
}

/// Line and code of each diagnostic.
pub(crate) fn diagnostics(val: &Value) -> Vec<(u64, String)> {
    let found = val["diagnostics"].as_array().unwrap();
    let shown = |one: &Value| {
        (
            one["line"].as_u64().unwrap(),
            one["code"].as_str().unwrap().to_owned(),
        )
    };
    found.iter().map(shown).collect()
}

/// What each import stands for.
pub(crate) fn resolved(val: &Value) -> Vec<(&str, &str)> {
    let found = val["dependencies"].as_array().unwrap();
    found
        .iter()
        .map(|one| {
            (
                one["specifier"].as_str().unwrap(),
                one["resolved"].as_str().unwrap(),
            )
        })
        .collect()
}

//! Secrets: who sees them, who does not whatever they try, and that nothing that is kept has them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../dependencies/origin.rs"]
mod origin;
mod packages;
mod records;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../dependencies/registry.rs"]
mod registry;
mod runs;

use serde_json::{Value, json};
use thorp_testkit::{Reply, TestTown};

/// Sets a secret.
fn set(town: &TestTown, token: &str, name: &str, value: &str) {
    let reply = put(town, token, name, &json!({ "value": value }));
    assert_eq!(reply.status, 200, "{}", reply.body);
}

fn put(town: &TestTown, token: &str, name: &str, body: &Value) -> Reply {
    town.ask("PUT", &format!("/v1/secrets/{name}"))
        .token(token)
        .json(&body.to_string())
        .send()
}

fn eval(town: &TestTown, token: &str, code: &str) -> Value {
    let body = json!({ "code": code }).to_string();
    town.post("/v1/eval", token, &body).expect(200)
}

/// Saves a public val of this file, and of others.
fn save(town: &TestTown, token: &str, name: &str, files: &[(&str, &str)]) -> Value {
    let files: Vec<Value> = files
        .iter()
        .map(|(path, text)| json!({ "path": path, "text": text }))
        .collect();
    let body = json!({ "name": name, "privacy": "public", "files": files });
    let val = town.post("/v1/vals", token, &body.to_string()).expect(200);
    let diagnostics = val["diagnostics"].as_array().unwrap();
    // Who may call it is what these tests say themselves.
    let others = |one: &&Value| one["code"] != "PUBLIC_ENDPOINT";
    assert_eq!(diagnostics.iter().find(others), None, "{val:#}");
    val
}

fn run(town: &TestTown, token: &str, target: &str) -> Value {
    town.get(&format!("/v1/run/{target}"), token).expect(200)
}

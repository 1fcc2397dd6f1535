//! Permissions: the table as a matrix that runs, the stories that it comes from, packages of foreign vals, and that a
//! program's own behaviour is its own beside them. All in real towns.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod alone;
mod cells;
mod hostile;
mod matrix;
mod packages;
mod programs;
mod routes;
mod server;
mod stage;
mod stories;
mod table;

use serde_json::{Value, json};
use thorp_testkit::{Reply, TestTown};

/// Evaluates a program as a user, with arguments.
fn eval(town: &TestTown, token: &str, code: &str) -> Reply {
    town.post("/v1/eval", token, &json!({ "code": code }).to_string())
}

/// Saves a val; answers with all that the town says of it.
fn save(town: &TestTown, token: &str, name: &str, privacy: &str, code: &str) -> Value {
    let body = json!({ "name": name, "privacy": privacy, "code": code });
    town.post("/v1/vals", token, &body.to_string()).expect(200)
}

/// Saves a version of a val.
fn save_again(town: &TestTown, token: &str, val: &Value, code: &str) {
    let path = format!("/v1/vals/{}/versions", val["id"].as_str().unwrap());
    let body = json!({ "code": code }).to_string();
    let _ = town.post(&path, token, &body).expect(201);
}

/// The record of the run that answered.
fn record(town: &TestTown, token: &str, reply: &Reply) -> Value {
    let path = format!("/v1/runs/{}", reply.header("x-thorp-run"));
    town.get(&path, token).expect(200)
}

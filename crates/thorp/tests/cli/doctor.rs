//! `thorp doctor`, on a machine that has what the tests need.

use super::support::{Options, Person, Town, shown, thorp, town_data};
use serde_json::Value;
use std::process::Output;

fn doctor(data: &str, scratch: &str) -> Output {
    let mut command = thorp();
    command
        .args(["doctor", "--json", "--data", data])
        .env("TMPDIR", scratch)
        .env("THORP_DENO", thorp_testkit::deno());
    command.output().unwrap()
}

fn findings(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", shown(output, &[])))
}

fn check<'a>(findings: &'a Value, name: &str) -> &'a Value {
    findings["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == name)
        .unwrap()
}

#[test]
fn a_machine_that_is_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let output = doctor(path, path);
    let found = findings(&output);
    assert_eq!(output.status.code(), Some(0), "{found:#}");
    assert_eq!(check(&found, "sandbox")["state"], "ok");
    let tier = check(&found, "jail")["finding"].as_str().unwrap();
    assert!(tier.starts_with("tier A: "), "{tier}");
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn each_failing_check_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("x".repeat(80));
    std::fs::create_dir(&long).unwrap();
    let output = doctor(folder.path().to_str().unwrap(), long.to_str().unwrap());
    let found = findings(&output);
    assert_eq!(output.status.code(), Some(1), "{found:#}");
    for failed in found["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["state"] == "failed")
    {
        assert!(
            failed["fix"].as_str().is_some_and(|fix| !fix.is_empty()),
            "{failed}"
        );
    }
    assert_eq!(check(&found, "unix sockets")["state"], "failed");
}

#[test]
fn a_town_that_runs() {
    let town = Town::start_in(tempfile::tempdir().unwrap(), &Options::default());
    let scratch = tempfile::tempdir().unwrap();
    let output = doctor(
        town_data(town.folder()).to_str().unwrap(),
        scratch.path().to_str().unwrap(),
    );
    let found = findings(&output);
    assert_eq!(
        check(&found, "other server")["state"],
        "warning",
        "{found:#}"
    );
}

#[test]
fn people_see_a_table() {
    let output = Person::new()
        .command(&["doctor", "--deno", "/nope/deno"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("✗ deno "), "{text}");
    assert!(text.contains("\n✓ jail "), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

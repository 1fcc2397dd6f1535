//! What is kept of runs, and the files of the town, have no value in them.

use super::{eval, set};
use serde_json::json;
use std::fs;
use std::path::Path;
use thorp_testkit::TestTown;

const KEY: &str = "sk-Live/value+of alice?";

/// Every file below a folder that has the bytes.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files_with(&path, bytes)),
            Ok(kind) if kind.is_file() => {
                let text = fs::read(&path).unwrap_or_default();
                if text.windows(bytes.len()).any(|window| window == bytes) {
                    found.push(path.display().to_string());
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn a_record_has_markers_and_the_answer_has_values() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    set(&town, &alice, "KEY", KEY);
    let code = format!(
        r#"(x) => {{
            const key = Deno.env.get("KEY");
            console.log("as it is", key, {{ key }}); console.error(encodeURIComponent(key), btoa("user:" + key));
            new TextEncoder(); /* {KEY} */
            return {{ [key]: [key, x, JSON.stringify({{ key }})] }};
        }}"#
    );
    let body = json!({ "code": code, "args": [KEY] }).to_string();
    let reply = town.post("/v1/eval", &alice, &body);
    assert_eq!(reply.expect(200)[KEY][1], json!(KEY));
    let record = town
        .get(&format!("/v1/runs/{}", reply.header("x-thorp-run")), &alice)
        .expect(200);
    let text = record.to_string();
    for part in ["sk-Live", "Live%2F", "value+of", "c2stTGl2ZS92YWx1"] {
        assert!(!text.contains(part), "{part} in {record:#}");
    }
    let marker = "[secret KEY]";
    assert_eq!(record["args"], json!([marker]));
    assert_eq!(
        record["returnValue"],
        json!({ marker: [marker, marker, format!("{{\"key\":\"{marker}\"}}")] })
    );
    assert_eq!(
        record["logs"][0]["text"],
        json!(format!("as it is {marker} {{ key: \"{marker}\" }}"))
    );
    assert!(
        record["code"]
            .as_str()
            .unwrap()
            .contains(&format!("/* {marker} */"))
    );
}

#[test]
fn an_errors_name_message_and_stack_are_kept_without_values() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    set(&town, &alice, "KEY", KEY);
    let code = r#"(() => { const error = new Error("bad key " + process.env.KEY); error.name = "E" + process.env.KEY; throw error; })()"#;
    let reply = town.post("/v1/eval", &alice, &json!({ "code": code }).to_string());
    assert!(
        reply.expect(502)["error"]["message"]
            .as_str()
            .unwrap()
            .contains(KEY)
    );
    let record = town
        .get(&format!("/v1/runs/{}", reply.header("x-thorp-run")), &alice)
        .expect(200);
    let error = &record["error"];
    assert_eq!(
        (&error["message"], &error["name"]),
        (&json!("bad key [secret KEY]"), &json!("E[secret KEY]"))
    );
    assert!(!record.to_string().contains(KEY), "{record:#}");
}

#[test]
fn the_towns_files_have_no_value_in_them() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    for (name, value) in [
        ("KEY", KEY),
        ("GONE", "a-value-that-is-gone"),
        ("SHARED", "shared-with-packages"),
    ] {
        set(&town, &alice, name, value);
    }
    assert_eq!(
        super::put(&town, &alice, "SHARED", &json!({ "packages": true })).status,
        200
    );
    assert_eq!(town.delete("/v1/secrets/GONE", &alice).status, 204);
    assert_eq!(eval(&town, &alice, r#"Deno.env.get("KEY")"#), json!(KEY));
    let code = r#"export default () => (console.log(process.env.KEY), Deno.env.get("KEY"));"#;
    super::save(&town, &alice, "shows", &[("main.tsx", code)]);
    assert_eq!(super::run(&town, &alice, "alice.shows"), json!(KEY));
    let data = town.data();
    assert_ne!(
        files_with(&data, b"SHARED"),
        [""; 0],
        "the search finds what is there"
    );
    for value in [KEY, "a-value-that-is-gone", "shared-with-packages"] {
        assert_eq!(files_with(&data, value.as_bytes()), [""; 0], "{value}");
    }
}

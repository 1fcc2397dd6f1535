//! npm packages inside of a foreign val: each runs an example of its own, called by another user, or is refused for a reason
//! that the town tells. `docs/reference/foreign-packages.md` has a table of it.

mod examples;

use crate::save;
use examples::{EXAMPLES, Example, Outcome};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use thorp_testkit::TestTown;

const BEGIN: &str =
    "<!-- made by `packages_run_in_foreign_vals_or_say_why_not` with THORP_UPDATE=1 -->\n";
const END: &str = "<!-- end -->\n";

/// How many tests share them.
const PARTS: usize = 2;

#[test]
fn packages_run_in_foreign_vals_or_say_why_not() {
    try_every(0);
}

#[test]
fn the_other_packages_run_in_foreign_vals_or_say_why_not() {
    try_every(1);
    let ran = EXAMPLES
        .iter()
        .filter(|example| matches!(example.outcome, Outcome::Runs(_)));
    assert!(ran.count() >= 20);
}

/// Tries one part of them.
fn try_every(part: usize) {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let waiting = Mutex::new(EXAMPLES.iter().skip(part).step_by(PARTS));
    let failed = Mutex::new(Vec::new());
    // The town gets the packages of two vals at a time.
    thread::scope(|scope| {
        for _ in 0..2 {
            let _ = scope.spawn(|| {
                while let Some(example) = { waiting.lock().unwrap().next() } {
                    let wrong = tried(&town, &alice, &bob, example).err();
                    failed
                        .lock()
                        .unwrap()
                        .extend(wrong.map(|wrong| format!("{}: {wrong}", example.package)));
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert_eq!(failed, [""; 0], "{}", failed.join("\n"));
}

/// Saves an example as bob, a program that calls it as alice, and runs that.
fn tried(town: &TestTown, alice: &str, bob: &str, example: &Example) -> Result<(), String> {
    let name = val_name(example);
    let of_bob = save(town, bob, &name, "public", &code(example));
    if of_bob["diagnostics"] != json!([]) {
        return Err(of_bob["diagnostics"].to_string());
    }
    let code = format!("import example from \"val:bob/{name}\"; export default () => example();");
    let of_alice = save(town, alice, &name, "private", &code);
    let mistakes = of_alice["diagnostics"].to_string();
    let reply = town.post(&format!("/v1/run/alice.{name}"), alice, "[]");
    let is = match &example.outcome {
        Outcome::Runs(expected) => {
            let expected: Value = serde_json::from_str(expected).unwrap();
            mistakes == "[]" && reply.status == 200 && reply.json() == expected
        }
        // It is said when it is saved, and whoever runs it all the same is told again.
        Outcome::Refused { why, .. } => {
            let is_told = |text: &str| text.contains(why) && text.contains(example.package);
            reply.status == 422 && is_told(&mistakes) && is_told(&reply.body)
        }
    };
    let found = || {
        format!(
            "got {} {}, diagnostics {mistakes}",
            reply.status, reply.body
        )
    };
    is.then_some(()).ok_or_else(found)
}

fn val_name(example: &Example) -> String {
    let plain = example
        .package
        .replace(|char: char| !char.is_ascii_alphanumeric(), "_");
    format!("uses_{plain}")
}

/// The program: `$` stands for the package.
fn code(example: &Example) -> String {
    example.code.replace(
        "npm:$",
        &format!("npm:{}@{}", example.package, example.version),
    )
}

#[test]
fn the_table_of_packages_is_the_tested_one() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/foreign-packages.md");
    let text = fs::read_to_string(&file).unwrap();
    let (head, rest) = text
        .split_once(BEGIN)
        .expect("the page has a place for the table");
    let (found, tail) = rest.split_once(END).expect("the table ends");
    let table = table();
    if std::env::var_os("THORP_UPDATE").is_some() {
        fs::write(&file, format!("{head}{BEGIN}{table}{END}{tail}")).unwrap();
    } else {
        assert!(found == table, "run this test with THORP_UPDATE=1");
    }
}

fn table() -> String {
    let mut text = String::from("| package | what was tried | runs |\n|---|---|---|\n");
    for Example {
        package,
        version,
        tried,
        outcome,
        ..
    } in EXAMPLES
    {
        let runs = match outcome {
            Outcome::Runs(_) => "yes".to_owned(),
            Outcome::Refused { told, .. } => format!("no: {told}"),
        };
        text.push_str(&format!("| {package} {version} | {tried} | {runs} |\n"));
    }
    text
}

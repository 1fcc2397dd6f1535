//! How a town ends: kindly, at once, or killed; nothing is left behind.

use super::support::{Options, Person, Town, descendants, eventually, town_data};
use rustix::process::Signal;
use std::path::Path;
use std::process::{Child, Output, Stdio};

const SLOW: &str = "export default (millis: number) => new Promise((done) => setTimeout(() => done('done'), millis))";

/// Begins a run that takes this many milliseconds, and waits until it is in a sandbox.
fn begin(town: &Town, person: &Person, millis: &str) -> Child {
    person.get(&["vals", "create", "slow", "--code", SLOW]);
    let mut command = person.command(&["run", "slow", millis]);
    let run = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the program is in a sandbox", || {
        holds(&town.folder().join("tmp"), "setTimeout")
    });
    run
}

/// Whether a file below the folder has this in it. Files may vanish meanwhile.
fn holds(folder: &Path, text: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .any(|path| match std::fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => holds(&path, text),
            Ok(meta) if meta.is_file() => {
                std::fs::read_to_string(&path).is_ok_and(|file| file.contains(text))
            }
            _ => false,
        })
}

fn scratch_is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder.join("tmp"))
        .unwrap()
        .next()
        .is_none()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn runs_may_end_first() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    let run = begin(&town, &person, "1500");
    let ended = town.stop();
    let output = run.wait_with_output().unwrap();
    assert_eq!(text(&output), "\"done\"\n");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(scratch_is_empty(ended.folder.path()));
}

#[test]
fn a_second_signal_waits_for_nothing() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    let run = begin(&town, &person, "50000");
    town.signal(Signal::INT);
    eventually("it takes no more", || {
        std::net::TcpStream::connect(town.url().trim_start_matches("http://")).is_err()
    });
    let ended = town.stop();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(scratch_is_empty(ended.folder.path()));
}

#[test]
fn a_killed_town_leaves_no_process_and_starts_again() {
    let town = Town::start();
    let person = Person::logged_in(&town, &town.token());
    person.get(&[
        "vals",
        "create",
        "kept",
        "--code",
        "export default () => 'kept'",
    ]);
    let run = begin(&town, &person, "50000");
    assert!(!descendants(town.id()).is_empty());
    town.signal(Signal::KILL);
    let ended = town.wait();
    assert_eq!(run.wait_with_output().unwrap().status.code(), Some(4));
    let token =
        std::fs::read_to_string(town_data(ended.folder.path()).join("owner.token")).unwrap();
    let town = Town::start_in(ended.folder, &Options::default());
    let person = Person::logged_in(&town, &token);
    assert_eq!(person.get(&["run", "kept"]), "\"kept\"\n");
    assert!(scratch_is_empty(town.stop().folder.path()));
}

//! Secrets at a terminal; the keys of a town that is not running; and that no word of the town has a value.

use super::support::{Options, Person, Town, eventually, thorp, town_data};
use std::fs::{Permissions, read, set_permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

const VALUE: &str = "sk-value-that-nobody-prints";

fn with_stdin(person: &Person, args: &[&str], stdin: &str) -> Output {
    let mut command = person.command(args);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stdin.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn set(person: &Person, name: &str, value: &str) {
    let output = with_stdin(person, &["secret", "set", name], value);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("set {name}\n")
    );
}

fn rotate(folder: &Path) -> std::process::Command {
    let mut command = thorp();
    command
        .args(["key", "rotate"])
        .env("THORP_DATA", town_data(folder));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The finding of `thorp doctor` about secrets.
fn doctor(folder: &Path) -> serde_json::Value {
    let mut command = thorp();
    command
        .args(["doctor", "--json"])
        .env("THORP_DATA", town_data(folder));
    command.env("THORP_DENO", thorp_testkit::deno());
    let output = command.output().unwrap();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = found["checks"].as_array().unwrap();
    checks
        .iter()
        .find(|check| check["name"] == "secrets")
        .unwrap()
        .clone()
}

#[test]
fn secrets_are_set_listed_and_removed() {
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    set(&owner, "KEY", &format!("{VALUE}\n"));
    assert_eq!(
        owner.get(&["eval", "Deno.env.get('KEY')", "--json"]).trim(),
        format!("\"{VALUE}\"")
    );
    insta::assert_snapshot!(owner.run(&["secret", "set", "KEY", "--packages", "true"]), @r"
    exit: 0
    --- stdout
    set KEY, shared with packages
    ");
    let list = owner.get(&["secret", "list"]);
    assert!(
        list.contains("KEY") && list.contains("shared") && !list.contains(VALUE),
        "{list}"
    );
    assert_eq!(owner.json(&["secret", "list"])["data"][0]["name"], "KEY");
    insta::assert_snapshot!(owner.run(&["secret", "rm", "KEY"]), @r"
    exit: 2
    --- stderr
    error: there is no terminal to ask on

    hint: `--yes` removes it without a question
    ");
    insta::assert_snapshot!(owner.run(&["secret", "rm", "KEY", "--yes"]), @r"
    exit: 0
    --- stdout
    removed KEY; this cannot be undone
    ");
    insta::assert_snapshot!(owner.run(&["secret", "rm", "KEY", "--yes"]), @r"
    exit: 3
    --- stderr
    error: you have no secret `KEY`
    ");
    insta::assert_snapshot!(owner.run(&["secret", "set", "KEY"]), @r"
    exit: 2
    --- stderr
    error: the value is empty

    hint: `thorp secret rm KEY` removes a secret
    ");
    insta::assert_snapshot!(owner.run(&["secret", "set", "KEY", "an-argument"]), @r"
    exit: 2
    --- stderr
    error: unexpected argument 'an-argument' found

    Usage: thorp secret set [OPTIONS] <NAME>

    For more information, try '--help'.
    ");
}

#[test]
fn no_word_of_the_town_and_no_file_has_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = super::support::town_command(folder.path(), &[]);
    command.env("THORP_LOG", "trace");
    let mut child = command.spawn().unwrap();
    let token = town_data(folder.path()).join("owner.token");
    let url = {
        use std::io::{BufRead, BufReader};
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        line.trim().to_owned()
    };
    let mut stderr = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut stderr, &mut text).unwrap();
        text
    });
    let owner = Person::new();
    owner.write(".token", &std::fs::read_to_string(token).unwrap());
    owner.get(&["login", &url, "--token-file", ".token"]);
    set(&owner, "KEY", VALUE);
    owner.write(
        "shows.ts",
        "export default () => { console.log(process.env.KEY); return Deno.env.get('KEY'); }",
    );
    owner.get(&["push", "shows.ts"]);
    assert!(owner.get(&["run", "shows"]).contains(VALUE));
    assert!(
        owner
            .run(&["eval", "(() => { throw new Error(Deno.env.get('KEY')) })()"])
            .contains(VALUE)
    );
    // A body that is no JSON, and one that is too large.
    for body in [
        format!("{{\"value\": \"{VALUE}"),
        format!("{{\"value\": \"{}\"}}", VALUE.repeat(30_000)),
    ] {
        let request = ureq::put(format!("{url}/v1/secrets/KEY")).header(
            "authorization",
            format!("Bearer {}", owner.read(".token").trim()),
        );
        let _ = request.send(body);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let log = log.join().unwrap();
    assert!(!log.is_empty());
    assert!(!String::from_utf8_lossy(&log).contains(VALUE));
    for name in ["town.sqlite", "town.sqlite-wal", "secrets.key"] {
        let bytes = read(town_data(folder.path()).join(name)).unwrap();
        assert!(
            !bytes
                .windows(VALUE.len())
                .any(|window| window == VALUE.as_bytes()),
            "{name}"
        );
    }
}

#[test]
fn a_key_is_rotated_and_the_old_one_is_gone() {
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    set(&owner, "KEY", VALUE);
    let refused = rotate(town.folder()).output().unwrap();
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    let folder = town.stop().folder;
    let key = town_data(folder.path()).join("secrets.key");
    let before = read(&key).unwrap();
    let done = rotate(folder.path()).output().unwrap();
    assert!(
        String::from_utf8_lossy(&done.stdout).contains("sealed 1 secret with a new key"),
        "{done:?}"
    );
    assert_ne!(read(&key).unwrap(), before);
    assert_eq!(doctor(folder.path())["state"], "ok");
    let after = read(&key).unwrap();
    // The old key opens nothing any more.
    std::fs::write(&key, before).unwrap();
    let found = doctor(folder.path());
    assert_eq!(found["state"], "failed");
    let text = found["finding"].as_str().unwrap();
    assert!(
        text.contains("1 of 1 cannot be read (@owner KEY)") && text.contains("SECRET_UNREADABLE"),
        "{text}"
    );
    let refused = rotate(folder.path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    std::fs::write(&key, after).unwrap();
    let town = Town::start_in(folder, &Options::default());
    let owner = Person::logged_in(&town, &town.token());
    assert!(owner.get(&["eval", "process.env.KEY"]).contains(VALUE));
}

#[test]
fn a_rotation_that_is_killed_loses_nothing() {
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    let large = "x".repeat(60_000);
    for number in 0..12 {
        set(
            &owner,
            &format!("KEY_{number}"),
            &format!("{VALUE}-{number}-{large}"),
        );
    }
    let folder = town.stop().folder;
    let mut killed = 0;
    for round in 0..40_u64 {
        let mut child = rotate(folder.path()).spawn().unwrap();
        // Waits of all lengths, so that the kill meets every step.
        std::thread::sleep(Duration::from_micros(round * 700));
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
    }
    assert!(killed > 0, "no rotation was killed");
    assert_eq!(doctor(folder.path())["state"], "ok");
    let done = rotate(folder.path()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let keys = std::fs::read_to_string(town_data(folder.path()).join("secrets.key")).unwrap();
    assert_eq!(
        keys.lines().filter(|line| !line.starts_with('#')).count(),
        1
    );
    let town = Town::start_in(folder, &Options::default());
    let owner = Person::logged_in(&town, &town.token());
    for number in 0..12 {
        let code = format!("process.env.KEY_{number} === '{VALUE}-{number}-' + 'x'.repeat(60000)");
        assert_eq!(owner.get(&["eval", &code]).trim(), "true");
    }
}

#[test]
fn a_town_without_its_key_starts_and_says_what_it_cannot_read() {
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    set(&owner, "KEY", VALUE);
    let folder = town.stop().folder;
    let key = town_data(folder.path()).join("secrets.key");
    let kept = folder.path().join("copy");
    std::fs::rename(&key, &kept).unwrap();
    let text = doctor(folder.path())["finding"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        text.contains("SECRETS_KEY_MISSING") && text.contains("@owner KEY"),
        "{text}"
    );
    let town = Town::start_in(folder, &Options::default());
    let owner = Person::logged_in(&town, &town.token());
    insta::assert_snapshot!(owner.run(&["eval", "Deno.env.get('KEY')"]), @r"
    exit: 4
    --- stderr
    error: the secret `KEY` cannot be read: the town does not have its key

    hint: set it again, or ask the operator, whom `thorp doctor` tells more
    ");
    let refused = with_stdin(&owner, &["secret", "set", "OTHER"], "another value");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("is not there"),
        "{refused:?}"
    );
    assert_eq!(
        owner.json(&["secret", "list"])["data"][0]["readable"],
        false
    );
    assert_eq!(owner.get(&["eval", "1 + 1"]).trim(), "2");
    // It is found again without a start.
    std::fs::rename(&kept, key_of(&town)).unwrap();
    assert!(owner.get(&["eval", "Deno.env.get('KEY')"]).contains(VALUE));
    let ended = town.stop();
    assert!(
        ended
            .stderr
            .contains("1 of 1 secrets cannot be read: @owner KEY"),
        "{}",
        ended.stderr
    );
    let key = town_data(ended.folder.path()).join("secrets.key");
    set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let text = doctor(ended.folder.path())["finding"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        text.contains("SECRETS_KEY_UNUSABLE") && text.contains("mode 644"),
        "{text}"
    );
}

fn key_of(town: &Town) -> std::path::PathBuf {
    eventually("the folder is there", || town.folder().is_dir());
    town_data(town.folder()).join("secrets.key")
}

#[test]
fn so_many_unreadable_secrets_are_told_by_name() {
    let town = Town::start();
    let owner = Person::logged_in(&town, &town.token());
    for at in 0..25 {
        set(&owner, &format!("S{at}"), VALUE);
    }
    let folder = town.stop().folder;
    std::fs::remove_file(town_data(folder.path()).join("secrets.key")).unwrap();
    let found = doctor(folder.path());
    let finding = found["finding"].as_str().unwrap();
    assert!(
        finding.starts_with("25 of 25 cannot be read ("),
        "{finding}"
    );
    assert_eq!(finding.matches("@owner S").count(), 20, "{finding}");
}

//! A town from its first start to its second: what is printed works as it is printed.

use super::support::{Options, Person, Town, shown, town_data};
use std::process::Command;

#[test]
fn the_first_start_tells_what_to_do_and_it_works() {
    let town = Town::start();
    let (url, folder, token) = (
        town.url().to_owned(),
        town.folder().to_owned(),
        town.token(),
    );
    let mut person = Person::new();
    person.knows(&town);
    let ended = {
        let said = said_so_far(&town, &url);
        let login = said
            .lines()
            .find_map(|line| line.strip_prefix("  thorp login "))
            .unwrap();
        let script = format!("\"$THORP\" login {login} && \"$THORP\" whoami");
        let bash = |script: &str| {
            let mut bash = Command::new("bash");
            bash.args(["-c", script])
                .env("THORP", env!("CARGO_BIN_EXE_thorp"))
                .env("HOME", person.home.path());
            shown(
                &bash.env_remove("XDG_CONFIG_HOME").output().unwrap(),
                &[(url.clone(), "[town]")],
            )
        };
        insta::assert_snapshot!(bash(&script), @r"
        exit: 0
        --- stdout
        logged in to [town] as @owner
        @owner (operator) at [town]
        ");
        let curl = said
            .lines()
            .find_map(|line| line.strip_prefix("  curl "))
            .unwrap();
        insta::assert_snapshot!(bash(&format!("curl -sS {curl}")), @r"
        exit: 0
        --- stdout
        [2,4,6]
        ");
        town.stop()
    };
    let folder = folder.display().to_string();
    let words = |text: &str| text.replace(&url, "[town]").replace(&folder, "[folder]");
    insta::assert_snapshot!(words(&ended.stdout), @r#"
    A new town, with its data in [folder]/data
    Its keeper is @owner; their token is in [folder]/data/owner.token, which only you can read

    Sign in:
      thorp login [town] --token-file [folder]/data/owner.token

    Evaluate something:
      curl [town]/v1/eval -H "Authorization: Bearer $(cat [folder]/data/owner.token)" -d '[1, 2, 3].map((x) => x * 2)'
    "#);
    assert!(ended.status.success(), "{}", ended.stderr);
    assert!(!ended.stdout.contains(token.trim()) && !ended.stderr.contains(token.trim()));
    second_start(ended.folder);
}

/// The first steps end with the line of curl.
fn said_so_far(town: &Town, url: &str) -> String {
    town.stdout_until(|text| text.contains(&format!("curl {url}")) && text.ends_with('\n'))
}

fn second_start(folder: tempfile::TempDir) {
    let town = Town::start_in(
        folder,
        &Options {
            args: &["--log-format", "json"],
        },
    );
    let ended = town.stop();
    assert_eq!(ended.stdout, "");
    for line in ended.stderr.lines() {
        let _: serde_json::Value = serde_json::from_str(line).unwrap();
    }
    assert!(town_data(ended.folder.path()).exists());
    let left: Vec<_> = std::fs::read_dir(ended.folder.path().join("tmp"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

//! Every command explains itself.

use super::support::Person;

const COMMANDS: &[&str] = &[
    "serve", "doctor", "login", "logout", "whoami", "eval", "run", "push", "pull", "runs", "completions",
    "vals list", "vals show", "vals create", "vals push", "vals pull", "vals rm", "vals undelete", "vals versions",
    "vals restore", "vals rename", "vals set", "user add", "user list", "token list", "token create", "token revoke",
];

#[test]
fn the_whole() {
    insta::assert_snapshot!(Person::new().run(&["--help"]), @"");
}

#[test]
fn every_command_has_examples_that_the_program_accepts() {
    let person = Person::new();
    for command in COMMANDS {
        let words: Vec<&str> = command.split(' ').collect();
        let help = person.get(&[&words[..], &["--help"]].concat());
        let examples = help.split_once("\nExamples:\n").unwrap_or_else(|| panic!("`{command}` has no examples")).1;
        assert!(examples.contains(&format!("thorp {}", words.join(" "))), "{examples}");
    }
}

#[test]
fn completions_know_the_commands() {
    let script = Person::new().get(&["completions", "bash"]);
    assert!(script.contains("thorp__subcmd__push") || script.contains("push"), "{script}");
}

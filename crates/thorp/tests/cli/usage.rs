//! What makes no sense is refused before anything is asked of a town.

use super::support::Person;

fn check(args: &[&str]) -> String {
    Person::new().run(args)
}

#[test]
fn unknown_commands() {
    insta::assert_snapshot!(check(&["evla", "1"]), @"");
}

#[test]
fn what_is_no_val() {
    insta::assert_snapshot!(check(&["run", "alice/hello/x"]), @"");
}

#[test]
fn what_is_no_url() {
    insta::assert_snapshot!(check(&["whoami", "--url", "localhost:8700"]), @"");
}

#[test]
fn arguments_that_are_no_array() {
    insta::assert_snapshot!(check(&["eval", "1", "--args", "{", "--url", "http://127.0.0.1:1"]), @"");
}

#[test]
fn nobody_is_logged_in() {
    insta::assert_snapshot!(check(&["eval", "1 + 1"]), @"");
}

#[test]
fn nothing_listens_there() {
    insta::assert_snapshot!(check(&["eval", "1 + 1", "--url", "http://127.0.0.1:1"]), @"");
}

#[test]
fn a_login_needs_a_terminal_or_a_file() {
    insta::assert_snapshot!(check(&["login", "http://127.0.0.1:1"]), @"");
}

#[test]
fn files_that_are_not_there() {
    insta::assert_snapshot!(check(&["push", "nope.ts", "--url", "http://127.0.0.1:1"]), @"");
}

#[test]
fn files_that_are_not_text() {
    let person = Person::new();
    std::fs::write(person.path("picture.ts"), [0xff, 0xd8]).unwrap();
    insta::assert_snapshot!(person.run(&["push", "picture.ts", "--url", "http://127.0.0.1:1"]), @"");
}

#[test]
fn a_broken_list_of_logins() {
    let person = Person::new();
    person.write(".config/thorp/config.json", "{");
    insta::assert_snapshot!(person.run(&["whoami"]), @"");
}

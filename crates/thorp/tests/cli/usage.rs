//! What makes no sense is refused before anything is asked of a town.

use super::support::Person;

fn check(args: &[&str]) -> String {
    Person::new().run(args)
}

#[test]
fn unknown_commands() {
    insta::assert_snapshot!(check(&["evla", "1"]), @r"
    exit: 2
    --- stderr
    error: unrecognized subcommand 'evla'

      tip: a similar subcommand exists: 'eval'

    Usage: thorp <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn what_is_no_val() {
    insta::assert_snapshot!(check(&["run", "alice/hello/x"]), @r"
    exit: 2
    --- stderr
    error: invalid value 'alice/hello/x' for '<VAL>': a val is named like `alice/hello`, `alice/hello@3` or `hello`

    For more information, try '--help'.
    ");
}

#[test]
fn what_is_no_id() {
    insta::assert_snapshot!(check(&["runs", "hello"]), @r"
    exit: 2
    --- stderr
    error: invalid value 'hello' for '[ID]': it is not an id; `thorp runs` lists them

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(check(&["token", "revoke", "laptop"]), @r"
    exit: 2
    --- stderr
    error: invalid value 'laptop' for '<ID>': it is not an id; `thorp token list` has them

    For more information, try '--help'.
    ");
}

#[test]
fn nothing_to_set() {
    insta::assert_snapshot!(check(&["vals", "set", "hello"]), @r"
    exit: 2
    --- stderr
    error: the following required arguments were not provided:
      <--privacy <PRIVACY>|--endpoint <ENDPOINT>|--isolation <ISOLATION>|--readme <FILE>>

    Usage: thorp vals set <--privacy <PRIVACY>|--endpoint <ENDPOINT>|--isolation <ISOLATION>|--readme <FILE>> <VAL>

    For more information, try '--help'.
    ");
}

#[test]
fn what_is_no_url() {
    insta::assert_snapshot!(check(&["whoami", "--url", "localhost:8700"]), @r"
    exit: 2
    --- stderr
    error: `localhost:8700` is not the URL of a town

    hint: write it like `http://127.0.0.1:8700`
    ");
}

#[test]
fn arguments_that_are_no_array() {
    insta::assert_snapshot!(check(&["eval", "1", "--args", "{", "--url", "http://127.0.0.1:1"]), @r#"
    exit: 2
    --- stderr
    error: `--args` takes a JSON array, and `{` is none

    hint: write it like `--args '[1, "two"]'`
    "#);
}

#[test]
fn nobody_is_logged_in() {
    insta::assert_snapshot!(check(&["eval", "1 + 1"]), @r"
    exit: 3
    --- stderr
    error: not logged in to any town

    hint: start a town with `thorp serve`, or log in to one with `thorp login URL`
    ");
}

#[test]
fn nothing_listens_there() {
    insta::assert_snapshot!(check(&["eval", "1 + 1", "--url", "http://127.0.0.1:1"]), @r"
    exit: 4
    --- stderr
    error: cannot reach the town at `http://127.0.0.1:1`: nothing listens there

    hint: start it with `thorp serve`
    ");
}

#[test]
fn a_login_needs_a_terminal_or_a_file() {
    insta::assert_snapshot!(check(&["login", "http://127.0.0.1:1"]), @r"
    exit: 2
    --- stderr
    error: there is no terminal to ask for the token on

    hint: `thorp login http://127.0.0.1:1 --token-file -` reads it from stdin
    ");
}

#[test]
fn files_that_are_not_there() {
    insta::assert_snapshot!(check(&["push", "nope.ts", "--url", "http://127.0.0.1:1"]), @r"
    exit: 2
    --- stderr
    error: cannot read `nope.ts`: No such file or directory (os error 2)
    ");
}

#[test]
fn files_that_are_not_text() {
    let person = Person::new();
    std::fs::write(person.path("picture.ts"), [0xff, 0xd8]).unwrap();
    insta::assert_snapshot!(person.run(&["push", "picture.ts", "--url", "http://127.0.0.1:1"]), @r"
    exit: 2
    --- stderr
    error: `picture.ts` is not UTF-8 text

    hint: a val holds text files only
    ");
}

#[test]
fn a_broken_list_of_logins() {
    let person = Person::new();
    person.write(".config/thorp/config.json", "{");
    insta::assert_snapshot!(person.run(&["whoami"]), @r"
    exit: 2
    --- stderr
    error: `[home]/.config/thorp/config.json` is not a list of logins: EOF while parsing an object at line 1 column 1

    hint: remove it with `rm [home]/.config/thorp/config.json` and log in again
    ");
}

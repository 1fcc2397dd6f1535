//! Every command explains itself.

use super::support::Person;

const COMMANDS: &[&str] = &[
    "serve",
    "doctor",
    "login",
    "logout",
    "whoami",
    "eval",
    "run",
    "push",
    "pull",
    "runs",
    "runs save",
    "check",
    "mail list",
    "mail show",
    "completions",
    "vals list",
    "vals show",
    "vals create",
    "vals rm",
    "vals undelete",
    "vals versions",
    "vals restore",
    "vals rename",
    "vals set",
    "user add",
    "user list",
    "user email",
    "token list",
    "token create",
    "token revoke",
    "secret set",
    "secret list",
    "secret rm",
    "key rotate",
];

#[test]
fn the_whole() {
    insta::assert_snapshot!(Person::new().run(&["--help"]), @r"
    exit: 0
    --- stdout
    A town of TypeScript functions that you host yourself

    Usage: thorp <COMMAND>

    Commands:
      serve        Keep a town
      doctor       Find out whether this machine has what a town needs, and what its jail holds
      login        Sign in to a town and make it the one that commands talk to
      logout       Forget the token of a town
      whoami       Show who you are, and in which town
      eval         Evaluate an expression
      run          Run a val
      push         Save a file or folder as a val
      pull         Write a val's code to a file or folder
      vals         List, show, make and change vals
      runs         List your runs, show one, or save what one evaluated
      check        Find calls of other people's functions that would be denied something
      mail         Read the mail that your vals sent
      user         Keep the people of the town (operators only), and say where your mail goes
      token        Keep your tokens
      secret       Keep your secrets
      key          Keep the keys that seal the town's secrets (operators only)
      completions  Print the completions for a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Exit codes:
      0  done
      1  the program that ran failed or does not compile, or a check failed
      2  the command line, or a file that it names, makes no sense
      3  refused: not logged in, not allowed, or no such thing
      4  the town cannot be reached, is busy or is broken
      5  something else was there first: a newer version, a name, a lock, a port

    Examples:
      thorp serve                                    keep a town in ./thorp-data
      thorp login http://127.0.0.1:8700              sign in to it
      thorp eval '[1, 2, 3].map((x) => x * 2)'       evaluate an expression
      thorp push hello.ts && thorp run hello 'you'   save a program and run it
    ");
}

#[test]
fn every_command_has_examples_that_the_program_accepts() {
    let person = Person::new();
    for command in COMMANDS {
        let words: Vec<&str> = command.split(' ').collect();
        let help = person.get(&[&words[..], &["--help"]].concat());
        let examples = help
            .split_once("\nExamples:\n")
            .unwrap_or_else(|| panic!("`{command}` has no examples"))
            .1;
        assert!(
            examples.contains(&format!("thorp {}", words.join(" "))),
            "{examples}"
        );
    }
}

#[test]
fn completions_know_the_commands() {
    let script = Person::new().get(&["completions", "bash"]);
    assert!(script.contains("undelete"), "{script}");
}

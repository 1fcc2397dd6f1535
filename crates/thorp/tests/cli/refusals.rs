//! A town that cannot be kept says why, and prints nothing on stdout.

use super::support::{Town, shown, thorp_at, town_command, without_jail};
use std::net::TcpListener;
use std::path::Path;
use tempfile::TempDir;

fn check(folder: &Path, args: &[&str]) -> String {
    let output = town_command(folder, args).output().unwrap();
    shown(&output, &[(folder.display().to_string(), "[folder]")])
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn beyond_loopback() {
    let folder = folder();
    let listen = ["--listen", "0.0.0.0:0", "--insecure-no-jail"];
    let output = without_jail(&town_command(folder.path(), &listen))
        .output()
        .unwrap();
    let said = shown(&output, &[]);
    let port = said
        .split("0.0.0.0:")
        .nth(1)
        .unwrap()
        .split('`')
        .next()
        .unwrap()
        .to_owned();
    insta::assert_snapshot!(shown(&output, &[(port, "[port]")]), @r#"
    exit: 2
    --- stderr
    [time]  WARN thorp::serve::jail: THERE IS NO JAIL AROUND VALS (`--insecure-no-jail`): a hole in Deno is a hole in this machine
    error: `--listen 0.0.0.0:[port]` would let other machines in, and this machine gives no jail to run vals in
      a hole in Deno would be a hole in this machine, for everybody who can send a request

    hint: listen on `127.0.0.1:8700` and reach it through `ssh -L 8700:127.0.0.1:8700 HOST`
    "#);
}

#[test]
fn no_jail() {
    let folder = folder();
    let output = without_jail(&town_command(folder.path(), &[]))
        .output()
        .unwrap();
    insta::assert_snapshot!(shown(&output, &[]), @r#"
    exit: 4
    --- stderr
    error: this machine gives no jail to run vals in
      the whole jail: cannot confine a process: unshare(CLONE_NEWUSER): No space left on device (os error 28)
      a jail for one user: cannot confine a process: unshare(CLONE_NEWUSER): No space left on device (os error 28)
      namespaces: cannot confine a process: unshare(CLONE_NEWUSER): No space left on device (os error 28)
      a user for each sandbox: cannot give up capabilities: Operation not permitted (os error 1)

    hint: `thorp doctor` says what to do; `--insecure-no-jail` does without, for vals that you wrote yourself
    "#);
}

#[test]
fn an_egress_rule_that_is_none() {
    insta::assert_snapshot!(check(folder().path(), &["--egress-allow", "https://db.internal"]), @r#"
    exit: 2
    --- stderr
    error: `https://db.internal` is not an egress rule: it is a URL

    hint: write the host and the port only, as `api.example.com:443`
    "#);
}

#[test]
fn a_port_that_is_in_use() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let output = town_command(folder().path(), &["--listen", &address.to_string()])
        .output()
        .unwrap();
    let port = (address.port().to_string(), "[port]");
    insta::assert_snapshot!(shown(&output, &[port]), @r"
    exit: 5
    --- stderr
    error: port [port] of 127.0.0.1 is in use

    hint: stop what listens there, or take a free port with `--listen 127.0.0.1:0`
    ");
}

#[test]
fn a_folder_that_another_town_has() {
    let town = Town::start();
    let said = check(town.folder(), &[]).replace(&town.id().to_string(), "[process]");
    insta::assert_snapshot!(said, @r"
    exit: 5
    --- stderr
    error: the data folder `[folder]/data` is in use by process [process]

    hint: stop the other server, or choose another folder with `--data`
    ");
}

#[test]
fn deno_that_is_not_where_it_was_said_to_be() {
    insta::assert_snapshot!(check(folder().path(), &["--deno", "/nope/deno"]), @r"
    exit: 2
    --- stderr
    error: there is no Deno at `/nope/deno`

    hint: `--deno` and `THORP_DENO` name the binary itself; without them it is looked for
    ");
}

/// From a copy of the program that has no `node_modules` above it.
#[test]
fn deno_that_is_nowhere() {
    let folder = folder();
    let copy = folder.path().join("thorp");
    std::fs::copy(env!("CARGO_BIN_EXE_thorp"), &copy).unwrap();
    let output = thorp_at(&copy)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("PATH", "")
        .current_dir(&folder)
        .output();
    insta::assert_snapshot!(shown(&output.unwrap(), &[]), @r"
    exit: 2
    --- stderr
    error: Deno is missing: neither a `node_modules` folder here or above nor the PATH has it

    hint: run `npm ci` in Thorp's folder, or name Deno 2.9.6 with `--deno PATH`
    ");
    assert!(!folder.path().join("thorp-data").exists());
}

#[test]
fn a_program_that_is_not_deno() {
    let said = check(folder().path(), &["--deno", "/bin/true"]);
    insta::assert_snapshot!(said, @r"
    exit: 4
    --- stderr
    error: Deno at `/bin/true` is version `true (GNU coreutils) 9.1`, but `2.9.x` is needed

    hint: `thorp doctor` finds out what is missing
    ");
}

#[test]
fn a_pool_upside_down() {
    insta::assert_snapshot!(check(folder().path(), &["--pool-floor", "3", "--pool-ceiling", "2"]), @r"
    exit: 2
    --- stderr
    error: `--pool-floor 3` is more than `--pool-ceiling 2`
    ");
}

#[test]
fn settings_from_the_environment() {
    let folder = folder();
    let output = town_command(folder.path(), &[])
        .env("THORP_POOL_CEILING", "many")
        .output()
        .unwrap();
    insta::assert_snapshot!(shown(&output, &[]), @r"
    exit: 2
    --- stderr
    error: invalid value 'many' for '--pool-ceiling <N>': invalid digit found in string

    For more information, try '--help'.
    ");
}

#[test]
fn a_folder_whose_name_deno_would_misread() {
    let folder = folder();
    insta::assert_snapshot!(check(folder.path(), &["--data", "/nope/two, words"]), @r"
    exit: 2
    --- stderr
    error: `/nope/two, words` cannot be a data folder: its path has characters other than letters, digits and `/-_.@+`

    hint: choose another folder with `--data`
    ");
}

#[test]
fn a_mail_server_that_makes_no_sense() {
    let folder = folder();
    let from = ["--smtp-from", "town@example.com"];
    let with_url = |url| check(folder.path(), &[&["--smtp-url", url], &from[..]].concat());
    insta::assert_snapshot!(with_url("smtps://me:secret@mail.example.com"), @r"
    exit: 2
    --- stderr
    error: this is not the URL of a mail server

    hint: write it like `smtps://user@mail.example.com` or `smtp://127.0.0.1:25`, without the password
    ");
    insta::assert_snapshot!(with_url("smtps://me@mail.example.com"), @r"
    exit: 2
    --- stderr
    error: there is a user for the mail server, and no password

    hint: put it into a file and name it with `--smtp-password-file`, or set `THORP_SMTP_PASSWORD`
    ");
    let missing = [
        "--smtp-url",
        "smtp://127.0.0.1",
        "--smtp-password-file",
        "/nowhere/password",
    ];
    insta::assert_snapshot!(check(folder.path(), &[&missing[..], &from[..]].concat()), @r"
    exit: 2
    --- stderr
    error: cannot read `/nowhere/password`: No such file or directory (os error 2)
    ");
}

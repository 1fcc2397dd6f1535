//! A town that cannot be kept says why, and prints nothing on stdout.

use super::support::{Town, shown, thorp_at, town_command};
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
    insta::assert_snapshot!(check(folder().path(), &["--listen", "0.0.0.0:8700"]), @"");
}

#[test]
fn a_port_that_is_in_use() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let output = town_command(folder().path(), &["--listen", &address.to_string()]).output().unwrap();
    let port = (address.port().to_string(), "[port]");
    insta::assert_snapshot!(shown(&output, &[port]), @"");
}

#[test]
fn a_folder_that_another_town_has() {
    let town = Town::start();
    let said = check(town.folder(), &[]).replace(&town.id().to_string(), "[process]");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn deno_that_is_not_where_it_was_said_to_be() {
    insta::assert_snapshot!(check(folder().path(), &["--deno", "/nope/deno"]), @"");
}

/// From a copy of the program that has no `node_modules` above it.
#[test]
fn deno_that_is_nowhere() {
    let folder = folder();
    let copy = folder.path().join("thorp");
    std::fs::copy(env!("CARGO_BIN_EXE_thorp"), &copy).unwrap();
    let output = thorp_at(&copy).args(["serve", "--listen", "127.0.0.1:0"]).env("PATH", "").current_dir(&folder).output();
    insta::assert_snapshot!(shown(&output.unwrap(), &[]), @"");
    assert!(!folder.path().join("thorp-data").exists());
}

#[test]
fn a_program_that_is_not_deno() {
    let said = check(folder().path(), &["--deno", "/bin/true"]);
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_pool_upside_down() {
    insta::assert_snapshot!(check(folder().path(), &["--pool-floor", "3", "--pool-ceiling", "2"]), @"");
}

#[test]
fn settings_from_the_environment() {
    let folder = folder();
    let output = town_command(folder.path(), &[]).env("THORP_POOL_CEILING", "many").output().unwrap();
    insta::assert_snapshot!(shown(&output, &[]), @"");
}

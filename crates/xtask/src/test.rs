//! `cargo xtask test`: every test there is.

use std::process::Command;

use anyhow::Result;

use crate::tasks::{Task, run_all};
use crate::tree::Tree;
use crate::{npm, say, sh};

/// Runs all tests, or with a filter only the Rust tests whose name contains it. Quick ones come first; the long list of
/// Rust tests comes last, so that its closing line stands right above the summary.
pub(crate) fn run(tree: &Tree, filter: Option<&str>) -> Result<()> {
    say::heading("preparing");
    npm::install(&tree.root)?;
    sh::run(&mut tree.cargo(BUILD))?;
    let mut tasks = Vec::new();
    if filter.is_none() {
        tasks.extend(javascript_tasks(tree));
        tasks.push(Task::new(
            "documentation examples",
            "cargo test --doc --workspace",
            || {
                sh::run(&mut with_parts(
                    tree,
                    tree.cargo(&["test", "--doc", "--workspace", "--quiet"]),
                ))
            },
        ));
    }
    tasks.push(Task::new(
        "Rust tests",
        "cargo xtask test NAME_OF_A_TEST",
        move || sh::run(&mut with_parts(tree, rust_tests(tree, filter))),
    ));
    run_all(
        "test",
        tasks,
        "`cargo xtask serve` to try it, `cargo xtask check` before you push",
    )
}

/// All targets at once: the binary that tests start and the tests themselves share one set of features, so that nothing
/// is built twice.
const BUILD: &[&str] = &["build", "--workspace", "--all-targets"];

fn javascript_tasks(tree: &Tree) -> Vec<Task<'_>> {
    let mut tasks = Vec::new();
    if tree.has("guest/deno.json") {
        tasks.push(Task::new("guest", "cd guest && deno test", || {
            guest_tests(tree)
        }));
    }
    if bench_tests(tree).is_ok_and(|files| !files.is_empty()) {
        tasks.push(Task::new("bench", "node --test bench", || {
            sh::run(
                Command::new("node")
                    .current_dir(&tree.root)
                    .arg("--test")
                    .args(bench_tests(tree)?),
            )
        }));
    }
    tasks
}

fn guest_tests(tree: &Tree) -> Result<()> {
    let mut deno = with_parts(tree, tree.deno(&["test", "--quiet", "--allow-all"])?);
    sh::run(deno.current_dir(tree.root.join("guest")))
}

fn bench_tests(tree: &Tree) -> Result<Vec<String>> {
    let mut files = tree.files()?;
    files.retain(|path| path.starts_with("bench/") && path.ends_with(".test.mjs"));
    Ok(files)
}

fn rust_tests(tree: &Tree, filter: Option<&str>) -> Command {
    let runner: &[&str] = match sh::succeeds(&mut tree.cargo(&["nextest", "--version"])) {
        true => &["nextest", "run", "--workspace"],
        false => &["test", "--workspace", "--all-targets"],
    };
    let mut command = tree.cargo(runner);
    command.args(filter);
    command
}

/// Tells the tests where the real parts are.
fn with_parts(tree: &Tree, mut command: Command) -> Command {
    command.env("THORP_BIN", tree.built("debug", "thorp"));
    command.env("THORP_DENO", tree.deno_path());
    command
}

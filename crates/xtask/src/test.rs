//! `cargo xtask test`: every test there is.

use std::process::Command;

use anyhow::Result;

use crate::tasks::{Task, run_all};
use crate::tree::Tree;
use crate::{debian, npm, say, sh};

/// Runs all tests, or with a filter only the Rust tests whose name contains it. Quick ones come first; the long list of
/// Rust tests comes last, so that its closing line stands right above the summary.
pub(crate) fn run(tree: &Tree, filter: Option<&str>) -> Result<()> {
    say::heading("preparing");
    npm::install(&tree.root)?;
    debian::install()?;
    sh::run(&mut tree.cargo(BUILD))?;
    let mut tasks = Vec::new();
    if filter.is_none() {
        tasks.push(Task::new("guest", "cd guest && deno test", || {
            guest_tests(tree)
        }));
        tasks.push(Task::new("bench", BENCH_AGAIN, || bench_tests(tree)));
        tasks.push(Task::new("documentation examples", DOC_AGAIN, || {
            doc_tests(tree)
        }));
    }
    tasks.push(Task::new("Rust tests", RUST_AGAIN, || {
        rust_tests(tree, filter)
    }));
    run_all("test", tasks, NEXT)
}

const BENCH_AGAIN: &str = "node --test bench/test/*.test.mjs";
const DOC_AGAIN: &str = "cargo test --doc --workspace";
const RUST_AGAIN: &str = "cargo xtask test NAME_OF_A_TEST";
const NEXT: &str = "`cargo xtask serve` to try it, `cargo xtask check` before you push";

/// All targets at once: the binary that tests start and the tests themselves share one set of features, so that nothing
/// is built twice.
const BUILD: &str = "build --workspace --all-targets";

fn guest_tests(tree: &Tree) -> Result<()> {
    let mut deno = tree.deno("test --quiet --permit-no-files --allow-all")?;
    run_with_parts(tree, deno.current_dir(tree.root.join("guest")))
}

fn bench_tests(tree: &Tree) -> Result<()> {
    let mut files = tree.files()?;
    files.retain(|path| path.starts_with("bench/") && path.ends_with(".test.mjs"));
    if files.is_empty() {
        return Ok(()); // without a file, Node would look for tests everywhere
    }
    let mut node = Command::new("node");
    node.current_dir(&tree.root).arg("--test").args(files);
    run_with_parts(tree, &mut node)
}

fn doc_tests(tree: &Tree) -> Result<()> {
    run_with_parts(tree, &mut tree.cargo("test --doc --workspace --quiet"))
}

fn rust_tests(tree: &Tree, filter: Option<&str>) -> Result<()> {
    let words = match sh::succeeds(&mut tree.cargo("nextest --version")) {
        true => "nextest run --workspace",
        false => "test --workspace --all-targets",
    };
    run_with_parts(tree, tree.cargo(words).args(filter))
}

/// Tells the tests where the real parts are.
fn run_with_parts(tree: &Tree, command: &mut Command) -> Result<()> {
    command.env("THORP_BIN", tree.built("debug", "thorp"));
    command.env("THORP_DENO", tree.deno_path());
    sh::run(command)
}

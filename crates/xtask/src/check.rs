//! `cargo xtask check`: everything that can be said of the sources without running them.

use std::process::Command;

use anyhow::{Result, bail};

use crate::tasks::{Task, run_all};
use crate::tree::Tree;
use crate::{deny, npm, sh, text};

/// Each holds a `deno.json` with its own settings.
const DENO_FOLDERS: [&str; 2] = ["guest", "examples"];

const BY_HAND: &str = "change the lines that are named above";
const CLIPPY: &str = "clippy --workspace --all-targets -- -D warnings";
const CLIPPY_FIX: &str = "cargo clippy --workspace --all-targets --fix --allow-dirty";
const DOC: &str = "doc --no-deps --workspace";
const DOC_AGAIN: &str = "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --workspace";
const DENO_FMT_FIX: &str = "node_modules/@deno/linux-x64-glibc/deno fmt guest examples";

/// Runs every check, the quick ones first, then says which failed and how to mend each.
pub(crate) fn run(tree: &Tree) -> Result<()> {
    let tasks = vec![
        Task::new("rustfmt", "cargo fmt", || cargo(tree, "fmt --all --check")),
        Task::new("text rules", BY_HAND, || text::run(tree)),
        Task::new("dependencies", "cargo xtask deny", || deny::run(tree)),
        Task::new("shell", "bash -n .ci/run", || shell(tree)),
        Task::new("Node packages", "npm ci", || npm::install(&tree.root)),
        Task::new("deno fmt", DENO_FMT_FIX, || deno(tree, "fmt --check")),
        Task::new("deno lint", BY_HAND, || deno(tree, "lint")),
        Task::new("deno check", BY_HAND, || deno(tree, "check")),
        Task::new("clippy", CLIPPY_FIX, || cargo(tree, CLIPPY)),
        Task::new("rustdoc", DOC_AGAIN, || rustdoc(tree)),
    ];
    run_all("check", tasks, "`cargo xtask test`")
}

fn cargo(tree: &Tree, words: &str) -> Result<()> {
    sh::run(&mut tree.cargo(words))
}

fn rustdoc(tree: &Tree) -> Result<()> {
    sh::run(tree.cargo(DOC).env("RUSTDOCFLAGS", "-D warnings"))
}

fn shell(tree: &Tree) -> Result<()> {
    let mut bash = Command::new("bash");
    sh::run(bash.current_dir(&tree.root).args(["-n", ".ci/run"]))
}

/// Runs in each folder, even when it fails in one.
fn deno(tree: &Tree, words: &str) -> Result<()> {
    let mut failed = Vec::new();
    for folder in DENO_FOLDERS {
        if !tree.has(format!("{folder}/deno.json")) {
            bail!("`{folder}/deno.json` is missing");
        }
        let mut command = tree.deno(words)?;
        command
            .args(["--quiet", "."])
            .current_dir(tree.root.join(folder));
        if let Err(error) = sh::run(&mut command) {
            failed.push(format!("in {folder}: {error}"));
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    Ok(())
}

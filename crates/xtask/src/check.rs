//! `cargo xtask check`: everything that can be said of the sources without running them.

use std::process::Command;

use anyhow::Result;

use crate::tasks::{Task, run_all};
use crate::tree::Tree;
use crate::{deny, npm, sh, text};

/// Both folders are read with the guest's settings: examples are code that the guest runs.
const DENO_CONFIG: &str = "guest/deno.json";
const DENO_FOLDERS: [&str; 2] = ["guest/", "examples/"];
const SCRIPT_TYPES: [&str; 5] = [".ts", ".tsx", ".js", ".jsx", ".mjs"];

/// Runs every check, then says which failed and how to mend each.
pub(crate) fn run(tree: &Tree) -> Result<()> {
    let mut tasks = vec![
        Task::new("rustfmt", "cargo fmt", || {
            sh::run(&mut tree.cargo(&["fmt", "--all", "--check"]))
        }),
        Task::new(
            "text rules",
            "change the lines that are named above",
            || text::run(tree),
        ),
        Task::new("dependencies", "cargo xtask deny", || deny::run(tree)),
        Task::new("shell", "bash -n .ci/run", || {
            sh::run(bash_syntax(tree).args(["-n", ".ci/run"]))
        }),
    ];
    tasks.extend(deno_tasks(tree));
    tasks.push(Task::new(
        "clippy",
        "cargo clippy --workspace --all-targets --fix --allow-dirty",
        || {
            sh::run(&mut tree.cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]))
        },
    ));
    tasks.push(Task::new(
        "rustdoc",
        "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --workspace",
        || {
            sh::run(
                tree.cargo(&["doc", "--no-deps", "--workspace"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            )
        },
    ));
    run_all("check", tasks, "`cargo xtask test`")
}

fn bash_syntax(tree: &Tree) -> Command {
    let mut bash = Command::new("bash");
    bash.current_dir(&tree.root);
    bash
}

fn deno_tasks(tree: &Tree) -> Vec<Task<'_>> {
    let mend =
        "node_modules/@deno/linux-x64-glibc/deno fmt --config guest/deno.json guest examples";
    vec![
        Task::new("Node packages", "npm ci", || npm::install(&tree.root)),
        Task::new("deno fmt", mend, || deno(tree, &["fmt", "--check"])),
        Task::new("deno lint", "change the lines that are named above", || {
            deno(tree, &["lint"])
        }),
        Task::new(
            "deno check",
            "change the lines that are named above",
            || deno(tree, &["check"]),
        ),
    ]
}

fn deno(tree: &Tree, args: &[&str]) -> Result<()> {
    let mut files = tree.files()?;
    files.retain(|path| is_script(path));
    if files.is_empty() || !tree.has(DENO_CONFIG) {
        return Ok(());
    }
    sh::run(
        tree.deno(args)?
            .args(["--quiet", "--config", DENO_CONFIG])
            .args(files),
    )
}

fn is_script(path: &str) -> bool {
    let in_folder = DENO_FOLDERS.iter().any(|folder| path.starts_with(folder));
    in_folder && SCRIPT_TYPES.iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_the_guest_and_the_examples_are_checked() {
        assert!(is_script("guest/main.ts"));
        assert!(is_script("examples/page/main.tsx"));
        assert!(!is_script("bench/run.mjs"));
        assert!(!is_script("examples/README.md"));
    }
}

//! `cargo xtask deny`: what the dependencies may be. Reads `cargo metadata` only, so it needs no other tool.

mod graph;
mod licence;
mod policy;
mod rules;

use anyhow::{Result, bail};

use crate::tree::Tree;
use crate::{say, sh};

/// Thorp runs on Linux only; what other systems would need is never built.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Checks every rule and names each place that breaks one.
pub(crate) fn run(tree: &Tree) -> Result<()> {
    let metadata = sh::read(&mut tree.cargo(&format!(
        "metadata --format-version 1 --filter-platform {TARGET}"
    )))?;
    let graph = graph::Graph::read(&metadata)?;
    let broken = rules::check(&graph);
    for line in &broken {
        say::line(line);
    }
    if !broken.is_empty() {
        bail!(
            "the dependencies break {} rules\n\nhint: the rules stand in `crates/xtask/src/deny/policy.rs`",
            broken.len()
        );
    }
    say::line(&format!(
        "{} packages follow the rules",
        graph.packages.len()
    ));
    Ok(())
}

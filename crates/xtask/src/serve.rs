//! `cargo xtask serve`: from a fresh clone to a running town.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Result;

use crate::tree::Tree;
use crate::{npm, say, sh};

/// Builds what is needed and becomes `thorp serve`, so that stdout and signals are the town's own.
pub(crate) fn run(tree: &Tree, args: &[String]) -> Result<()> {
    say::line("1/3 Node packages");
    npm::install(&tree.root)?;
    say::line("2/3 building `thorp`; the first time takes some minutes");
    sh::run(&mut tree.cargo("build --release --package thorp"))?;
    let mut thorp = Command::new(tree.built("release", "thorp"));
    thorp.arg("serve").args(args);
    if std::env::var_os("THORP_DENO").is_none() {
        thorp.env("THORP_DENO", tree.deno_path());
    }
    say::line(&format!("3/3 {}", sh::show(&thorp)));
    let error = thorp.exec();
    Err(sh::not_started(&thorp, error))
}

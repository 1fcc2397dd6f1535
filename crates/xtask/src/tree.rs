//! Where things are in this checkout, and the commands that start from it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::sh;

/// The checkout that xtask was started in.
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Tree {
    /// Asks cargo, so that `CARGO_TARGET_DIR` and `build.target-dir` are respected.
    pub(crate) fn find() -> Result<Self> {
        let mut metadata = cargo_command();
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata: Value = serde_json::from_str(&sh::read(&mut metadata)?)?;
        let folder = |key: &str| {
            let path = metadata[key].as_str().map(PathBuf::from);
            path.with_context(|| format!("`cargo metadata` did not say `{key}`"))
        };
        Ok(Self {
            root: folder("workspace_root")?,
            target: folder("target_directory")?,
        })
    }

    /// A cargo command in the root folder; its arguments are written as one text, so none may hold a space.
    pub(crate) fn cargo(&self, words: &str) -> Command {
        let mut command = cargo_command();
        command.current_dir(&self.root).args(words.split(' '));
        command
    }

    /// A binary that cargo built; `profile` is the folder's name, `debug` or `release`.
    pub(crate) fn built(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }

    /// The pinned Deno, as `npm ci` unpacks it; there is no install script to run.
    pub(crate) fn deno_path(&self) -> PathBuf {
        self.root.join("node_modules/@deno/linux-x64-glibc/deno")
    }

    /// The pinned Deno in the root folder, with nothing taken from or left in the user's home.
    pub(crate) fn deno(&self, words: &str) -> Result<Command> {
        let deno = self.deno_path();
        if !deno.is_file() {
            bail!("`{}` is missing\n\nhint: npm ci", deno.display());
        }
        let mut command = Command::new(deno);
        command.current_dir(&self.root).args(words.split(' '));
        command.env("DENO_DIR", self.target.join("deno"));
        command
            .env("DENO_NO_UPDATE_CHECK", "1")
            .env("DENO_NO_PACKAGE_JSON", "1");
        Ok(command)
    }

    /// Every file that is tracked or could be, relative to the root, sorted.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let mut git = Command::new("git");
        git.current_dir(&self.root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let listed = sh::read(&mut git)?;
        let mut files: Vec<String> = listed
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(String::from)
            .collect();
        files.retain(|path| self.root.join(path).is_file());
        files.sort_unstable();
        files.dedup();
        Ok(files)
    }

    /// Whether the checkout holds `path`.
    pub(crate) fn has(&self, path: impl AsRef<Path>) -> bool {
        self.root.join(path).exists()
    }
}

/// The cargo that started xtask, or the one on the path when the binary is started by hand.
fn cargo_command() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_found_and_holds_this_file() {
        let tree = Tree::find().unwrap();
        assert!(tree.has("crates/xtask/src/tree.rs"));
        assert!(tree.files().unwrap().contains(&"Cargo.toml".to_string()));
    }
}

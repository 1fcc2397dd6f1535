//! The servers that tests speak with: Debian packages, installed only when they're missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{say, sh};

/// A package, and where its program is once it's installed; a folder's name may follow in between.
const PACKAGES: [(&str, &str, &str); 3] = [
    ("postgresql", "/usr/lib/postgresql", "bin/initdb"),
    ("redis-server", "/usr", "redis-server"),
    ("python3-aiosmtpd", "/usr/lib/python3", "aiosmtpd"),
];

/// Installs what is missing. Only root can; others are told what to ask for.
pub(crate) fn install() -> Result<()> {
    let missing: Vec<&str> = PACKAGES
        .into_iter()
        .filter(|(_, folder, program)| !is_below(Path::new(folder), program))
        .map(|(package, ..)| package)
        .collect();
    if missing.is_empty() {
        say::line("the servers that tests speak with are there");
        return Ok(());
    }
    // An old list of packages names files that may be gone.
    sh::run(apt_get().args(["update", "--quiet"]))?;
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    sh::run(apt_get().args(install).args(missing))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Whether a folder's folders hold a program.
fn is_below(folder: &Path, program: &str) -> bool {
    let folders = folder.read_dir().into_iter().flatten().flatten();
    folders
        .map(|entry| entry.path().join(program))
        .any(|path: PathBuf| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_one_folder_below() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(is_below(here, "main.rs"));
        assert!(!is_below(here, "no-such-file.rs"));
        assert!(!is_below(&here.join("no-such-folder"), "main.rs"));
    }
}

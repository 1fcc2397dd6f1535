//! Installs Node packages, only when they're missing or older than the lock file.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;

use crate::{say, sh};

/// Written by npm when an installation is complete.
const INSTALLED: &str = "node_modules/.package-lock.json";

/// `npm ci` in `dir`, when needed. No install script runs, and no setting of the user's is needed.
pub(crate) fn install(dir: &Path) -> Result<()> {
    if is_fresh(
        modified(&dir.join(INSTALLED)),
        modified(&dir.join("package-lock.json")),
    ) {
        say::line("Node packages are up to date");
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.current_dir(dir)
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    sh::run(npm.env("npm_config_update_notifier", "false"))
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata()
        .and_then(|metadata| metadata.modified())
        .ok()
}

fn is_fresh(installed: Option<SystemTime>, lock: Option<SystemTime>) -> bool {
    installed.is_some() && installed >= lock
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn packages_are_fresh_when_installed_after_the_lock_was_written() {
        let early = SystemTime::UNIX_EPOCH;
        let late = early + Duration::from_secs(1);
        assert!(is_fresh(Some(late), Some(early)));
        assert!(is_fresh(Some(early), Some(early)));
        assert!(!is_fresh(Some(early), Some(late)));
        assert!(!is_fresh(None, Some(early)));
    }
}

//! The Deno binary, found and of the right version, and the bundler beside it.

use super::Check;
use crate::serve::deno::{PINNED, find};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NAME: &str = "deno";

/// Looks for the binary as `thorp serve` does and asks it for its version.
pub(super) fn check(told: Option<&Path>) -> (Check, Option<PathBuf>) {
    match find(told) {
        Err(failure) => (
            Check::failed(NAME, failure.message, failure.hint.unwrap_or_default()),
            None,
        ),
        Ok(path) => (judge(&path, version(&path)), Some(path)),
    }
}

fn judge(path: &Path, version: Option<String>) -> Check {
    let at = path.display();
    let install =
        format!("run `npm ci` in Thorp's folder, or name Deno {PINNED} with `--deno PATH`");
    match version {
        None => Check::failed(NAME, format!("`{at}` does not tell its version"), install),
        Some(version) if version == PINNED => Check::ok(NAME, format!("{version} at {at}")),
        Some(version) if same_minor(&version) => Check::warning(
            NAME,
            format!("{version} at {at}; Thorp is tested with {PINNED}"),
            install,
        ),
        Some(version) => Check::failed(
            NAME,
            format!("{version} at {at}, but Thorp needs {PINNED}"),
            install,
        ),
    }
}

fn same_minor(version: &str) -> bool {
    let minor = |text: &str| text.rsplit_once('.').map(|(minor, _)| minor.to_owned());
    minor(version) == minor(PINNED)
}

/// `deno 2.9.6 (stable, …)` in the first line.
fn version(path: &Path) -> Option<String> {
    let output = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines()
        .next()?
        .split_whitespace()
        .nth(1)
        .map(str::to_owned)
}

/// The bundler that `npm ci` puts beside Deno. A town works without it.
pub(super) fn esbuild(deno: Option<&Path>) -> Check {
    const NAME: &str = "esbuild";
    match deno.and_then(thorp_town::esbuild_beside) {
        Some(path) => Check::ok(NAME, path.display().to_string()),
        None => Check::warning(
            NAME,
            "not found beside Deno: vals that import packages start more slowly",
            "run `npm ci` in Thorp's folder",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn only_the_pinned_version_is_wholly_well() {
        let state =
            |version: Option<&str>| judge(Path::new("/d"), version.map(str::to_owned)).state;
        assert_eq!(state(Some(PINNED)), State::Ok);
        assert_eq!(state(Some("2.9.0")), State::Warning);
        assert_eq!(
            [state(Some("2.10.6")), state(Some("1.46.0")), state(None)],
            [State::Failed; 3]
        );
    }
}

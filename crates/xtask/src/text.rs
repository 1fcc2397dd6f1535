//! Rules on the text of the repository's files that no other tool knows.

use anyhow::{Result, bail};

use crate::say;
use crate::tree::Tree;

/// A file above this many lines is worth a second look; it is no mistake.
const SOURCE_LINES_ADVISED: usize = 600;

/// Where a checkout gets its packages is the business of the machine's settings, not of the repository. The names are
/// put together here so that this file keeps its own rule.
const REGISTRY_HOSTS: [&str; 5] = [
    concat!("registry", ".npmjs", ".org"),
    concat!("registry", ".yarnpkg", ".com"),
    concat!("crates", ".io"),
    concat!("jsr", ".io"),
    concat!("pypi", ".org"),
];

/// Cargo itself writes the address of its registry here.
const MAY_NAME_HOSTS: [&str; 1] = ["Cargo.lock"];

/// The one crate that may have unsafe code.
const UNSAFE_CRATE: &str = "crates/thorp-jail/";

/// One rule broken in one place.
#[derive(Debug, PartialEq)]
struct Finding {
    place: String,
    what: String,
}

/// Checks all files of the checkout; advice is printed but fails nothing.
pub(crate) fn run(tree: &Tree) -> Result<()> {
    let mut findings = Vec::new();
    for path in tree.files()? {
        let Ok(text) = std::fs::read_to_string(tree.root.join(&path)) else {
            continue;
        }; // binary
        findings.extend(check(&path, &text));
        if let Some(advice) = advice(&path, &text) {
            say::line(&format!("advice: {advice}"));
        }
    }
    for finding in &findings {
        say::line(&format!("{}: {}", finding.place, finding.what));
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("{count} places break a rule"),
    }
}

fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let broken = [
            names_registry(path, line),
            unsafe_allowed(path, line),
            lock_has_address(path, line),
        ];
        findings.extend(broken.into_iter().flatten().map(|what| Finding {
            place: format!("{path}:{}", index + 1),
            what,
        }));
    }
    findings.extend(lints_not_shared(path, text).map(|what| Finding {
        place: path.to_string(),
        what,
    }));
    findings
}

fn names_registry(path: &str, line: &str) -> Option<String> {
    if MAY_NAME_HOSTS.contains(&path) {
        return None;
    }
    let host = REGISTRY_HOSTS.iter().find(|host| line.contains(*host))?;
    Some(format!(
        "names the registry host `{host}`; leave the registry to the machine's settings"
    ))
}

fn unsafe_allowed(path: &str, line: &str) -> Option<String> {
    let rust = path.ends_with(".rs") && !path.starts_with(UNSAFE_CRATE);
    let lifted = ["allow", "expect", "warn"]
        .iter()
        .any(|word| line.contains(&format!("{word}({}", "unsafe_code")));
    (rust && lifted).then(|| format!("only `{UNSAFE_CRATE}` may have unsafe code"))
}

fn lock_has_address(path: &str, line: &str) -> Option<String> {
    let lock = path == "package-lock.json" || path.ends_with("/package-lock.json");
    let address = line.trim_start().starts_with("\"resolved\":");
    (lock && address).then(|| {
        "has a `resolved` address; write the lock with `npm install --omit-lockfile-registry-resolved`".to_string()
    })
}

fn lints_not_shared(path: &str, text: &str) -> Option<String> {
    let manifest = path.starts_with("crates/") && path.ends_with("/Cargo.toml");
    (manifest && !text.contains("[lints]\nworkspace = true"))
        .then(|| "lacks `[lints]` with `workspace = true`".to_string())
}

fn advice(path: &str, text: &str) -> Option<String> {
    let source = [".rs", ".ts", ".tsx", ".mjs"]
        .iter()
        .any(|ending| path.ends_with(ending));
    let lines = text.lines().count();
    (source && lines > SOURCE_LINES_ADVISED).then(|| {
        format!("{path} has {lines} lines, more than {SOURCE_LINES_ADVISED}; is it one idea?")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_lines(path: &str, text: &str, expected: &[&str]) {
        let places: Vec<String> = check(path, text)
            .into_iter()
            .map(|finding| finding.place)
            .collect();
        assert_eq!(places, expected);
    }

    #[test]
    fn registry_hosts_are_found_anywhere_but_in_cargos_lock() {
        let text = format!("fine\nsource = \"https://{}/x\"\n", REGISTRY_HOSTS[0]);
        check_lines("docs/a.md", &text, &["docs/a.md:2"]);
        check_lines("Cargo.lock", &text, &[]);
    }

    #[test]
    fn unsafe_code_is_only_lifted_in_the_jail() {
        let text = format!("#![allow({})]\n", "unsafe_code");
        check_lines(
            "crates/thorp/src/main.rs",
            &text,
            &["crates/thorp/src/main.rs:1"],
        );
        check_lines("crates/thorp-jail/src/lib.rs", &text, &[]);
    }

    #[test]
    fn lock_files_hold_no_addresses() {
        let text =
            "{\n  \"resolved\": \"https://example.com/a.tgz\",\n  \"integrity\": \"sha512-x\"\n}\n";
        check_lines(
            "bench/package-lock.json",
            text,
            &["bench/package-lock.json:2"],
        );
        check_lines("docs/example.json", text, &[]);
    }

    #[test]
    fn every_crate_shares_the_workspace_lints() {
        check_lines(
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\n",
            &["crates/a/Cargo.toml"],
        );
        check_lines("crates/a/Cargo.toml", "[lints]\nworkspace = true\n", &[]);
    }

    #[test]
    fn long_sources_get_advice() {
        assert!(advice("a.rs", &"x\n".repeat(SOURCE_LINES_ADVISED + 1)).is_some());
        assert!(advice("a.rs", &"x\n".repeat(SOURCE_LINES_ADVISED)).is_none());
        assert!(advice("a.json", &"x\n".repeat(SOURCE_LINES_ADVISED + 1)).is_none());
    }
}

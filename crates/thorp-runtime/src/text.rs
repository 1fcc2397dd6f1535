//! What users read about paths: the same in every run, and nothing of where the sandbox and the guest really are.

use crate::{BODY_SOURCE_URL, MODULE_ROOT_URL};

/// Where users see their files, as a path.
const MODULE_ROOT: &str = "/val";

/// What the engine puts after the name of code that came as text.
const ANONYMOUS: &str = ", <anonymous>:";

/// Replaces the real paths in the texts of one sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    modules_url: String,
    modules: String,
    guest_url: String,
}

impl Paths {
    /// Both are absolute and need no escapes in a URL.
    pub(crate) fn new(modules: &str, guest: &str) -> Self {
        Self {
            modules_url: format!("file://{modules}/"),
            modules: modules.to_owned(),
            guest_url: format!("file://{guest}/"),
        }
    }

    /// A message or a log line.
    pub(crate) fn clean(&self, text: String) -> String {
        let text = if text.contains(&self.guest_url) {
            self.without_guest(&text)
        } else {
            text
        };
        let text = if text.contains(ANONYMOUS) {
            without_anonymous(&text)
        } else {
            text
        };
        if !text.contains(&self.modules) {
            return text;
        }
        text.replace(&self.modules_url, MODULE_ROOT_URL)
            .replace(&self.modules, MODULE_ROOT)
    }

    /// Frames of a stack that are the guest's say nothing to the user.
    fn without_guest(&self, text: &str) -> String {
        let is_guest =
            |line: &&str| line.trim_start().starts_with("at ") && line.contains(&self.guest_url);
        text.lines()
            .filter(|line| !is_guest(line))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn without_anonymous(text: &str) -> String {
    text.replace(
        &format!("{BODY_SOURCE_URL}{ANONYMOUS}"),
        &format!("{BODY_SOURCE_URL}:"),
    )
}

/// Cuts a text to at most so many bytes, between characters.
pub(crate) fn truncate(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}

#[cfg(test)]
mod tests {
    use super::{Paths, truncate};

    fn check(text: &str, expected: &str) {
        assert_eq!(
            Paths::new("/run/thorp/7/m", "/data/guest-1").clean(text.to_owned()),
            expected
        );
    }

    #[test]
    fn the_users_files_have_the_same_paths_in_every_run() {
        check(
            "at f (file:///run/thorp/7/m/main.tsx:1:2)",
            "at f (file:///val/main.tsx:1:2)",
        );
        check("cannot read /run/thorp/7/m/x", "cannot read /val/x");
        check("nothing of it", "nothing of it");
    }

    #[test]
    fn a_body_has_one_name() {
        check(
            "at eval (file:///val/eval, <anonymous>:3:7)",
            "at eval (file:///val/eval:3:7)",
        );
    }

    #[test]
    fn the_guest_is_not_seen() {
        check(
            "Error: x\n    at f (file:///val/eval:3:1)\n    at evaluate (file:///data/guest-1/program.ts:4:9)",
            "Error: x\n    at f (file:///val/eval:3:1)",
        );
    }

    #[test]
    fn texts_are_cut_between_characters() {
        let mut text = "aü".to_owned();
        truncate(&mut text, 2);
        assert_eq!(text, "a");
    }
}

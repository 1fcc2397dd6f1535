//! What people and programs read: data on stdout, everything else on stderr, colour only on terminals.
//!
//! Text from a town is never trusted: whatever reaches a terminal passes through [`clean`] first.

pub(crate) mod diagnostics;
pub(crate) mod diff;
pub(crate) mod json;
pub(crate) mod progress;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod time;

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// A line for people, on stdout.
pub(crate) fn line(text: impl Display) {
    // A reader that left (`thorp vals | head -1`) is not a failure.
    let _ = writeln!(anstream::stdout().lock(), "{text}");
}

/// A line beside the data, on stderr.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Data for programs, on stdout, as it is.
pub(crate) fn data(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Whether a person looks at stderr.
pub(crate) fn watched() -> bool {
    std::io::stderr().is_terminal()
}

/// The text with every control character but line ends and tabs made visible, so that it cannot steer a terminal.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if steers(c) {
            safe.extend(c.escape_unicode())
        } else {
            safe.push(c)
        }
    }
    Cow::Owned(safe)
}

/// Control characters, and the marks that make text look reordered (the "Trojan Source" attack).
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn control_characters_cannot_reach_a_terminal() {
        assert_eq!(clean("a\tb\nc"), "a\tb\nc");
        assert_eq!(clean("\u{1b}[2Jx\u{202e}"), "\\u{1b}[2Jx\\u{202e}");
    }
}

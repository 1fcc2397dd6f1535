//! The one place that prints, always to stderr.

/// Prints one line, or a text of several.
#[expect(
    clippy::print_stderr,
    reason = "a command-line tool talks to the person who started it"
)]
pub(crate) fn line(text: &str) {
    eprintln!("{text}");
}

/// Prints the heading of a step, with an empty line before it.
pub(crate) fn heading(text: &str) {
    line(&format!("\n== {text}"));
}

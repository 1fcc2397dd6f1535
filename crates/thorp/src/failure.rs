//! Why a command did not do its work: what it prints, and the exit code.

use crate::output;
use std::process::ExitCode;

/// The exit codes, as `thorp --help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The user's program failed, or a check did.
    Program = 1,
    /// The command line or what it names makes no sense.
    Usage = 2,
    /// Not logged in, not allowed, or no such thing.
    Refused = 3,
    /// The town cannot be reached, is busy or is broken.
    Unavailable = 4,
    /// Something else was there first.
    Conflict = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command's refusal or failure.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// What is wrong, without a trailing period.
    pub(crate) message: String,
    /// What belongs to it: a stack, a diff, lines of source.
    pub(crate) detail: Option<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// The town's own words, for `--json`.
    pub(crate) body: Option<String>,
}

impl Failure {
    /// A failure with nothing but a message.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            detail: None,
            hint: None,
            body: None,
        }
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A file or folder that cannot be used.
    pub(crate) fn file(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::usage(format!("cannot {what} `{}`: {error}", path.display()))
    }

    /// Adds what to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what belongs to it.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Prints it and says how the program ends.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        if json && let Some(body) = &self.body {
            output::data(body);
        }
        output::note(self.text());
        self.exit.into()
    }

    fn text(&self) -> String {
        use output::style::{ERROR, HINT};
        let mut text = format!("{ERROR}error:{ERROR:#} {}", output::clean(&self.message));
        if let Some(detail) = &self.detail {
            text.push('\n');
            text.push_str(detail.trim_end());
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("\n\n{HINT}hint:{HINT:#} {}", output::clean(hint)));
        }
        text
    }
}

//! What an attack is, and what it knows about its surroundings.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::raw::{call, n};

/// One thing to try.
pub(crate) struct Attack {
    /// `group.name`.
    pub(crate) name: &'static str,
    /// What is tried, for people.
    pub(crate) tries: &'static str,
    pub(crate) how: How,
}

/// How to tell whether it was contained.
pub(crate) enum How {
    /// The kernel has to refuse this; any other answer, even an error, means that it was done or looked into.
    Refused(fn(&Ground) -> Result<usize, i32>),
    /// The same, with a socket of this family, kind and protocol.
    Socket(i32, i32, i32),
    /// The attack says it itself.
    Says(fn(&Ground) -> Outcome),
}

/// What came of it.
pub(crate) enum Outcome {
    Contained(String),
    Escaped(String),
}

impl Attack {
    pub(crate) const fn refused(
        name: &'static str,
        tries: &'static str,
        call: fn(&Ground) -> Result<usize, i32>,
    ) -> Self {
        Self {
            name,
            tries,
            how: How::Refused(call),
        }
    }

    pub(crate) const fn says(
        name: &'static str,
        tries: &'static str,
        run: fn(&Ground) -> Outcome,
    ) -> Self {
        Self {
            name,
            tries,
            how: How::Says(run),
        }
    }

    pub(crate) fn run(&self, ground: &Ground) -> Outcome {
        match self.how {
            How::Refused(call) => refused(call(ground)),
            How::Socket(family, kind, protocol) => {
                refused(call(libc::SYS_socket, [n(family), n(kind), n(protocol)]))
            }
            How::Says(run) => run(ground),
        }
    }
}

/// The answers of a kernel that does not do it: not allowed, not known, not there, not from one mount to another.
const REFUSALS: &[i32] = &[
    libc::EPERM,
    libc::EACCES,
    libc::ENOSYS,
    libc::ENOENT,
    libc::EROFS,
    libc::EXDEV,
    libc::ESRCH,
    libc::EAFNOSUPPORT,
];

/// Contained if the kernel refused.
pub(crate) fn refused(result: Result<usize, i32>) -> Outcome {
    match result {
        Err(error) if REFUSALS.contains(&error) => Outcome::Contained(text(error)),
        Err(error) => Outcome::Escaped(format!("looked into: {}", text(error))),
        Ok(value) => Outcome::Escaped(format!("done: {value}")),
    }
}

/// Contained if it failed, however.
pub(crate) fn failed<T>(result: io::Result<T>, reached: impl FnOnce(T) -> String) -> Outcome {
    match result {
        Ok(value) => Outcome::Escaped(reached(value)),
        Err(error) => Outcome::Contained(error.to_string()),
    }
}

/// Escaped if one of them was; the last reason otherwise.
pub(crate) fn any(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
    let mut last = Outcome::Contained("nothing to try".to_owned());
    for outcome in outcomes {
        last = outcome;
        if matches!(last, Outcome::Escaped(_)) {
            break;
        }
    }
    last
}

pub(crate) fn text(error: i32) -> String {
    io::Error::from_raw_os_error(error).to_string()
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, reason) = match self {
            Self::Contained(reason) => ("contained", reason),
            Self::Escaped(reason) => ("ESCAPED", reason),
        };
        let reason: String = reason
            .chars()
            .map(|char| if char.is_control() { ' ' } else { char })
            .take(REASON_CHARS_MAX)
            .collect();
        write!(out, "{word}: {reason}")
    }
}

const REASON_CHARS_MAX: usize = 200;

/// What the attacker was told about the host: more than it could know.
pub(crate) struct Ground {
    words: HashMap<String, String>,
}

impl Ground {
    /// From arguments that look like `name=value`.
    pub(crate) fn new(args: impl Iterator<Item = String>) -> Self {
        let words = args
            .filter_map(|arg| {
                let (name, value) = arg.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect();
        Self { words }
    }

    pub(crate) fn word(&self, name: &str) -> &str {
        self.words.get(name).map_or("", String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> i64 {
        self.word(name).parse().unwrap_or(i64::from(i32::MAX))
    }

    pub(crate) fn path(&self, name: &str) -> &Path {
        Path::new(self.word(name))
    }

    pub(crate) fn join(&self, name: &str, below: &str) -> PathBuf {
        self.path(name).join(below)
    }

    /// Whether the attacker is in a network of its own, where TCP and UDP sockets may be made but not listen.
    pub(crate) fn has_network(&self) -> bool {
        self.word("network") == "own"
    }

    /// All of it again, for the same program in a new process.
    pub(crate) fn args(&self) -> impl Iterator<Item = String> {
        self.words
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
    }
}

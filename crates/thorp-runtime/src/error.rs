//! Why the runtime could not start.

use std::path::PathBuf;

/// Why the runtime could not start.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The Deno binary could not be run.
    #[error("cannot run Deno at `{}`: {source}", path.display())]
    DenoNotRunnable {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The Deno binary is of a version that the guest was not made for.
    #[error("Deno at `{}` is version `{found}`, but `{}.x` is needed", path.display(), crate::error::DENO_VERSION)]
    DenoVersion {
        /// The binary.
        path: PathBuf,
        /// What it says of itself.
        found: String,
    },
    /// A folder or file of the runtime could not be made.
    #[error("cannot prepare `{}`: {source}", path.display())]
    Prepare {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A folder's path cannot be given to Deno.
    #[error("`{}` cannot be used: {reason}", path.display())]
    BadPath {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The helper that confines sandboxes cannot be had.
    #[error(transparent)]
    Confine(#[from] thorp_jail::SpawnError),
    /// No sandbox could be started.
    #[error("cannot start a sandbox: {0}")]
    Start(String),
}

/// The versions of Deno that the guest was made for.
pub(crate) const DENO_VERSION: &str = "2.9";

impl RuntimeError {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::DenoNotRunnable { .. } | Self::DenoVersion { .. } => Some(
                "run `npm ci` in the project's folder, which installs the pinned Deno, or set its path",
            ),
            Self::BadPath { .. } => Some("choose a short path without commas"),
            Self::Prepare { .. } => Some("check that the folder exists and may be written"),
            Self::Confine(_) | Self::Start(_) => None,
        }
    }
}

//! What is to be started, and within what limits.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::limits;

/// A program to start in confinement.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program's absolute path.
    pub program: PathBuf,
    /// Its arguments, without its own name.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// The folder it starts in, as the process sees it.
    pub cwd: PathBuf,
    /// The name of a folder in [`crate::Jail::private`] that only this process sees, and only reads.
    pub private: Option<String>,
    /// Where its standard input comes from.
    pub stdin: Input,
    /// What it may use.
    pub limits: Limits,
}

/// Where a process's standard input comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// Nothing is to be read.
    #[default]
    Empty,
    /// A pipe, taken with [`crate::Sandbox::take_stdin`].
    Pipe,
}

/// What a process may use.
///
/// There is no limit of the address space: V8 reserves 50 GB of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Private memory that may be mapped for writing (`RLIMIT_DATA`), whether it is filled or not; none if absent.
    pub data_bytes: Option<u64>,
    /// The same where a control group bounds what is filled, see [`crate::Groups`].
    pub data_bytes_in_group: Option<u64>,
    /// The largest file that it may write.
    pub file_bytes: u64,
    /// Open descriptors.
    pub open_files: u64,
    /// Whether it has little processor time where others want it, until [`crate::Sandbox::raise_priority`]: none at all, if no
    /// control group gives it a part.
    pub idle_priority: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            data_bytes: None,
            data_bytes_in_group: None,
            file_bytes: limits::FILE_BYTES_MAX,
            open_files: limits::OPEN_FILES_MAX,
            idle_priority: false,
        }
    }
}

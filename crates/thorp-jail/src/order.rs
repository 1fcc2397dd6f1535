//! What the host and the zygote say to each other.
//!
//! The host sends one [`Setting`], then [`Order`]s, each a message with its descriptors (standard output, standard error,
//! standard input if there is one, where it enters its control groups, and a socket to send the listeners of its network if
//! it has one). The zygote answers each message with one: an [`Answer`], with the descriptor of
//! the process if it is an answer to an order.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::command::{Command, Input, Limits};
use crate::error::SpawnError;
use crate::jail::Jail;
use crate::limits::PORTS_MAX;

/// The longest message.
pub(crate) const MESSAGE_BYTES_MAX: usize = 128 << 10;
/// The most descriptors that a message has.
pub(crate) const DESCRIPTORS_MAX: usize = PORTS_MAX + 1;

/// What is the same for all processes.
#[derive(Deserialize, Serialize)]
pub(crate) struct Setting {
    pub(crate) parent: i32,
    pub(crate) jail: Jail,
}

/// A process to start.
#[derive(Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) cwd: PathBuf,
    pub(crate) private: Option<String>,
    pub(crate) has_stdin: bool,
    /// How many control groups it enters.
    pub(crate) groups: usize,
    pub(crate) user: Option<u32>,
    pub(crate) data_bytes: Option<u64>,
    pub(crate) file_bytes: u64,
    pub(crate) open_files: u64,
    pub(crate) idle_priority: bool,
}

/// What became of a message.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) enum Answer {
    /// The zygote is confined itself, and takes orders.
    Ready,
    /// A process was started; this is its number.
    Started(i32),
    /// The step that failed, and what the system said.
    Failed(String),
}

impl Order {
    pub(crate) fn new(command: &Command, user: Option<u32>) -> Result<Self, SpawnError> {
        let Limits {
            data_bytes,
            data_bytes_in_group: _,
            file_bytes,
            open_files,
            idle_priority,
        } = command.limits;
        let pair = |(name, value): &(_, _)| Ok((text(name)?, text(value)?));
        Ok(Self {
            program: text(command.program.as_os_str())?,
            args: command.args.iter().map(text).collect::<Result<_, _>>()?,
            env: command.env.iter().map(pair).collect::<Result<_, _>>()?,
            cwd: command.cwd.clone(),
            private: command
                .private
                .as_deref()
                .map(|name| component(name).map(str::to_owned))
                .transpose()?,
            has_stdin: command.stdin == Input::Pipe,
            groups: 0,
            user,
            data_bytes,
            file_bytes,
            open_files,
            idle_priority,
        })
    }
}

fn text(text: impl AsRef<OsStr>) -> Result<String, SpawnError> {
    let text = text.as_ref();
    text.to_str()
        .filter(|text| !text.contains('\0'))
        .map(str::to_owned)
        .ok_or_else(|| SpawnError::Encode(format!("{text:?} is not UTF-8 or has a zero")))
}

/// A name of one folder, which leads nowhere else.
fn component(name: &str) -> Result<&str, SpawnError> {
    let is_one = Path::new(name).file_name() == Some(OsStr::new(name));
    is_one
        .then_some(name)
        .ok_or_else(|| SpawnError::Encode(format!("`{name}` is not the name of a folder")))
}

//! Why a process could not be started.

use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

/// Why [`crate::Spawner::spawn`] failed.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The thread that starts processes is gone.
    #[error("the thread that starts processes has ended")]
    SpawnerGone,
    /// The command holds text that cannot be passed to a process.
    #[error("the command cannot be passed on: {0}")]
    Encode(String),
    /// The helper could not be started.
    #[error("cannot start `{}`: {source}", path.display())]
    Start {
        /// The helper.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A started process could not be watched; it was ended.
    #[error("cannot watch a process: {0}")]
    Watch(io::Error),
}

/// Which step of confining itself failed in the helper.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// The helper was called with something other than a command.
    #[error("the command cannot be read: {0}")]
    Decode(String),
    /// A session of its own.
    #[error("setsid: {0}")]
    Session(Errno),
    /// The wish to die with the parent.
    #[error("prctl(PR_SET_PDEATHSIG): {0}")]
    ParentDeath(Errno),
    /// The parent was gone before the wish was made.
    #[error("the parent has ended")]
    ParentGone,
    /// No new privileges by `execve`.
    #[error("prctl(PR_SET_NO_NEW_PRIVS): {0}")]
    NoNewPrivileges(Errno),
    /// A resource limit.
    #[error("setrlimit({name}): {source}")]
    Limit {
        /// The resource.
        name: &'static str,
        /// What the system said.
        source: Errno,
    },
    /// Inherited descriptors.
    #[error("close_range: {0}")]
    CloseDescriptors(io::Error),
    /// The scheduling class.
    #[error("sched_setscheduler: {0}")]
    Priority(io::Error),
    /// The working folder.
    #[error("chdir: {0}")]
    Folder(Errno),
    /// Becoming the program.
    #[error("execve: {0}")]
    Execute(io::Error),
}

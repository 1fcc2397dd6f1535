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
    /// The pipes of a process.
    #[error("cannot make pipes: {0}")]
    Pipes(io::Error),
    /// The control groups of a process.
    #[error("cannot make its control groups: {0}")]
    Groups(io::Error),
    /// A started process came without its descriptor, as there were too many open files; it was ended.
    #[error("too many open files")]
    Descriptor,
    /// The zygote could not be talked with.
    #[error("the helper does not answer: {0}")]
    Talk(String),
    /// The zygote could not do a step of confinement. It names the step.
    #[error("cannot confine a process: {0}")]
    Confine(String),
    /// A started process could not be watched; it was ended.
    #[error("cannot watch a process: {0}")]
    Watch(io::Error),
}

/// Which step of confinement failed, in the zygote or in a new process.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// What the host said cannot be read.
    #[error("the message cannot be read: {0}")]
    Message(String),
    /// The socket to the host, or the pipes.
    #[error("its descriptors: {0}")]
    Socket(Errno),
    /// Its control groups.
    #[error("cannot enter its control groups: {0}")]
    Groups(Errno),
    /// A file of the host.
    #[error("cannot open `{}`: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Errno,
    },
    /// A user namespace.
    #[error("unshare(CLONE_NEWUSER): {0}")]
    UserNamespace(Errno),
    /// A mount namespace.
    #[error("unshare(CLONE_NEWNS): {0}")]
    MountNamespace(Errno),
    /// A mount.
    #[error("cannot mount `{}`: {source}", path.display())]
    Mount {
        /// What was to be mounted, or where.
        path: PathBuf,
        /// What the system said.
        source: Errno,
    },
    /// A file or folder to mount on.
    #[error("cannot make `{}`: {source}", path.display())]
    Make {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The change of the root.
    #[error("pivot_root: {0}")]
    PivotRoot(Errno),
    /// A new process, with namespaces of its own.
    #[error("clone: {0}")]
    Clone(io::Error),
    /// The name of the host.
    #[error("sethostname: {0}")]
    HostName(Errno),
    /// The rights of root.
    #[error("cannot give up capabilities: {0}")]
    Capabilities(Errno),
    /// A user of its own.
    #[error("setresuid: {0}")]
    User(Errno),
    /// The rules on files.
    #[error("landlock: {0}")]
    Landlock(String),
    /// The filter of system calls.
    #[error("seccomp: {0}")]
    Filter(io::Error),
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

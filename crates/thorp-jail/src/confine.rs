//! The helper: our own binary, executed again, which confines itself and becomes the wanted program.
//!
//! It runs alone in a fresh process, before the binary did anything else, so it has one thread and no state. A helper is
//! needed because confining a forked copy of the host would mean to copy the host's page tables: 40 ms at 1 GiB.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::process::{Pid, Resource, Rlimit, Signal};
use serde::{Deserialize, Serialize};

use crate::accounting;
use crate::command::{Command, Limits};
use crate::error::ConfineError;
use crate::sys::{self, Schedule};

/// The hidden subcommand.
pub(crate) const SUBCOMMAND: &str = "__confine";

/// The helper's exit code when a step fails; a line on the standard error names it.
const EXIT_NOT_CONFINED: u8 = 119;

const PRIVATE_FILES: u32 = 0o077;

/// A command as the helper's one argument. Paths and environment are bytes, since they need not be UTF-8.
#[derive(Deserialize, Serialize)]
pub(crate) struct Order {
    parent: i32,
    program: Vec<u8>,
    args: Vec<Vec<u8>>,
    env: Vec<(Vec<u8>, Vec<u8>)>,
    cwd: Vec<u8>,
    data_bytes: Option<u64>,
    file_bytes: u64,
    open_files: u64,
    idle_priority: bool,
}

impl Order {
    pub(crate) fn new(command: &Command, parent: Pid) -> Self {
        let bytes = |text: &OsStr| text.as_bytes().to_vec();
        let Limits {
            data_bytes,
            file_bytes,
            open_files,
            idle_priority,
        } = command.limits;
        Self {
            parent: parent.as_raw_nonzero().get(),
            program: bytes(command.program.as_os_str()),
            args: command.args.iter().map(|arg| bytes(arg)).collect(),
            env: command
                .env
                .iter()
                .map(|(name, value)| (bytes(name), bytes(value)))
                .collect(),
            cwd: bytes(command.cwd.as_os_str()),
            data_bytes,
            file_bytes,
            open_files,
            idle_priority,
        }
    }
}

/// Becomes a confined program if the arguments ask for it; `None` if they don't.
///
/// The binary's `main` calls this before anything else. It only returns an exit code if a step failed; the step is then
/// named on the standard error.
pub fn confine_main(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut args = args.into_iter().skip(1);
    if args.next()? != SUBCOMMAND {
        return None;
    }
    let error = match args.next() {
        Some(order) => confine(&order),
        None => ConfineError::Decode("there is none".to_owned()),
    };
    // Nobody is left to tell if this fails too.
    let _ = writeln!(io::stderr(), "confine: {error}");
    Some(ExitCode::from(EXIT_NOT_CONFINED))
}

fn confine(order: &OsStr) -> ConfineError {
    let order = match serde_json::from_slice::<Order>(order.as_bytes()) {
        Ok(order) => order,
        Err(error) => return ConfineError::Decode(error.to_string()),
    };
    match prepare(&order) {
        Ok(()) => ConfineError::Execute(execute(order)),
        Err(error) => error,
    }
}

fn prepare(order: &Order) -> Result<(), ConfineError> {
    rustix::process::setsid().map_err(ConfineError::Session)?;
    die_with_parent(order.parent)?;
    rustix::thread::set_no_new_privs(true).map_err(ConfineError::NoNewPrivileges)?;
    limit(order)?;
    rustix::process::umask(PRIVATE_FILES.into());
    sys::close_inherited().map_err(ConfineError::CloseDescriptors)?;
    if order.idle_priority {
        sys::set_schedule(0, Schedule::Idle).map_err(ConfineError::Priority)?;
        accounting::set_group_nice("self", accounting::NICE_LEAST);
    }
    rustix::process::chdir(Path::new(OsStr::from_bytes(&order.cwd))).map_err(ConfineError::Folder)
}

fn die_with_parent(parent: i32) -> Result<(), ConfineError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(ConfineError::ParentDeath)?;
    // It may have died before the call: then nobody will send the signal.
    let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    if now == Some(parent) {
        Ok(())
    } else {
        Err(ConfineError::ParentGone)
    }
}

fn limit(order: &Order) -> Result<(), ConfineError> {
    set_limit("CORE", Resource::Core, 0)?;
    set_limit("NOFILE", Resource::Nofile, order.open_files)?;
    set_limit("FSIZE", Resource::Fsize, order.file_bytes)?;
    match order.data_bytes {
        Some(bytes) => set_limit("DATA", Resource::Data, bytes),
        None => Ok(()),
    }
}

fn set_limit(name: &'static str, resource: Resource, value: u64) -> Result<(), ConfineError> {
    let limit = Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    rustix::process::setrlimit(resource, limit)
        .map_err(|source| ConfineError::Limit { name, source })
}

/// Returns only if it fails.
fn execute(order: Order) -> io::Error {
    std::process::Command::new(PathBuf::from(OsString::from_vec(order.program)))
        .args(order.args.into_iter().map(OsString::from_vec))
        .env_clear()
        .envs(
            order
                .env
                .into_iter()
                .map(|(name, value)| (OsString::from_vec(name), OsString::from_vec(value))),
        )
        .exec()
}

//! The zygote: our own binary, executed again, which starts confined processes by forking itself.
//!
//! It has one thread and little memory, so that a fork is cheap: a fork of the host would copy the host's page tables,
//! 40 ms at 1 GiB. It goes into the jail's root once, so that its children need not. They are children of the host all
//! the same (`CLONE_PARENT`).

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

use rustix::fs::{Mode, OFlags};
use rustix::process::Signal;

use crate::child::{self, Host};
use crate::error::ConfineError;
use crate::filter::{self, Sockets};
use crate::jail::{Jail, Layers};
use crate::limits::{OUT_OF_MEMORY_SCORE, TURN};
use crate::message;
use crate::order::{Answer, Order, Setting};
use crate::probe;
use crate::root;
use crate::sys::{self, Cloned};

/// The hidden subcommand.
pub(crate) const SUBCOMMAND: &str = "__confine";

/// The exit code when a step fails; a line on the standard error names it.
pub(crate) const EXIT_NOT_CONFINED: u8 = 119;

const PRIVATE_FILES: u32 = 0o077;
const FOLDERS_FOR_ALL: u32 = 0o022;

/// Becomes the zygote if the arguments ask for it; `None` if they don't.
///
/// The binary's `main` calls this before anything else, while the process has one thread.
pub fn confine_main(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let subcommand = args.into_iter().nth(1)?;
    if subcommand == probe::SUBCOMMAND {
        return Some(ExitCode::SUCCESS);
    }
    if subcommand != SUBCOMMAND {
        return None;
    }
    Some(match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error);
            ExitCode::from(EXIT_NOT_CONFINED)
        }
    })
}

/// Tells whoever reads the standard error which step failed.
fn say(error: &ConfineError) {
    // Nobody is left to tell if this fails too.
    let _ = writeln!(io::stderr(), "confine: {error}");
}

/// Takes orders until the host closes its end.
fn serve() -> Result<(), ConfineError> {
    let socket = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3).map_err(ConfineError::Socket)?;
    let Some((setting, _)) = message::receive::<Setting>(socket.as_fd())? else {
        return Ok(());
    };
    let zygote = match Zygote::enter(setting, &socket) {
        Ok(zygote) => zygote,
        Err(error) => {
            return message::send(socket.as_fd(), &Answer::Failed(error.to_string()), &[]);
        }
    };
    message::send(socket.as_fd(), &Answer::Ready, &[])?;
    while let Some((order, descriptors)) = message::receive::<Order>(socket.as_fd())? {
        match zygote.start(&order, &descriptors) {
            Ok((pid, pidfd)) => {
                message::send(socket.as_fd(), &Answer::Started(pid), &[pidfd.as_fd()])?;
            }
            Err(error) => {
                message::send(socket.as_fd(), &Answer::Failed(error.to_string()), &[])?;
            }
        }
    }
    Ok(())
}

struct Zygote {
    setting: Setting,
    host: Host,
    namespaces: i32,
}

impl Zygote {
    fn enter(setting: Setting, socket: &OwnedFd) -> Result<Self, ConfineError> {
        sys::close_others(socket.as_fd()).map_err(ConfineError::CloseDescriptors)?;
        die_with_parent(setting.parent)?;
        // Where this cannot be said, turns have the system's length.
        let _ = sys::set_turn(TURN);
        // Sandboxes first, when the machine has no more memory. Where this cannot be said, the kernel chooses.
        let _ = fs::write("/proc/self/oom_score_adj", OUT_OF_MEMORY_SCORE.to_string());
        let host = Host {
            null: open("/dev/null", OFlags::RDWR)?,
            proc: open("/proc", OFlags::PATH | OFlags::DIRECTORY)?,
            filter: filter::program(sockets(&setting.jail)),
        };
        if setting.jail.layers.namespaces {
            // Whoever a process is, it must find its way through the root.
            rustix::process::umask(FOLDERS_FOR_ALL.into());
            root::enter(&setting.jail)?;
        }
        let hidden = match setting.jail.files_for_all {
            true => FOLDERS_FOR_ALL,
            false => PRIVATE_FILES,
        };
        rustix::process::umask(hidden.into());
        Ok(Self {
            namespaces: namespaces(setting.jail.layers),
            setting,
            host,
        })
    }

    fn start(
        &self,
        order: &Order,
        descriptors: &[OwnedFd],
    ) -> Result<(i32, OwnedFd), ConfineError> {
        match sys::clone_process(self.namespaces).map_err(ConfineError::Clone)? {
            Cloned::Parent { pid, pidfd } => Ok((pid, pidfd)),
            Cloned::Child => {
                let descriptors: Vec<BorrowedFd<'_>> =
                    descriptors.iter().map(AsFd::as_fd).collect();
                let error = child::confine(order, &self.setting.jail, &self.host, &descriptors);
                say(&error);
                sys::exit(EXIT_NOT_CONFINED)
            }
        }
    }
}

fn sockets(jail: &Jail) -> Sockets {
    if jail.has_network() {
        Sockets::Outward
    } else {
        Sockets::Local
    }
}

/// What a child is cut off from by being made.
fn namespaces(layers: Layers) -> i32 {
    if !layers.namespaces {
        return 0;
    }
    libc::CLONE_NEWPID
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP
}

fn open(path: &'static str, flags: OFlags) -> Result<OwnedFd, ConfineError> {
    rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty()).map_err(|source| {
        ConfineError::Open {
            path: path.into(),
            source,
        }
    })
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

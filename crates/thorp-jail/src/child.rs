//! A process on its way into the jail: forked from the zygote, about to become the wanted program.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Gid, Resource, Rlimit, Signal, Uid};
use rustix::thread::{CapabilitiesSecureBits, CapabilitySet, CapabilitySets};

use crate::accounting;
use crate::error::ConfineError;
use crate::jail::{Jail, Layers};
use crate::limits::THREADS_MAX;
use crate::network;
use crate::order::Order;
use crate::paths;
use crate::root;
use crate::sys::{self, Schedule};

/// What the zygote has ready for all its children.
pub(crate) struct Host {
    /// `/dev/null` of the host.
    pub(crate) null: OwnedFd,
    /// `/proc` of the host.
    pub(crate) proc: OwnedFd,
    /// The filter of system calls.
    pub(crate) filter: Vec<libc::sock_filter>,
}

/// Confines this process and becomes the program. Returns only if a step fails.
pub(crate) fn confine(
    order: &Order,
    jail: &Jail,
    host: &Host,
    descriptors: &[BorrowedFd<'_>],
) -> ConfineError {
    match prepare(order, jail, host, descriptors) {
        Ok(()) => ConfineError::Execute(execute(order)),
        Err(error) => error,
    }
}

fn prepare(
    order: &Order,
    jail: &Jail,
    host: &Host,
    descriptors: &[BorrowedFd<'_>],
) -> Result<(), ConfineError> {
    enter_groups(order, descriptors)?;
    connect(order, host, descriptors)?;
    rustix::process::setsid().map_err(ConfineError::Session)?;
    if order.idle_priority {
        yield_to_all(host)?;
    }
    limit(order)?;
    let layers = jail.layers;
    if let Some(to) = descriptors.last().filter(|_| jail.has_network()) {
        network::open(&jail.ports, *to, host.proc.as_fd());
    }
    if layers.namespaces {
        root::take_private(jail, order.private.as_deref())?;
        root::take_scratch(jail, order.user)?;
        root::take_name()?;
    }
    // What is still open closes itself when the program is executed.
    rustix::thread::set_no_new_privs(true).map_err(ConfineError::NoNewPrivileges)?;
    // A user of its own that cannot be had is a failure, not a lesser jail.
    let must = layers.namespaces || order.user.is_some();
    if must || (layers != Layers::NONE && has_rights()?) {
        drop_capabilities(order.user)?;
    }
    die_with_host()?;
    rustix::process::chdir(order.cwd.as_path()).map_err(ConfineError::Folder)?;
    if layers.landlock {
        paths::restrict(jail, order.private.as_deref())?;
    }
    if layers.system_calls {
        sys::filter_system_calls(&host.filter).map_err(ConfineError::Filter)?;
    }
    Ok(())
}

/// Before anything else, so that all that it ever has is bounded and counted.
fn enter_groups(order: &Order, descriptors: &[BorrowedFd<'_>]) -> Result<(), ConfineError> {
    let before = OUTPUTS + usize::from(order.has_stdin);
    for group in descriptors.iter().skip(before).take(order.groups) {
        // The kernel takes a zero to be whoever writes it.
        rustix::io::write(group, b"0").map_err(ConfineError::Groups)?;
    }
    Ok(())
}

/// Standard output and standard error.
const OUTPUTS: usize = 2;

/// Puts the host's pipes where a program looks for them.
fn connect(order: &Order, host: &Host, descriptors: &[BorrowedFd<'_>]) -> Result<(), ConfineError> {
    let missing = || ConfineError::Message("descriptors are missing".to_owned());
    let [out, err, rest @ ..] = descriptors else {
        return Err(missing());
    };
    let input = if order.has_stdin {
        *rest.first().ok_or_else(missing)?
    } else {
        host.null.as_fd()
    };
    rustix::stdio::dup2_stdin(input)
        .and_then(|()| rustix::stdio::dup2_stdout(out))
        .and_then(|()| rustix::stdio::dup2_stderr(err))
        .map_err(ConfineError::Socket)
}

fn yield_to_all(host: &Host) -> Result<(), ConfineError> {
    sys::set_schedule(0, Schedule::Idle).map_err(ConfineError::Priority)?;
    // Where there are no groups of processes by session, nothing is to be done.
    let group = rustix::fs::openat(
        &host.proc,
        "self/autogroup",
        OFlags::WRONLY | OFlags::CLOEXEC,
        Mode::empty(),
    );
    if let Ok(group) = group {
        let _ = rustix::io::write(&group, accounting::NICE_LEAST.to_string().as_bytes());
    }
    Ok(())
}

fn limit(order: &Order) -> Result<(), ConfineError> {
    set_limit("CORE", Resource::Core, 0)?;
    set_limit("NOFILE", Resource::Nofile, order.open_files)?;
    set_limit("FSIZE", Resource::Fsize, order.file_bytes)?;
    // The kernel counts the threads of a user, not those of a process.
    if order.user.is_some() {
        set_limit("NPROC", Resource::Nproc, THREADS_MAX)?;
    }
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

/// Whether there is anything to give up, and the right to.
fn has_rights() -> Result<bool, ConfineError> {
    let sets = rustix::thread::capabilities(None).map_err(ConfineError::Capabilities)?;
    Ok(sets.effective.contains(CapabilitySet::SETPCAP))
}

/// Gives up all of root's rights for good, and becomes nobody else's user.
fn drop_capabilities(user: Option<u32>) -> Result<(), ConfineError> {
    let failed = ConfineError::Capabilities;
    let bits = CapabilitiesSecureBits::NO_ROOT | CapabilitiesSecureBits::NO_ROOT_LOCKED;
    rustix::thread::set_capabilities_secure_bits(bits).map_err(failed)?;
    rustix::thread::clear_ambient_capability_set().map_err(failed)?;
    for capability in CapabilitySet::all() {
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            // The kernel is older than this capability.
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    if let Some(user) = user {
        become_user(user).map_err(ConfineError::User)?;
    }
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, none).map_err(failed)
}

fn become_user(user: u32) -> rustix::io::Result<()> {
    let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)
}

/// After the change of user, which takes the wish back.
fn die_with_host() -> Result<(), ConfineError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(ConfineError::ParentDeath)?;
    // The host may have died before the call: then nobody will send the signal, but nobody reads our output either.
    let stderr = io::stderr();
    let mut poll = [PollFd::new(&stderr, PollFlags::empty())];
    let now = rustix::time::Timespec::default();
    rustix::event::poll(&mut poll, Some(&now)).map_err(ConfineError::Socket)?;
    if poll[0].revents().contains(PollFlags::ERR) {
        return Err(ConfineError::ParentGone);
    }
    Ok(())
}

/// Returns only if it fails.
fn execute(order: &Order) -> io::Error {
    std::process::Command::new(&order.program)
        .args(&order.args)
        .env_clear()
        .envs(order.env.iter().map(|(name, value)| (name, value)))
        .exec()
}

//! The few system calls that no safe wrapper offers. All `unsafe` code of the workspace is in this file.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use rustix::fs::AtFlags;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::UnshareFlags;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

const FIRST_INHERITED: libc::c_uint = 3;

/// A scheduling class.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Schedule {
    /// As everybody.
    Normal,
    /// Only when nobody else wants the processor.
    Idle,
}

/// Closes every descriptor but the standard ones and `kept`.
pub(crate) fn close_others(kept: BorrowedFd<'_>) -> io::Result<()> {
    let kept = kept.as_raw_fd().cast_unsigned();
    if kept > FIRST_INHERITED {
        close_range(FIRST_INHERITED, kept - 1)?;
    }
    close_range(kept.max(FIRST_INHERITED - 1) + 1, libc::c_uint::MAX)
}

fn close_range(first: libc::c_uint, last: libc::c_uint) -> io::Result<()> {
    // SAFETY: takes no pointers. The caller is the single-threaded zygote at its start; it owns no descriptor but the kept
    // one.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) })
}

/// Which of two processes this is.
pub(crate) enum Cloned {
    Child,
    Parent { pid: i32, pidfd: OwnedFd },
}

/// Forks this process, which must have one thread. The child is a child of this process's parent.
///
/// By `clone`, not `clone3`: containers refuse the newer call, as they can't look at its arguments.
pub(crate) fn clone_process(namespaces: i32) -> io::Result<Cloned> {
    let mut pidfd: libc::c_int = -1;
    let flags = namespaces | libc::CLONE_PARENT | libc::CLONE_PIDFD;
    let nothing = std::ptr::null::<libc::c_void>();
    // SAFETY: `pidfd` outlives the call, which with this flag writes a descriptor there. No memory is shared, and no stack
    // given, so that the child goes on with a copy of all memory; the zygote has one thread, so that no lock is held in it
    // by a thread that the child does not have. The other arguments are not read without flags that are not given.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone,
            libc::c_long::from(flags),
            nothing,
            &raw mut pidfd,
            nothing,
            nothing,
        )
    };
    check(pid)?;
    if pid == 0 {
        return Ok(Cloned::Child);
    }
    let pid = i32::try_from(pid).map_err(|_| io::ErrorKind::InvalidData)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Cloned::Parent { pid, pidfd })
}

/// Ends the process at once: a forked one must not run what its parent planned to do at its end.
pub(crate) fn exit(code: u8) -> ! {
    // SAFETY: takes no pointers, and does not return.
    unsafe { libc::_exit(code.into()) }
}

/// Leaves namespaces that the process shares with others.
pub(crate) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: the caller is the single-threaded zygote at its start, and the flags never ask for a descriptor table of
    // its own.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

/// What may be done with the files of a mount. Programs with more rights than their user's, and devices, never count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MountAttributes(u64);

impl MountAttributes {
    const SAFE: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
    /// They are read.
    pub(crate) const READ_ONLY: Self =
        Self(Self::SAFE | libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOEXEC);
    /// They are read and executed.
    pub(crate) const EXECUTABLE: Self = Self(Self::SAFE | libc::MOUNT_ATTR_RDONLY);
    /// They are read and written.
    pub(crate) const WRITABLE: Self = Self(Self::SAFE | libc::MOUNT_ATTR_NOEXEC);
}

/// Sets the attributes of a mount.
pub(crate) fn set_attributes(
    folder: BorrowedFd<'_>,
    path: &CStr,
    flags: AtFlags,
    attributes: MountAttributes,
) -> rustix::io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: attributes.0,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: `path` is a text that ends with a zero, and `attributes` a live `mount_attr` of the size given; both are
    // only read.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            folder.as_raw_fd(),
            path.as_ptr(),
            flags.bits(),
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    check(result).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

/// Lets the kernel ask `program` about every system call of this process from now on.
pub(crate) fn filter_system_calls(program: &[libc::sock_filter]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let program = libc::sock_fprog {
        len: length,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: `program` points to as many instructions as it says, which the kernel checks and copies.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const program,
        )
    };
    check(result)
}

/// Sets the scheduling class of a thread; 0 is the calling one.
pub(crate) fn set_schedule(thread: libc::pid_t, schedule: Schedule) -> io::Result<()> {
    let policy = match schedule {
        Schedule::Normal => libc::SCHED_OTHER,
        Schedule::Idle => libc::SCHED_IDLE,
    };
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: `param` is a live, initialised `sched_param`, which the call only reads.
    let result = unsafe { libc::sched_setscheduler(thread, policy, &raw const param) };
    check(result.into())
}

/// Makes the calling thread, and what it starts, ask for turns of this length on a processor. Kernels before 6.12 take no
/// notice.
pub(crate) fn set_turn(turn: Duration) -> io::Result<()> {
    let attributes = libc::sched_attr {
        size: u32::try_from(size_of::<libc::sched_attr>()).unwrap_or(u32::MAX),
        sched_policy: libc::SCHED_OTHER.cast_unsigned(),
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: u64::try_from(turn.as_nanos()).unwrap_or(u64::MAX),
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: `attributes` is a live, initialised `sched_attr` that says its own size, and the call only reads it.
    check(unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) })
}

/// The processor time that a process used with all its threads.
pub(crate) fn cpu_time(pid: Pid) -> io::Result<Duration> {
    let mut clock: libc::clockid_t = 0;
    // SAFETY: `clock` is a live, writable `clockid_t`.
    let error = unsafe { libc::clock_getcpuclockid(pid.as_raw_nonzero().get(), &raw mut clock) };
    if error != 0 {
        return Err(io::Error::from_raw_os_error(error));
    }
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a live, writable `timespec`; the clock's id comes from the system.
    check(unsafe { libc::clock_gettime(clock, &raw mut time) }.into())?;
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Ok(Duration::new(
        seconds,
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    ))
}

/// Tells when a descriptor becomes readable.
pub(crate) fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` always names the same open descriptor, and the `AsyncFd` owns it until it has deregistered it.
    Ok(unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }?)
}

fn check(result: libc::c_long) -> io::Result<()> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

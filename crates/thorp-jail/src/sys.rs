//! The few system calls that no safe wrapper offers. All `unsafe` code of the workspace is in this file.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::process::Pid;
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

/// Closes every descriptor but the standard ones.
pub(crate) fn close_inherited() -> io::Result<()> {
    // SAFETY: takes no pointers. The caller is the single-threaded helper before `execve`; it owns no descriptor that it
    // would use after this.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, FIRST_INHERITED, libc::c_uint::MAX, 0) };
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

//! The handle on a confined process.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus};
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe;

use crate::accounting::{self, Memory};
use crate::groups::{Group, Part, Shortage};
use crate::network::Network;
use crate::spawner::Spawner;
use crate::sys::{self, Schedule};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// A process that was just started, before anything is registered with a runtime.
#[derive(Debug)]
pub(crate) struct Started {
    process: Process,
    stdin: Option<OwnedFd>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    network: Option<OwnedFd>,
}

impl Started {
    pub(crate) fn new(
        pid: Pid,
        pidfd: OwnedFd,
        stdin: Option<OwnedFd>,
        stdout: Option<OwnedFd>,
        stderr: Option<OwnedFd>,
        network: Option<OwnedFd>,
        group: Option<Group>,
    ) -> Self {
        Self {
            process: Process {
                pid,
                pidfd,
                group,
                reaped: AtomicBool::new(false),
            },
            stdin,
            stdout,
            stderr,
            network,
        }
    }
}

/// A child that has not been reaped. As long as it lives, its number belongs to no other process.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    pidfd: OwnedFd,
    group: Option<Group>,
    reaped: AtomicBool,
}

impl Process {
    fn kill(&self) {
        if self.reaped.load(Ordering::Acquire) {
            return;
        }
        // Both fail only if there is nobody left to end. The session may not exist yet if the helper is still starting.
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
        let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
    }

    /// The group that gives it a share of the processors. Of an ended process it may be another's by now.
    fn share(&self) -> Option<&Group> {
        let group = self.group.as_ref()?;
        (group.has_share() && !self.reaped.load(Ordering::Acquire)).then_some(group)
    }

    pub(crate) fn destroy(&self) {
        self.kill();
        if self.reaped.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut poll = [rustix::event::PollFd::new(
            &self.pidfd,
            rustix::event::PollFlags::IN,
        )];
        while rustix::event::poll(&mut poll, None) == Err(Errno::INTR) {}
        let _ = rustix::process::waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
        if let Some(group) = &self.group {
            group.release();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.destroy();
    }
}

/// A confined process. Dropping it ends the process and all of its session; a thread of the spawner waits until nothing
/// is left of them.
#[derive(Debug)]
pub struct Sandbox {
    watch: AsyncFd<OwnedFd>,
    process: Arc<Process>,
    pipes: Mutex<Pipes>,
    // Keeps the thread alive that counts as the parent.
    spawner: Spawner,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.process.kill();
        self.spawner.reap(Arc::clone(&self.process));
    }
}

#[derive(Debug)]
struct Pipes {
    stdin: Option<OwnedFd>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    network: Option<OwnedFd>,
}

impl Sandbox {
    pub(crate) fn new(started: Started, spawner: Spawner) -> io::Result<Self> {
        let Started {
            process,
            stdin,
            stdout,
            stderr,
            network,
        } = started;
        let watch = sys::watch(process.pidfd.try_clone()?)?;
        let pipes = Mutex::new(Pipes {
            stdin,
            stdout,
            stderr,
            network,
        });
        Ok(Self {
            watch,
            process: Arc::new(process),
            pipes,
            spawner,
        })
    }

    /// The process's number. It belongs to no other process while the handle exists, unless it was destroyed.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.process.pid.as_raw_nonzero().get()
    }

    /// Waits until the process has ended. May be called again, and by several tasks.
    ///
    /// # Errors
    /// If the process was destroyed meanwhile.
    pub async fn wait(&self) -> io::Result<Exit> {
        loop {
            let mut ready = self.watch.readable().await?;
            match self.exit()? {
                Some(exit) => return Ok(exit),
                None => ready.clear_ready(),
            }
        }
    }

    /// How the process ended, if it has.
    ///
    /// # Errors
    /// If the process was destroyed.
    pub fn exit(&self) -> io::Result<Option<Exit>> {
        // Not reaped here: its number and its clocks must stay valid.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let status = rustix::process::waitid(WaitId::PidFd(self.process.pidfd.as_fd()), options)?;
        Ok(status.as_ref().map(exit_of))
    }

    /// Tells the kernel to end the process and its whole session. Returns at once.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Ends the process and its whole session, and waits until nothing is left of it: 3 ms, more with much memory.
    pub fn destroy(&self) {
        self.process.destroy();
    }

    /// The process's standard input, if it is a pipe and was not taken before.
    ///
    /// # Errors
    /// If the runtime takes no more descriptors.
    pub fn take_stdin(&self) -> io::Result<Option<pipe::Sender>> {
        self.pipes_mut()
            .stdin
            .take()
            .map(pipe::Sender::from_owned_fd)
            .transpose()
    }

    /// The process's standard output, if it was not taken before.
    ///
    /// # Errors
    /// If the runtime takes no more descriptors.
    pub fn take_stdout(&self) -> io::Result<Option<pipe::Receiver>> {
        self.pipes_mut()
            .stdout
            .take()
            .map(pipe::Receiver::from_owned_fd)
            .transpose()
    }

    /// The process's standard error, if it was not taken before.
    ///
    /// # Errors
    /// If the runtime takes no more descriptors.
    pub fn take_stderr(&self) -> io::Result<Option<pipe::Receiver>> {
        self.pipes_mut()
            .stderr
            .take()
            .map(pipe::Receiver::from_owned_fd)
            .transpose()
    }

    /// The process's network, once the program runs; `None` before, and if it has none, or could not be given one, or it
    /// was taken before.
    #[must_use]
    pub fn take_network(&self) -> Option<Network> {
        let mut pipes = self.pipes_mut();
        let network = Network::receive(pipes.network.as_ref()?)?;
        pipes.network = None;
        Some(network)
    }

    fn pipes_mut(&self) -> std::sync::MutexGuard<'_, Pipes> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The processor time of the process, all its threads together.
    ///
    /// # Errors
    /// If the process was destroyed.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        sys::cpu_time(self.process.pid)
    }

    /// What the process holds in memory now: 0 once it has ended.
    ///
    /// # Errors
    /// If the process was destroyed.
    pub fn memory(&self) -> io::Result<Memory> {
        accounting::memory(self.process.pid)
    }

    /// The most that the process ever held in memory, shared pages included, in bytes.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn peak_resident_bytes(&self) -> io::Result<u64> {
        accounting::peak_resident_bytes(self.process.pid)
    }

    /// Why the kernel ended the process, if it was for want of memory and there is a control group that tells. To be asked
    /// before the process is destroyed.
    #[must_use]
    pub fn shortage(&self) -> Option<Shortage> {
        self.process.group.as_ref()?.shortage()
    }

    /// Gives the process a part of the processors. Nothing changes where no control group gives it one of its own.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn set_part(&self, part: Part) -> io::Result<()> {
        match self.process.share() {
            Some(group) => group.set_part(part),
            None => Ok(()),
        }
    }

    /// Gives the process as much processor time as any other, if it was started with
    /// [`crate::Limits::idle_priority`].
    ///
    /// # Errors
    /// `PermissionDenied` if the system lets nobody but root raise a priority.
    pub fn raise_priority(&self) -> io::Result<()> {
        if let Some(group) = self
            .process
            .group
            .as_ref()
            .filter(|group| group.has_share())
        {
            return group.set_part(Part::Full);
        }
        accounting::set_group_nice(&self.pid().to_string(), accounting::NICE_NORMAL);
        for thread in accounting::threads(self.process.pid)? {
            match sys::set_schedule(thread, Schedule::Normal) {
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
                result => result?,
            }
        }
        Ok(())
    }
}

fn exit_of(status: &WaitIdStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}

//! The thread that asks the zygote for processes.
//!
//! A confined process asks the kernel for a signal when its parent ends, and the kernel takes the parent to be the
//! *thread* that started the zygote. So one thread does, and lives as long as any handle does.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::{io, thread};

use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;
use rustix::process::{Pid, Signal, WaitOptions};
use tokio::sync::oneshot;

use crate::command::{Command, Input};
use crate::error::SpawnError;
use crate::groups::{Group, Groups, Part};
use crate::jail::Jail;
use crate::limits::{USER_FIRST, USERS};
use crate::message;
use crate::order::{Answer, Order, Setting};
use crate::sandbox::{Process, Sandbox, Started};
use crate::zygote::SUBCOMMAND;

/// Starts confined processes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spawner {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    helper: PathBuf,
    jail: Jail,
    groups: Groups,
    requests: Sender<Request>,
    remains: Sender<Arc<Process>>,
}

struct Request {
    command: Box<Command>,
    answer: oneshot::Sender<Result<Started, SpawnError>>,
}

impl Spawner {
    /// A spawner of processes without control groups: see [`Self::with_groups`].
    ///
    /// # Errors
    /// If the helper cannot be started, or says which layer of the jail cannot be had.
    pub fn new(helper: PathBuf, jail: Jail) -> Result<Self, SpawnError> {
        Self::with_groups(helper, jail, Groups::none())
    }

    /// A spawner that puts each process into one of `groups`, and confines it to `jail` with `helper`: a binary whose `main` first calls
    /// [`crate::confine_main`]. Waits until the helper is ready.
    ///
    /// # Errors
    /// If the helper cannot be started, or says which layer of the jail cannot be had.
    pub fn with_groups(helper: PathBuf, jail: Jail, groups: Groups) -> Result<Self, SpawnError> {
        let (requests, receiver) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        let (program, setting, set) = (helper.clone(), jail.clone(), groups.clone());
        thread::Builder::new()
            .name("spawner".to_owned())
            .spawn(move || match Zygote::start(program, setting, set) {
                Ok(zygote) => {
                    let _ = ready.send(Ok(()));
                    serve(zygote, &receiver);
                }
                Err(error) => drop(ready.send(Err(error))),
            })
            .map_err(SpawnError::Watch)?;
        is_ready.recv().map_err(|_| SpawnError::SpawnerGone)??;
        let (remains, dead) = mpsc::channel();
        thread::Builder::new()
            .name("reaper".to_owned())
            .spawn(move || reap(&dead))
            .map_err(SpawnError::Watch)?;
        Ok(Self {
            inner: Arc::new(Inner {
                helper,
                jail,
                groups,
                requests,
                remains,
            }),
        })
    }

    /// Starts a process. It is ended when the handle is dropped. Needs a Tokio runtime with I/O.
    ///
    /// A failure of confinement in the new process shows as its exit, with a line on its standard error.
    ///
    /// # Errors
    /// If the helper cannot start it, or it cannot be watched.
    pub async fn spawn(&self, command: &Command) -> Result<Sandbox, SpawnError> {
        let (answer, started) = oneshot::channel();
        let request = Request {
            command: Box::new(command.clone()),
            answer,
        };
        self.inner
            .requests
            .send(request)
            .map_err(|_| SpawnError::SpawnerGone)?;
        let started = started.await.map_err(|_| SpawnError::SpawnerGone)??;
        Sandbox::new(started, self.clone()).map_err(SpawnError::Watch)
    }

    /// Waits for a killed process on a thread of its own.
    pub(crate) fn reap(&self, process: Arc<Process>) {
        // If the thread is gone, dropping the error's process waits for it here.
        let _ = self.inner.remains.send(process);
    }

    /// The binary that confines.
    #[must_use]
    pub fn helper(&self) -> &Path {
        &self.inner.helper
    }

    /// The control groups of its processes.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.inner.groups
    }

    /// What its processes are confined to.
    #[must_use]
    pub fn jail(&self) -> &Jail {
        &self.inner.jail
    }
}

fn serve(mut zygote: Zygote, requests: &Receiver<Request>) {
    for request in requests {
        let started = zygote.spawn(&request.command);
        // Whoever asked may have stopped waiting: then the process is ended as its handle would be.
        if let Err(Ok(unwanted)) = request.answer.send(started) {
            drop(unwanted);
        }
    }
}

fn reap(dead: &Receiver<Arc<Process>>) {
    for process in dead {
        process.destroy();
    }
}

/// The host's end of the zygote.
struct Zygote {
    helper: PathBuf,
    jail: Jail,
    groups: Groups,
    child: Child,
    socket: OwnedFd,
    processes: u32,
}

impl Drop for Zygote {
    fn drop(&mut self) {
        // It ends by itself when the socket is closed; this is sooner.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Zygote {
    fn start(helper: PathBuf, jail: Jail, groups: Groups) -> Result<Self, SpawnError> {
        let (socket, other) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(|error| SpawnError::Talk(error.to_string()))?;
        let child = std::process::Command::new(&helper)
            .arg0("thorp-zygote")
            .arg(SUBCOMMAND)
            .env_clear()
            .stdin(Stdio::from(other))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|source| SpawnError::Start {
                path: helper.clone(),
                source,
            })?;
        let setting = Setting {
            parent: rustix::process::getpid().as_raw_nonzero().get(),
            jail,
        };
        let zygote = Self {
            helper,
            child,
            socket,
            processes: 0,
            groups,
            jail: setting.jail.clone(),
        };
        match zygote.ask(&setting, &[])? {
            (Answer::Ready, _) => Ok(zygote),
            (Answer::Failed(step), _) => Err(SpawnError::Confine(step)),
            (Answer::Started(_), _) => Err(unexpected()),
        }
    }

    fn ask(
        &self,
        message: &impl serde::Serialize,
        descriptors: &[std::os::fd::BorrowedFd<'_>],
    ) -> Result<(Answer, Vec<OwnedFd>), SpawnError> {
        let talk = |error: crate::ConfineError| SpawnError::Talk(error.to_string());
        message::send(self.socket.as_fd(), message, descriptors).map_err(talk)?;
        message::receive(self.socket.as_fd())
            .map_err(talk)?
            .ok_or_else(|| SpawnError::Talk("it has ended".to_owned()))
    }

    fn spawn(&mut self, command: &Command) -> Result<Started, SpawnError> {
        let user = self.jail.layers.own_user.then(|| self.next_user());
        let mut order = Order::new(command, user)?;
        let group = self
            .groups
            .take(if command.limits.idle_priority {
                Part::Small
            } else {
                Part::Full
            })
            .map_err(SpawnError::Groups)?;
        let entrances = enter(&mut order, command, group.as_ref())?;
        let pipes = Pipes::new(command.stdin, self.jail.has_network())?;
        let descriptors = pipes.theirs(&entrances);
        let (answer, mut answered) = match self.ask(&order, &descriptors) {
            Err(SpawnError::Talk(_)) => {
                // A zygote that is gone is replaced, once.
                *self = Self::start(self.helper.clone(), self.jail.clone(), self.groups.clone())?;
                self.ask(&order, &descriptors)?
            }
            result => result?,
        };
        match (answer, answered.pop()) {
            (Answer::Started(pid), Some(pidfd)) => pipes.started(pid, pidfd, group),
            (Answer::Started(pid), None) => {
                end(pid);
                Err(SpawnError::Descriptor)
            }
            (Answer::Failed(step), _) => Err(SpawnError::Confine(step)),
            (Answer::Ready, _) => Err(unexpected()),
        }
    }

    fn next_user(&mut self) -> u32 {
        self.processes = (self.processes + 1) % USERS;
        USER_FIRST + self.processes
    }
}

/// Writes into an order what a group changes, and opens the ways into it.
fn enter(
    order: &mut Order,
    command: &Command,
    group: Option<&Group>,
) -> Result<Vec<OwnedFd>, SpawnError> {
    let Some(group) = group else {
        return Ok(Vec::new());
    };
    let entrances = group.entrances().map_err(SpawnError::Groups)?;
    order.groups = entrances.len();
    if group.bounds_memory() {
        order.data_bytes = command.limits.data_bytes_in_group;
    }
    // A group's share is against all others; a priority within it is against nobody.
    if group.has_share() {
        order.idle_priority = false;
    }
    Ok(entrances)
}

/// Ends a process that is known by its number alone. It is a child of this process that nobody else waits for, so that the
/// number is still its own.
fn end(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
        let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
    }
}

fn unexpected() -> SpawnError {
    SpawnError::Talk("it gave an unexpected answer".to_owned())
}

/// A process's standard streams: our ends and its own.
struct Pipes {
    stdin: Option<(OwnedFd, OwnedFd)>,
    stdout: (OwnedFd, OwnedFd),
    stderr: (OwnedFd, OwnedFd),
    network: Option<(OwnedFd, OwnedFd)>,
}

impl Pipes {
    fn new(stdin: Input, has_network: bool) -> Result<Self, SpawnError> {
        let pipe = || {
            rustix::pipe::pipe_with(PipeFlags::CLOEXEC)
                .map_err(|error| SpawnError::Pipes(error.into()))
        };
        let stdin = match stdin {
            Input::Empty => None,
            Input::Pipe => Some(pipe()?),
        };
        Ok(Self {
            stdin,
            stdout: pipe()?,
            stderr: pipe()?,
            network: has_network.then(pair).transpose()?,
        })
    }

    fn theirs<'a>(&'a self, groups: &'a [OwnedFd]) -> Vec<std::os::fd::BorrowedFd<'a>> {
        let stdin = self.stdin.as_ref().map(|(read, _)| read);
        [&self.stdout.1, &self.stderr.1]
            .into_iter()
            .chain(stdin)
            .chain(groups)
            .chain(self.network.as_ref().map(|(_, theirs)| theirs))
            .map(AsFd::as_fd)
            .collect()
    }

    fn started(
        self,
        pid: i32,
        pidfd: OwnedFd,
        group: Option<Group>,
    ) -> Result<Started, SpawnError> {
        let pid = Pid::from_raw(pid).ok_or_else(unexpected)?;
        // A task waits for it without blocking.
        rustix::fs::fcntl_setfl(&pidfd, rustix::fs::OFlags::NONBLOCK)
            .map_err(|error| SpawnError::Watch(io::Error::from(error)))?;
        let stdin = self.stdin.map(|(_, write)| write);
        Ok(Started::new(
            pid,
            pidfd,
            stdin,
            Some(self.stdout.0),
            Some(self.stderr.0),
            self.network.map(|(ours, _)| ours),
            group,
        ))
    }
}

/// What a process sends its listeners over: there is room for them, so that neither end ever waits.
fn pair() -> Result<(OwnedFd, OwnedFd), SpawnError> {
    rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )
    .map_err(|error| SpawnError::Pipes(error.into()))
}

//! The thread that starts processes.
//!
//! A confined process asks the kernel for a signal when its parent ends, and the kernel takes the parent to be the
//! *thread* that started it. So one thread starts them all, and lives as long as any handle does.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::{io, thread};

use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::sync::oneshot;

use crate::command::{Command, Input};
use crate::confine::{Order, SUBCOMMAND};
use crate::error::SpawnError;
use crate::sandbox::{Process, Sandbox, Started};

/// Starts confined processes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spawner {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    helper: PathBuf,
    requests: Sender<Request>,
    remains: Sender<Arc<Process>>,
}

struct Request {
    order: OsString,
    stdin: Input,
    answer: oneshot::Sender<Result<Started, SpawnError>>,
}

impl Spawner {
    /// A spawner that confines processes with `helper`: a binary whose `main` first calls [`crate::confine_main`].
    ///
    /// # Errors
    /// If the system gives no threads.
    pub fn new(helper: PathBuf) -> io::Result<Self> {
        let (requests, receiver) = mpsc::channel();
        let program = helper.clone();
        thread::Builder::new()
            .name("spawner".to_owned())
            .spawn(move || serve(&program, &receiver))?;
        let (remains, dead) = mpsc::channel();
        thread::Builder::new()
            .name("reaper".to_owned())
            .spawn(move || reap(&dead))?;
        Ok(Self {
            inner: Arc::new(Inner {
                helper,
                requests,
                remains,
            }),
        })
    }

    /// Starts a process. It is ended when the handle is dropped. Needs a Tokio runtime with I/O.
    ///
    /// A failure of confinement itself shows as an exit of the process with a line on its standard error.
    ///
    /// # Errors
    /// If the helper cannot be started or watched.
    pub async fn spawn(&self, command: &Command) -> Result<Sandbox, SpawnError> {
        let order = encode(command)?;
        let (answer, started) = oneshot::channel();
        let request = Request {
            order,
            stdin: command.stdin,
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
}

fn encode(command: &Command) -> Result<OsString, SpawnError> {
    let order = Order::new(command, rustix::process::getpid());
    let json = serde_json::to_vec(&order).map_err(|error| SpawnError::Encode(error.to_string()))?;
    Ok(OsString::from_vec(json))
}

fn serve(helper: &Path, requests: &Receiver<Request>) {
    for request in requests {
        let started = start(helper, &request);
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

fn start(helper: &Path, request: &Request) -> Result<Started, SpawnError> {
    let stdin = match request.stdin {
        Input::Empty => Stdio::null(),
        Input::Pipe => Stdio::piped(),
    };
    let child = std::process::Command::new(helper)
        .arg(SUBCOMMAND)
        .arg(&request.order)
        .env_clear()
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| SpawnError::Start {
            path: helper.to_owned(),
            source,
        })?;
    watch(child).map_err(SpawnError::Watch)
}

/// Nobody else waits for children of this process by number, so the number still belongs to the child here.
fn watch(mut child: Child) -> io::Result<Started> {
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or(io::ErrorKind::InvalidData)?;
    match rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK) {
        Ok(pidfd) => Ok(Started::new(
            pid,
            pidfd,
            child.stdin.take().map(Into::into),
            child.stdout.take().map(Into::into),
            child.stderr.take().map(Into::into),
        )),
        Err(error) => {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            let _ = child.wait();
            Err(error.into())
        }
    }
}

//! Compiles in processes of their own: the parser is recursive, and text that is nested deeply enough ends the process
//! that reads it. A process that ends, or takes too long, is the answer "too complex".

use crate::error::TownError;
use crate::limits::{Bounds, COMPILERS_MAX};
use crate::workshop;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use thorp_lang::limits::FRAME_BYTES_MAX;
use thorp_lang::{Compiled, Source, worker};
use thorp_runtime::confined::{Command, Input, Sandbox, Shortage, Spawner};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::sync::Semaphore;

/// The word by which our own binary becomes a compile worker.
pub const COMPILE_SUBCOMMAND: &str = "__compile";

/// The compile workers. They are started when they are first needed, and kept.
pub(crate) struct Compiler {
    spawner: Spawner,
    executable: PathBuf,
    idle: Mutex<Vec<Worker>>,
    permits: Semaphore,
    wall: Duration,
    memory_bytes: u64,
}

struct Worker {
    process: Sandbox,
    input: pipe::Sender,
    output: pipe::Receiver,
}

impl Compiler {
    pub(crate) fn new(spawner: Spawner, executable: PathBuf, bounds: &Bounds) -> Self {
        Self {
            spawner,
            executable,
            idle: Mutex::new(Vec::new()),
            permits: Semaphore::new(COMPILERS_MAX),
            wall: bounds.compile_wall,
            memory_bytes: bounds.compile_memory_bytes,
        }
    }

    /// Compiles. Whatever the text is, this answers within [`Bounds::compile_wall`] of its turn.
    pub(crate) async fn compile(&self, source: &Source) -> Result<Compiled, TownError> {
        let _permit = self.permits.acquire().await.map_err(TownError::internal)?;
        let request = worker::encode_request(0, source).map_err(TownError::internal)?;
        let mut worker = self.worker().await?;
        let reply = tokio::time::timeout(self.wall, worker.exchange(&request)).await;
        match reply {
            Ok(Ok(reply)) => {
                self.idle().push(worker);
                worker::decode_reply(&reply)
                    .map(|(_, compiled)| compiled)
                    .map_err(TownError::internal)
            }
            Ok(Err(_)) | Err(_) => self.failed(&worker, source),
        }
    }

    /// What it means that a worker gave no answer.
    fn failed(&self, worker: &Worker, source: &Source) -> Result<Compiled, TownError> {
        match worker.process.shortage() {
            Some(Shortage::Own) => Ok(Compiled::too_large(source, self.memory_bytes)),
            Some(Shortage::Together) => Err(TownError::PoolFull {
                retry_after_seconds: 1,
            }),
            None => Ok(Compiled::too_complex(source)),
        }
    }

    /// Ends all workers, and waits until nothing is left of them.
    pub(crate) async fn close(&self) {
        self.permits.close();
        let workers = std::mem::take(&mut *self.idle());
        let end = move || workers.iter().for_each(|worker| worker.process.destroy());
        let _ = tokio::task::spawn_blocking(end).await;
    }

    async fn worker(&self) -> Result<Worker, TownError> {
        while let Some(worker) = self.take_idle() {
            if matches!(worker.process.exit(), Ok(None)) {
                return Ok(worker);
            }
        }
        self.start().await
    }

    async fn start(&self) -> Result<Worker, TownError> {
        let process = self
            .spawner
            .spawn(&self.command())
            .await
            .map_err(TownError::internal)?;
        let gone = || TownError::internal("a compile worker has no pipes");
        let input = process
            .take_stdin()
            .map_err(TownError::internal)?
            .ok_or_else(gone)?;
        let output = process
            .take_stdout()
            .map_err(TownError::internal)?
            .ok_or_else(gone)?;
        Ok(Worker {
            process,
            input,
            output,
        })
    }

    fn command(&self) -> Command {
        Command {
            program: self.executable.clone(),
            args: vec![COMPILE_SUBCOMMAND.into()],
            env: Vec::new(),
            cwd: PathBuf::from("/"),
            private: None,
            stdin: Input::Pipe,
            limits: workshop::limits(self.memory_bytes),
        }
    }

    fn take_idle(&self) -> Option<Worker> {
        self.idle().pop()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    async fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.input.write_all(request).await?;
        let bytes = self.output.read_u32_le().await? as usize;
        if bytes > FRAME_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut reply = vec![0; bytes];
        self.output.read_exact(&mut reply).await?;
        Ok(reply)
    }
}

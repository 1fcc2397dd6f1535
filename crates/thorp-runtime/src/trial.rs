//! Trying what the jail of the sandboxes holds: a script in it with all of Deno's permissions, which only the kernel stops.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use thorp_jail::{Exit, Sandbox};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use crate::boot::Starter;
use crate::error::RuntimeError;
use crate::folder::Folder;
use crate::limits::TRIAL_OUTPUT_BYTES_MAX;

const FLAGS: &[&str] = &[
    "run",
    "--allow-all",
    "--unstable-ffi",
    "--quiet",
    "--no-config",
    "--no-lock",
    "--no-prompt",
    "--cached-only",
];
const SCRIPT: &str = "trial.mjs";

/// What a script printed, and how it ended.
#[derive(Debug)]
pub struct Trial {
    /// The first of its standard output.
    pub stdout: String,
    /// The first of its standard error.
    pub stderr: String,
    /// How it ended; `None` if it had to be ended.
    pub exit: Option<Exit>,
}

/// Runs a script to its end, or for so long.
pub(crate) async fn run(
    starter: &Starter,
    script: &str,
    argument: &str,
    wall: Duration,
) -> Result<Trial, RuntimeError> {
    let failed = |error: io::Error| RuntimeError::Start(error.to_string());
    let number = starter.numbers.fetch_add(1, Ordering::Relaxed).to_string();
    let place = Place {
        starter,
        folder: starter.scratch.join(&number),
        process: None,
    };
    place
        .run(&number, script, argument, wall)
        .await
        .map_err(failed)
}

/// The folder of a trial and its process, both gone when it is dropped.
struct Place<'a> {
    starter: &'a Starter,
    folder: PathBuf,
    process: Option<Arc<Sandbox>>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let folder = std::mem::take(&mut self.folder);
        self.starter.cleaner.remove(self.process.take(), folder);
    }
}

impl Place<'_> {
    async fn run(
        mut self,
        name: &str,
        script: &str,
        argument: &str,
        wall: Duration,
    ) -> io::Result<Trial> {
        let starter = self.starter;
        let seen = starter.spawner.jail().private_seen(name);
        let folder = Folder::create(self.folder.clone(), &seen, &starter.cache)?;
        std::fs::write(self.folder.join("m").join(SCRIPT), script)?;
        let mut command = starter.deno.command(name, folder.seen(), false);
        command.args = FLAGS.iter().map(OsString::from).collect();
        command.args.push(folder.seen().modules.join(SCRIPT).into());
        command.args.push(argument.into());
        let process = starter.spawner.spawn(&command).await;
        let process = Arc::new(process.map_err(io::Error::other)?);
        self.process = Some(Arc::clone(&process));
        let (stdout, stderr) = (process.take_stdout()?, process.take_stderr()?);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let work = async {
            tokio::join!(read(stdout, &mut out), read(stderr, &mut err));
            process.wait().await
        };
        let exit = timeout(wall, work).await.ok().transpose()?;
        Ok(Trial {
            stdout: String::from_utf8_lossy(&out).into_owned(),
            stderr: String::from_utf8_lossy(&err).into_owned(),
            exit,
        })
    }
}

/// Reads the first of it. What ends the reading is no matter: the process has an end of its own.
async fn read(pipe: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) {
    if let Some(pipe) = pipe {
        let _ = pipe.take(TRIAL_OUTPUT_BYTES_MAX).read_to_end(into).await;
    }
}

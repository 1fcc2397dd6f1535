//! The thread that takes sandboxes apart, so that no answer waits for it: a process takes about 3 ms to die.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::{fs, io, thread};

use thorp_jail::Sandbox;
use tokio::sync::oneshot;

/// The way to the thread. It ends after the last clone is dropped and everything is clean.
#[derive(Clone, Debug)]
pub(crate) struct Cleaner {
    work: Sender<Work>,
}

enum Work {
    Remove {
        process: Option<Arc<Sandbox>>,
        folder: PathBuf,
    },
    Tell(oneshot::Sender<()>),
}

impl Cleaner {
    pub(crate) fn start() -> io::Result<Self> {
        let (work, receiver) = mpsc::channel();
        thread::Builder::new()
            .name("cleaner".to_owned())
            .spawn(move || serve(&receiver))?;
        Ok(Self { work })
    }

    /// Ends a process and removes its folder.
    pub(crate) fn remove(&self, process: Option<Arc<Sandbox>>, folder: PathBuf) {
        // The thread lives as long as this handle does.
        let _ = self.work.send(Work::Remove { process, folder });
    }

    /// Waits until everything that was given before is removed.
    pub(crate) async fn finished(&self) {
        let (tell, told) = oneshot::channel();
        if self.work.send(Work::Tell(tell)).is_ok() {
            let _ = told.await;
        }
    }
}

fn serve(receiver: &Receiver<Work>) {
    while let Ok(first) = receiver.recv() {
        let batch: Vec<Work> = std::iter::once(first).chain(receiver.try_iter()).collect();
        // All are told to end before the first is waited for.
        for work in &batch {
            if let Work::Remove {
                process: Some(process),
                ..
            } = work
            {
                process.kill();
            }
        }
        batch.into_iter().for_each(finish);
    }
}

fn finish(work: Work) {
    match work {
        Work::Remove { process, folder } => {
            if let Some(process) = process {
                process.destroy();
            }
            if let Err(error) = fs::remove_dir_all(&folder)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(folder = %folder.display(), %error, "cannot remove the folder of a sandbox");
            }
        }
        // Whoever asked may have stopped waiting.
        Work::Tell(tell) => drop(tell.send(())),
    }
}

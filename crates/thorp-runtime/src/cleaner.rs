//! The thread that takes sandboxes apart, so that no answer waits for it: a process takes about 3 ms to die.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::{fs, io, thread};

use thorp_jail::Sandbox;
use tokio::sync::oneshot;

use crate::boot::Ready;
use crate::limits::RETIRE_DELAY;

/// The way to the thread. It ends after the last clone is dropped and everything is clean.
#[derive(Clone, Debug)]
pub(crate) struct Cleaner {
    work: Sender<Work>,
}

enum Work {
    /// A sandbox that had a run.
    Retire(Box<Ready>),
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

    /// Takes a sandbox apart whose run has ended, when the run's answer is on its way: closing its connection would wake
    /// it, and its end takes processor time that the answer needs.
    pub(crate) fn retire(&self, ready: Ready) {
        // The thread lives as long as this handle does.
        let _ = self.work.send(Work::Retire(Box::new(ready)));
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
        thread::sleep(RETIRE_DELAY);
        let batch: Vec<Work> = std::iter::once(first).chain(receiver.try_iter()).collect();
        // All are told to end before the first is waited for.
        for work in &batch {
            match work {
                Work::Retire(ready) => ready.process.kill(),
                Work::Remove {
                    process: Some(process),
                    ..
                } => process.kill(),
                Work::Remove { process: None, .. } | Work::Tell(_) => {}
            }
        }
        batch.into_iter().for_each(finish);
    }
}

fn finish(work: Work) {
    match work {
        Work::Retire(mut ready) => {
            let (process, folder) = ready.take_remains();
            drop(ready);
            remove(process.as_deref(), &folder);
        }
        Work::Remove { process, folder } => remove(process.as_deref(), &folder),
        // Whoever asked may have stopped waiting.
        Work::Tell(tell) => drop(tell.send(())),
    }
}

fn remove(process: Option<&Sandbox>, folder: &Path) {
    if let Some(process) = process {
        process.destroy();
    }
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %error, "cannot remove the folder of a sandbox");
    }
}

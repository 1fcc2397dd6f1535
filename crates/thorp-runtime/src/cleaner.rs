//! The thread that takes sandboxes apart, so that no answer waits for it: a process takes about 3 ms to die.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io, thread};

use thorp_jail::Sandbox;
use tokio::sync::oneshot;

use crate::boot::Ready;
use crate::folder;
use crate::limits::{FOLDERS_KEPT_MAX, RETIRE_DELAY};

/// The way to the thread. It ends after the last clone is dropped and everything is clean.
#[derive(Clone, Debug)]
pub(crate) struct Cleaner {
    work: Sender<Work>,
    again: Arc<Mutex<Vec<PathBuf>>>,
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
    /// `cache` is the prepared cache of Deno that the folders of sandboxes have links to.
    pub(crate) fn start(cache: PathBuf) -> io::Result<Self> {
        let (work, receiver) = mpsc::channel();
        let again = Arc::new(Mutex::new(Vec::new()));
        let thread = Thread {
            cache,
            again: Arc::clone(&again),
        };
        thread::Builder::new()
            .name("cleaner".to_owned())
            .spawn(move || thread.serve(&receiver))?;
        Ok(Self { work, again })
    }

    /// A folder that was used and is as good as new.
    pub(crate) fn again(&self) -> Option<PathBuf> {
        lock(&self.again).pop()
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

    /// Waits until everything that was given before is taken apart.
    pub(crate) async fn finished(&self) {
        let (tell, told) = oneshot::channel();
        if self.work.send(Work::Tell(tell)).is_ok() {
            let _ = told.await;
        }
    }

    /// The same, and leaves no folder for later.
    pub(crate) async fn close(&self) {
        self.finished().await;
        while let Some(folder) = self.again() {
            remove(None, &folder);
        }
    }
}

/// What the thread has.
struct Thread {
    cache: PathBuf,
    again: Arc<Mutex<Vec<PathBuf>>>,
}

impl Thread {
    fn serve(self, receiver: &Receiver<Work>) {
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
            batch.into_iter().for_each(|work| self.finish(work));
        }
    }

    fn finish(&self, work: Work) {
        match work {
            Work::Retire(ready) => self.retire(*ready),
            Work::Remove { process, folder } => remove(process.as_deref(), &folder),
            // Whoever asked may have stopped waiting.
            Work::Tell(tell) => drop(tell.send(())),
        }
    }

    fn retire(&self, mut ready: Ready) {
        let (process, folder) = ready.take_remains();
        drop(ready);
        if let Some(process) = &process {
            process.destroy();
        }
        let mut again = lock(&self.again);
        if again.len() < FOLDERS_KEPT_MAX && folder::reset(&folder, &self.cache).is_ok() {
            again.push(folder);
        } else {
            drop(again);
            remove(None, &folder);
        }
    }
}

fn lock(again: &Mutex<Vec<PathBuf>>) -> MutexGuard<'_, Vec<PathBuf>> {
    again.lock().unwrap_or_else(PoisonError::into_inner)
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

//! The group that this process leaves, so that groups below or beside it can be for sandboxes. All sets of groups of a process
//! share the one that it is in then; with the last it returns.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::groups::place::Controller;
use crate::groups::remove;
use crate::groups::tree::{PROCESSES, control, set, words};

/// A group that this process has left.
#[derive(Debug)]
pub(crate) struct Left {
    /// Where it was.
    pub(crate) base: PathBuf,
    /// What is around the groups that it is beside now: in the second version [`Self::base`].
    pub(crate) groups: PathBuf,
    /// Where it is.
    pub(crate) town: PathBuf,
    /// What the groups have since.
    pub(crate) enabled: Vec<Controller>,
}

impl Left {
    /// Makes the group where the process is to be, and goes there.
    pub(crate) fn leave(&self) -> io::Result<()> {
        match fs::create_dir(&self.town) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => set(&self.town, PROCESSES, 0),
        }
    }

    /// Makes all as it was, unless other processes need it as it is. Whoever starts a process there next could not
    /// otherwise.
    fn enter_again(&self) {
        let others = fs::read_dir(&self.groups)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .any(|entry| entry.path() != self.town);
        if others {
            return;
        }
        for controller in &self.enabled {
            let _ = control(&self.base, '-', *controller);
        }
        // With those that it has started, such as zygotes.
        for process in words(&self.town.join(PROCESSES)).unwrap_or_default() {
            let _ = set(&self.base, PROCESSES, process);
        }
        remove::folder(&self.town);
        if self.groups != self.base {
            remove::folder(&self.groups);
        }
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        self.enter_again();
    }
}

/// One set's part in it. With the last part, the process returns.
#[derive(Debug)]
pub(crate) struct Share(Mutex<Option<Arc<Left>>>);

/// All that this process has left.
static SHARED: Mutex<Vec<Weak<Left>>> = Mutex::new(Vec::new());
static ORDER: Mutex<()> = Mutex::new(());

/// Held while a set is opened or closed.
pub(crate) fn order() -> MutexGuard<'static, ()> {
    lock(&ORDER)
}

impl Share {
    /// That of the set for which the process leaves its group.
    pub(crate) fn first(left: Left) -> (Self, Arc<Left>) {
        let left = Arc::new(left);
        let mut shared = lock(&SHARED);
        shared.retain(|left| left.strong_count() > 0);
        shared.push(Arc::downgrade(&left));
        (Self(Mutex::new(Some(Arc::clone(&left)))), left)
    }

    /// That of a further set, if it was this process that made these groups possible.
    pub(crate) fn of(groups: &Path) -> Option<Self> {
        let shared = lock(&SHARED);
        let mut living = shared.iter().filter_map(Weak::upgrade);
        let left = living.find(|left| left.groups == groups)?;
        Some(Self(Mutex::new(Some(left))))
    }

    pub(crate) fn give_up(&self) {
        let left = lock(&self.0).take();
        drop(left);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Control groups: what bounds a process from outside, together with all that it starts.
//!
//! Owns: which of the kernel's trees this town may use, found by doing; the groups of its sandboxes, which are used again;
//! and removing them, and those that killed towns left. A process enters its groups itself, before it becomes the program.

mod name;
mod place;
mod remove;
mod share;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::groups::name::Owner;
use crate::groups::place::{Controller, Place};
use crate::groups::tree::{Refusal, Tree};
use crate::limits::{GROUPS_KEPT_MAX, SMALL_PART};
use crate::probe::Refused;

/// What groups bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupLimits {
    /// Memory of every kind that one process may have, in bytes: what it fills, files in memory, and what the kernel keeps
    /// for it. Files of a disk that it only reads count until the kernel wants their memory back.
    pub memory_bytes: u64,
    /// Memory of all processes together, in hundredths of what the host may have. Only in the first version of control
    /// groups: in the second, whoever makes the host's own group gives it a limit.
    pub memory_percent_all: u64,
    /// Threads of one process.
    pub threads: u64,
}

/// A process's part of the processors, against the others' of the same set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// As much as any other.
    Full,
    /// Little: what is made ready for later must neither be felt, nor starve beside those that have no part at all.
    Small,
    /// What nobody else wants.
    Left,
}

impl Part {
    /// What it is of a full one; the least that the kernel knows is a hundredth.
    fn of(self, full: u64) -> u64 {
        match self {
            Self::Full => full,
            Self::Small => full / SMALL_PART,
            Self::Left => full / 100,
        }
    }
}

/// Why the kernel ended a process for want of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// It had all that it may have.
    Own,
    /// All processes together had all that they may have.
    Together,
}

/// The control groups of one set of processes. Cheap to clone; every clone is the same set, which is removed with the last.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    inner: Arc<Inner>,
    /// What one process may have; none if there are no groups.
    limits: Option<GroupLimits>,
}

#[derive(Debug, Default)]
struct Inner {
    trees: Vec<Tree>,
    refused: Vec<Refused>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    free: VecDeque<Free>,
    taken: usize,
    made: u64,
    closed: bool,
}

/// A group that nobody has, with its limits and the part that it had last.
#[derive(Clone, Copy, Debug)]
struct Free {
    number: u64,
    part: Part,
    limits: GroupLimits,
}

impl Groups {
    /// No groups at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Finds out which limits this process may give to groups, by making some, and removes what ended towns left. In the
    /// second version this process leaves its group for one below it.
    #[must_use]
    pub fn open(limits: GroupLimits) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let places = place::places(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"));
        Self::open_in(places, limits)
    }

    fn open_in(places: Vec<Place>, limits: GroupLimits) -> Self {
        let (trees, refused) = find(places, &limits);
        let is_held = |controller: &Controller| {
            trees
                .iter()
                .any(|tree: &Tree| tree.controllers.contains(controller))
        };
        let missing = Controller::ALL.into_iter().filter(|one| !is_held(one));
        Self {
            inner: Arc::new(Inner {
                refused: missing.map(|one| told(one, &refused)).collect(),
                trees,
                state: Mutex::default(),
            }),
            limits: Some(limits),
        }
    }

    /// The same set for processes of another kind, each of which may have this. What all may have together stays as it is,
    /// and includes them.
    #[must_use]
    pub fn with_limits(&self, memory_bytes: u64, threads: u64) -> Self {
        let change = |limits| GroupLimits {
            memory_bytes,
            threads,
            ..limits
        };
        Self {
            inner: Arc::clone(&self.inner),
            limits: self.limits.map(change),
        }
    }

    /// What they bound, for people.
    #[must_use]
    pub fn held(&self) -> Vec<&'static str> {
        let held = |one: &Controller| self.inner.tree(*one).is_some();
        let held = Controller::ALL.into_iter().filter(held);
        held.map(Controller::shown).collect()
    }

    /// What they cannot bound here, and what the system said.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.inner.refused
    }

    /// Removes the groups that nobody has, each other one when its process has ended, and with the last what is around
    /// them. No process can be started any more.
    pub fn close(&self) {
        self.inner.lock().closed = true;
        self.inner.clear();
    }

    /// A group for one process, if there are any.
    pub(crate) fn take(&self, part: Part) -> io::Result<Option<Group>> {
        let inner = &self.inner;
        let Some(limits) = self.limits.filter(|_| !inner.trees.is_empty()) else {
            return Ok(None);
        };
        let (free, fresh) = {
            let mut state = inner.lock();
            if state.closed {
                return Err(io::Error::other("they are closed"));
            }
            state.made += 1;
            state.taken += 1;
            // The oldest: the kernel counts threads for a while after they have ended.
            let oldest = state.free.iter().position(|free| free.limits == limits);
            let counted = |at: &usize| inner.threads(state.free[*at].number) <= limits.threads / 2;
            let oldest = oldest.filter(counted);
            (oldest.and_then(|at| state.free.remove(at)), state.made)
        };
        let number = free.map_or(fresh, |free| free.number);
        let group = Group {
            number,
            limits,
            part: Mutex::new(free.map_or(Part::Full, |free| free.part)),
            released: AtomicBool::new(false),
            inner: Arc::clone(inner),
        };
        if free.is_none() {
            for tree in &inner.trees {
                tree.make(number, &limits)?;
            }
        }
        group.set_part(part)?;
        Ok(Some(group))
    }
}

fn find(places: Vec<Place>, limits: &GroupLimits) -> (Vec<Tree>, Vec<Refusal>) {
    let (mut trees, mut refused) = (Vec::new(), Vec::new());
    // Without `/proc` nothing was found either.
    if let Ok(owner) = Owner::own() {
        for place in places {
            let (tree, reasons) = Tree::open(place, &owner, limits);
            trees.extend(tree);
            refused.extend(reasons);
        }
    }
    (trees, refused)
}

fn told(controller: Controller, refused: &[Refusal]) -> Refused {
    let reason = refused.iter().find(|(one, _)| *one == controller);
    Refused {
        layer: controller.shown(),
        reason: match reason {
            Some((_, error)) => error.to_string(),
            None => "this process is in no such group".to_owned(),
        },
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tree(&self, controller: Controller) -> Option<&Tree> {
        let has = |tree: &&Tree| tree.controllers.contains(&controller);
        self.trees.iter().find(has)
    }

    fn threads(&self, number: u64) -> u64 {
        let tree = self.tree(Controller::Threads);
        tree.map_or(0, |tree| tree.threads(number))
    }

    fn remove(&self, number: u64) {
        self.trees.iter().for_each(|tree| tree.remove(number));
    }

    /// Removes what nobody has.
    fn clear(&self) {
        // One after the other: the last must find what the others have removed gone.
        let _order = share::order();
        let (free, is_last) = {
            let mut state = self.lock();
            (std::mem::take(&mut state.free), state.taken == 0)
        };
        for group in free {
            self.remove(group.number);
        }
        if is_last {
            self.trees.iter().for_each(Tree::close);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A group that one process has.
#[derive(Debug)]
pub(crate) struct Group {
    number: u64,
    limits: GroupLimits,
    part: Mutex<Part>,
    released: AtomicBool,
    inner: Arc<Inner>,
}

impl Group {
    /// Where the process enters: by writing a zero.
    pub(crate) fn entrances(&self) -> io::Result<Vec<OwnedFd>> {
        let trees = self.inner.trees.iter();
        trees.map(|tree| tree.entrance(self.number)).collect()
    }

    /// Whether the process's memory has a limit here.
    pub(crate) fn bounds_memory(&self) -> bool {
        self.inner.tree(Controller::Memory).is_some()
    }

    /// Whether the process has a share of the processors of its own.
    pub(crate) fn has_share(&self) -> bool {
        self.inner.tree(Controller::Processor).is_some()
    }

    /// Gives the process its part of the processors, where groups share them out.
    pub(crate) fn set_part(&self, part: Part) -> io::Result<()> {
        let Some(tree) = self.inner.tree(Controller::Processor) else {
            return Ok(());
        };
        let mut now = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != part {
            tree.set_part(self.number, *now, part)?;
            *now = part;
        }
        Ok(())
    }

    /// Why the kernel ended the process, if it was for want of memory.
    pub(crate) fn shortage(&self) -> Option<Shortage> {
        let tree = self.inner.tree(Controller::Memory)?;
        match tree.shortages(self.number) {
            (0, _) => None,
            (_, true) => Some(Shortage::Own),
            (_, false) => Some(Shortage::Together),
        }
    }

    /// Gives the group back when its process has ended, once. One in which somebody is left or was ended is not used
    /// again.
    pub(crate) fn release(&self) {
        if self.released.swap(true, Ordering::AcqRel) {
            return;
        }
        // Who is in one is in all.
        let empty = |tree: &Tree| tree.empty(self.number);
        let is_clean = self.inner.trees.first().is_some_and(empty) && self.shortage().is_none();
        let mut state = self.inner.lock();
        let is_kept = is_clean && !state.closed && state.free.len() < GROUPS_KEPT_MAX;
        if is_kept {
            state.free.push_back(Free {
                number: self.number,
                limits: self.limits,
                part: *self.part.lock().unwrap_or_else(PoisonError::into_inner),
            });
        }
        if !is_kept {
            // Until it is gone it is taken: whoever closes the set would otherwise find somebody else's group there.
            drop(state);
            self.inner.remove(self.number);
            state = self.inner.lock();
        }
        state.taken -= 1;
        let closed = state.closed;
        drop(state);
        if closed {
            self.inner.clear();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.release();
    }
}

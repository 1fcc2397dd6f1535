//! Connections of one user that wait for the next request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::limits::POOL_PER_USER_MAX;
use crate::policy::Destination;
use crate::upstream::Sender;
use crate::user::User;

/// What a connection is good for. The policy doesn't change, so the checks that its address passed still hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) tls: bool,
    pub(crate) destination: Destination,
}

#[derive(Debug)]
struct Kept {
    key: Key,
    sender: Sender,
    since: Instant,
    _place: OwnedSemaphorePermit,
}

#[derive(Debug, Default)]
struct State {
    kept: Vec<Kept>,
    swept: bool,
}

/// The kept connections of a user: few, so that looking at all of them is quick.
#[derive(Debug)]
pub(crate) struct Pool {
    state: Mutex<State>,
    places: Arc<Semaphore>,
}

impl Pool {
    /// `places` bounds all users' pools together.
    pub(crate) fn new(places: Arc<Semaphore>) -> Self {
        Self {
            state: Mutex::default(),
            places,
        }
    }

    /// A connection for this key, if there is one. A shared one stays in the pool.
    pub(crate) fn take(&self, key: &Key) -> Option<Sender> {
        let mut state = self.lock();
        state.kept.retain(|kept| kept.sender.is_usable());
        // The one that was used last is the least likely to be closed by its origin.
        let at = state.kept.iter().rposition(|kept| kept.key == *key)?;
        if let Some(shared) = state.kept[at].sender.share() {
            state.kept[at].since = Instant::now();
            return Some(shared);
        }
        Some(state.kept.remove(at).sender)
    }

    fn put(&self, key: Key, sender: Sender) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return;
        };
        let mut state = self.lock();
        // Requests that began at once each have a connection; one that carries them all is enough from now on.
        if sender.is_shared() && state.kept.iter().any(|kept| kept.key == key) {
            return;
        }
        if state.kept.len() >= POOL_PER_USER_MAX {
            state.kept.remove(0);
        }
        state.kept.push(Kept {
            key,
            sender,
            since: Instant::now(),
            _place: place,
        });
    }

    /// Whether any are left.
    fn sweep(&self, idle: Duration) -> bool {
        let mut state = self.lock();
        let fresh = |kept: &Kept| kept.sender.is_usable() && kept.since.elapsed() < idle;
        state.kept.retain(fresh);
        state.swept = !state.kept.is_empty();
        state.swept
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a connection for `idle`. A task looks after a pool only while there is something in it.
pub(crate) fn keep(user: &Arc<User>, key: Key, sender: Sender, idle: Duration) {
    user.pool.put(key, sender);
    let swept = std::mem::replace(&mut user.pool.lock().swept, true);
    if swept {
        return;
    }
    let user = user.clone();
    tokio::spawn(async move {
        while user.pool.sweep(idle) {
            tokio::time::sleep(idle / 2).await;
        }
    });
}

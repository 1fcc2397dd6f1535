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

#[cfg(test)]
impl Pool {
    /// Whether these are the places of its connections.
    pub(crate) fn shares(&self, places: &Arc<Semaphore>) -> bool {
        Arc::ptr_eq(&self.places, places)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{DuplexStream, duplex};
    use tokio::sync::Semaphore;

    use super::{Key, Pool};
    use crate::limits::POOL_PER_USER_MAX;
    use crate::policy::Destination;
    use crate::upstream::Sender;

    fn key(port: usize) -> Key {
        Key {
            tls: false,
            destination: Destination::parse("origin.test", u16::try_from(port).unwrap()).unwrap(),
        }
    }

    /// Keeps a connection, and answers with its other end.
    async fn put(pool: &Pool, port: usize) -> DuplexStream {
        let (ours, theirs) = duplex(64);
        pool.put(key(port), Sender::over(ours).await);
        theirs
    }

    #[tokio::test]
    async fn a_users_oldest_connection_makes_room() {
        let pool = Pool::new(Arc::new(Semaphore::new(100)));
        let mut origins = Vec::new();
        for port in 1..=POOL_PER_USER_MAX + 2 {
            origins.push(put(&pool, port).await);
        }
        assert_eq!(pool.lock().kept.len(), POOL_PER_USER_MAX);
        assert!(pool.take(&key(1)).is_none());
        assert!(pool.take(&key(2)).is_none());
        assert!(pool.take(&key(3)).is_some());
    }

    #[tokio::test]
    async fn without_a_place_among_all_users_none_is_kept() {
        let places = Arc::new(Semaphore::new(3));
        let (one, other) = (Pool::new(places.clone()), Pool::new(places));
        let mut origins = Vec::new();
        for (pool, port) in [(&one, 1), (&one, 2), (&other, 3), (&other, 4)] {
            origins.push(put(pool, port).await);
        }
        let kept = |pool: &Pool| pool.lock().kept.len();
        assert_eq!((kept(&one), kept(&other)), (2, 1));
        assert!(one.take(&key(1)).is_some());
        origins.push(put(&other, 5).await);
        assert_eq!((kept(&one), kept(&other)), (1, 2));
    }
}

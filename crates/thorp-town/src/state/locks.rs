//! Who may write which vals now: runs that may write the same val run one after another.
//!
//! All locks of a run are taken at once, in one order, so that two runs never wait for each other. A run that another one
//! waits for must not wait for that one's locks: it is told so at once.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::error::{ErrorCode, TownError};

/// A val that may not exist yet: its owner, and its name in lower case.
pub(crate) type Place = (Uuid, String);

/// Locks that nobody has are forgotten when there are so many.
const PRUNED_FROM: usize = 1024;

/// All locks.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    known: StdMutex<HashMap<Place, Weak<Mutex<()>>>>,
}

/// The locks of a run. Dropped, they are free.
#[derive(Debug, Default)]
pub(crate) struct Held {
    _guards: Vec<OwnedMutexGuard<()>>,
}

impl Locks {
    /// Takes the locks of these places, and waits at most so long. `above` are those of the runs that wait for this one.
    ///
    /// # Errors
    /// `STATE_DEADLOCK`, `STATE_BUSY`.
    pub(crate) async fn take(
        &self,
        places: &BTreeSet<Place>,
        above: &BTreeSet<Place>,
        wait: Duration,
    ) -> Result<Held, TownError> {
        if let Some((_, name)) = places.iter().find(|place| above.contains(place)) {
            return Err(deadlock(name));
        }
        let end = Instant::now() + wait;
        let mut guards = Vec::with_capacity(places.len());
        for place in places {
            let guard = timeout_at(end, self.lock(place).lock_owned()).await;
            guards.push(guard.map_err(|_| busy(&place.1, wait))?);
        }
        Ok(Held { _guards: guards })
    }

    fn lock(&self, place: &Place) -> Arc<Mutex<()>> {
        let mut known = self.known();
        if let Some(lock) = known.get(place).and_then(Weak::upgrade) {
            return lock;
        }
        if known.len() >= PRUNED_FROM {
            known.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::new(Mutex::new(()));
        known.insert(place.clone(), Arc::downgrade(&lock));
        lock
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Place, Weak<Mutex<()>>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn deadlock(name: &str) -> TownError {
    TownError::hinted(
        ErrorCode::StateDeadlock,
        format!("`{name}` is written by a run that waits for this one"),
        "let only one of the two write it, or write it with `me.update` after the call",
    )
}

fn busy(name: &str, wait: Duration) -> TownError {
    TownError::hinted(
        ErrorCode::StateBusy,
        format!("other runs wrote `{name}` for {} s", wait.as_secs()),
        "try again; long runs should write by `me.update`, which waits for that one moment only",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use std::time::Duration;

    use uuid::Uuid;

    use super::{Locks, PRUNED_FROM, Place};

    const WAIT: Duration = Duration::from_secs(10);

    fn places(names: &[&str]) -> BTreeSet<Place> {
        let place = |name: &&str| (Uuid::nil(), (*name).to_owned());
        names.iter().map(place).collect()
    }

    #[tokio::test]
    async fn who_writes_the_same_comes_one_after_another() {
        let (locks, at_once) = (Arc::new(Locks::default()), Arc::new(AtomicU32::new(0)));
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let (locks, at_once) = (Arc::clone(&locks), Arc::clone(&at_once));
                // Whichever order they are named in.
                let names = if number % 2 == 0 {
                    ["a", "b"]
                } else {
                    ["b", "a"]
                };
                tokio::spawn(async move {
                    let held = locks
                        .take(&places(&names), &places(&[]), WAIT)
                        .await
                        .unwrap();
                    assert_eq!(at_once.fetch_add(1, SeqCst), 0);
                    tokio::task::yield_now().await;
                    at_once.fetch_sub(1, SeqCst);
                    drop(held);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let locks = Locks::default();
        let held = locks
            .take(&places(&["a"]), &places(&[]), WAIT)
            .await
            .unwrap();
        let (both, none) = (places(&["a", "b"]), places(&[]));
        let busy = locks.take(&both, &none, WAIT).await;
        assert_eq!(
            busy.unwrap_err().to_string(),
            "other runs wrote `a` for 10 s"
        );
        drop(held);
        let free = locks.take(&both, &none, WAIT).await;
        assert_eq!(free.unwrap()._guards.len(), 2);
    }

    #[tokio::test]
    async fn who_is_waited_for_is_told_at_once() {
        let locks = Locks::default();
        let (wanted, above) = (places(&["b", "c"]), places(&["a", "b"]));
        let refused = locks.take(&wanted, &above, WAIT);
        assert_eq!(
            refused.await.unwrap_err().to_string(),
            "`b` is written by a run that waits for this one"
        );
    }

    #[tokio::test]
    async fn locks_that_nobody_has_are_forgotten() {
        let locks = Locks::default();
        let kept = locks
            .take(&places(&["kept"]), &places(&[]), WAIT)
            .await
            .unwrap();
        for number in 0..3 * PRUNED_FROM {
            let name = number.to_string();
            drop(locks.take(&places(&[&name]), &places(&[]), WAIT).await);
        }
        assert!(locks.known().len() <= PRUNED_FROM);
        let (wanted, none) = (places(&["kept"]), places(&[]));
        let again = locks.take(&wanted, &none, Duration::ZERO);
        assert!(again.await.is_err());
        drop(kept);
    }
}

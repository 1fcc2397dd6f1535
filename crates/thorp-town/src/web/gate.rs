//! How many requests a val takes, and of whom.

use crate::error::TownError;
use crate::limits::{
    WEB_CLIENT_BURST, WEB_CLIENT_PER_SECOND, WEB_CLIENTS_KNOWN_MAX, WEB_RECORDED_BURST,
    WEB_RECORDED_PER_SECOND, WEB_REQUESTS_OPEN_MAX, WEB_VALS_KNOWN_MAX,
};
use lru::LruCache;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use uuid::Uuid;

/// The gates of vals, and what clients have taken lately.
pub(crate) struct Gates {
    vals: Mutex<LruCache<Uuid, Arc<Gate>>>,
    clients: Mutex<LruCache<(Uuid, String), Bucket>>,
}

/// What one val has taken.
pub(crate) struct Gate {
    val: Uuid,
    open: AtomicUsize,
    recorded: Mutex<Bucket>,
    unrecorded: AtomicU64,
}

/// A request that is open.
pub(crate) struct Place(Arc<Gate>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// So many at once, and so many a second.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
    burst: f64,
    per_second: f64,
}

impl Bucket {
    fn new(burst: u32, per_second: u32, now: Instant) -> Self {
        Self {
            left: f64::from(burst),
            at: now,
            burst: f64::from(burst),
            per_second: f64::from(per_second),
        }
    }

    /// Takes one, if there is one.
    fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.burst);
        self.at = now;
        let has = self.left >= 1.0;
        if has {
            self.left -= 1.0;
        }
        has
    }
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            vals: Mutex::new(cache(WEB_VALS_KNOWN_MAX)),
            clients: Mutex::new(cache(WEB_CLIENTS_KNOWN_MAX)),
        }
    }
}

fn cache<K: Hash + Eq, V>(most: usize) -> LruCache<K, V> {
    LruCache::new(NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gates {
    /// The gate of a val.
    pub(crate) fn of(&self, val: Uuid) -> Arc<Gate> {
        let mut vals = lock(&self.vals);
        Arc::clone(vals.get_or_insert(val, || {
            let burst = Bucket::new(WEB_RECORDED_BURST, WEB_RECORDED_PER_SECOND, Instant::now());
            Arc::new(Gate {
                val,
                open: AtomicUsize::new(0),
                recorded: Mutex::new(burst),
                unrecorded: AtomicU64::new(0),
            })
        }))
    }

    /// Lets a request through.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub(crate) fn enter(&self, gate: &Arc<Gate>, client: Option<&str>) -> Result<Place, TownError> {
        if let Some(client) = client {
            self.count(gate.val, client, Instant::now())?;
        }
        let place = Place(Arc::clone(gate));
        if gate.open.fetch_add(1, Relaxed) >= WEB_REQUESTS_OPEN_MAX {
            return Err(TownError::RateLimited {
                message: format!("the val answers {WEB_REQUESTS_OPEN_MAX} requests at a time"),
                retry_after_seconds: 1,
            });
        }
        Ok(place)
    }

    fn count(&self, val: Uuid, client: &str, now: Instant) -> Result<(), TownError> {
        let mut clients = lock(&self.clients);
        let key = (val, client.to_owned());
        let bucket = clients.get_or_insert_mut(key, || {
            Bucket::new(WEB_CLIENT_BURST, WEB_CLIENT_PER_SECOND, now)
        });
        if bucket.take(now) {
            return Ok(());
        }
        Err(TownError::RateLimited {
            message: format!("a client has {WEB_CLIENT_PER_SECOND} requests a second of a val"),
            retry_after_seconds: 1,
        })
    }
}

impl Gate {
    /// Whether a request that ended well is written down; those that are not are counted.
    pub(crate) fn records(&self) -> bool {
        let records = lock(&self.recorded).take(Instant::now());
        if !records {
            self.unrecorded.fetch_add(1, Relaxed);
        }
        records
    }

    /// How many were not written down since this was asked last.
    pub(crate) fn take_unrecorded(&self) -> u64 {
        self.unrecorded.swap(0, Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_client_has_so_many_at_once_and_so_many_a_second() {
        let (gates, now) = (Gates::default(), Instant::now());
        let gate = gates.of(Uuid::nil());
        let count = |at| gates.count(gate.val, "a", at).is_ok();
        let taken = |at| (0..).take_while(move |_| count(at));
        assert_eq!(taken(now).count() as u32, WEB_CLIENT_BURST);
        assert!(gates.count(gate.val, "b", now).is_ok());
        let later = now + Duration::from_secs(1);
        assert_eq!(taken(later).count() as u32, WEB_CLIENT_PER_SECOND);
    }

    #[test]
    fn a_val_has_so_many_requests_at_a_time() {
        let gates = Gates::default();
        let gate = gates.of(Uuid::nil());
        let places: Vec<Place> = (0..WEB_REQUESTS_OPEN_MAX)
            .map(|_| gates.enter(&gate, None).unwrap())
            .collect();
        assert!(gates.enter(&gate, None).is_err());
        drop(places);
        assert!(gates.enter(&gate, None).is_ok());
    }

    #[test]
    fn what_is_not_recorded_is_counted() {
        let gates = Gates::default();
        let gate = gates.of(Uuid::nil());
        while gate.records() {}
        assert!(!gate.records());
        assert_eq!((gate.take_unrecorded(), gate.take_unrecorded()), (2, 0));
    }
}

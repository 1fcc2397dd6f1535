//! What an evaluation may use of the network, and what it has used.

use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use uuid::Uuid;

use crate::denial::{Code, Denial};
use crate::limits;
use crate::policy::Destination;
use crate::user::User;

/// For whom a sandbox works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The user.
    pub user: Uuid,
}

/// What an evaluation may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Requests, refused ones included.
    pub requests: u64,
    /// Bytes of requests: heads and bodies.
    pub bytes_out: u64,
    /// Bytes of answers: heads and bodies, as they are transferred (compressed, if they are).
    pub bytes_in: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            requests: limits::REQUESTS_DEFAULT,
            bytes_out: limits::BYTES_OUT_DEFAULT,
            bytes_in: limits::BYTES_IN_DEFAULT,
        }
    }
}

/// What an evaluation has used so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Egress {
    /// Its requests, in the order of their beginnings: the first [`limits::RECORDS_MAX`].
    pub requests: Vec<EgressRecord>,
    /// Requests that are not in the list: malformed, beyond the budget, or beyond the list's bound.
    pub dropped: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressRecord {
    /// `GET` and so on; `CONNECT` for a raw connection.
    pub method: String,
    /// `http`, `https` or `tcp`.
    pub scheme: &'static str,
    /// Host, as a URL has it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The origin's status, once it has answered.
    pub status: Option<u16>,
    /// What ended it, if it was the gateway: instead of an answer, or in its midst.
    pub denial: Option<Code>,
    /// What the guest was told then, if it was told instead of an answer.
    pub message: Option<String>,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// When it began, since the door was assigned.
    pub started_micros: u64,
    /// How long it took, or has taken so far.
    pub duration_micros: u64,
}

/// Whose bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Out,
    In,
}

/// The bytes of one direction are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the byte budget is used up")]
pub(crate) struct OverBudget(pub(crate) Way);

impl From<OverBudget> for Denial {
    fn from(over: OverBudget) -> Self {
        let what = match over.0 {
            Way::Out => "send",
            Way::In => "receive",
        };
        Self::new(Code::Quota, format!("this run may {what} no more bytes"))
    }
}

#[derive(Debug, Default)]
struct Bytes {
    out: AtomicU64,
    r#in: AtomicU64,
}

impl Bytes {
    fn of(&self, way: Way) -> &AtomicU64 {
        match way {
            Way::Out => &self.out,
            Way::In => &self.r#in,
        }
    }
}

/// The account of one evaluation.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) user: Arc<User>,
    budget: Budget,
    start: Instant,
    requests: AtomicU64,
    bytes: Bytes,
    dropped: AtomicU64,
    entries: Mutex<Vec<Arc<Entry>>>,
}

impl Ledger {
    pub(crate) fn new(user: Arc<User>, budget: Budget) -> Self {
        Self {
            user,
            budget,
            start: Instant::now(),
            requests: AtomicU64::new(0),
            bytes: Bytes::default(),
            dropped: AtomicU64::new(0),
            entries: Mutex::default(),
        }
    }

    /// Takes a request from the budget.
    pub(crate) fn take_request(&self) -> Result<(), Denial> {
        if self.requests.fetch_add(1, Relaxed) < self.budget.requests {
            return Ok(());
        }
        self.drop_one();
        let message = format!("this run may make {} requests", self.budget.requests);
        Err(Denial::new(Code::Quota, message))
    }

    /// Whether a request was asked for that it has no more.
    pub(crate) fn is_overdrawn(&self) -> bool {
        self.requests.load(Relaxed) > self.budget.requests
    }

    /// Counts a request that is not listed.
    pub(crate) fn drop_one(&self) {
        self.dropped.fetch_add(1, Relaxed);
    }

    /// Begins a request. `place` is held until its end.
    pub(crate) fn open(
        self: &Arc<Self>,
        method: &str,
        scheme: &'static str,
        destination: &Destination,
        place: OwnedSemaphorePermit,
    ) -> Open {
        let entry = Arc::new(Entry {
            method: method.to_owned(),
            scheme,
            destination: destination.clone(),
            started_micros: self.micros(),
            ended_micros: AtomicU64::new(0),
            status: AtomicU16::new(0),
            denial: AtomicU8::new(0),
            message: OnceLock::new(),
            bytes: Bytes::default(),
        });
        let mut entries = self.entries();
        if entries.len() < limits::RECORDS_MAX {
            entries.push(entry.clone());
        } else {
            self.drop_one();
        }
        let ledger = self.clone();
        Open {
            exchange: Arc::new(Exchange { ledger, entry }),
            _place: place,
        }
    }

    pub(crate) fn report(&self) -> Egress {
        let now = self.micros();
        Egress {
            requests: self
                .entries()
                .iter()
                .map(|entry| entry.record(now))
                .collect(),
            dropped: self.dropped.load(Relaxed),
            bytes_in: self.bytes.of(Way::In).load(Relaxed),
            bytes_out: self.bytes.of(Way::Out).load(Relaxed),
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn bytes_max(&self, way: Way) -> u64 {
        match way {
            Way::Out => self.budget.bytes_out,
            Way::In => self.budget.bytes_in,
        }
    }
}

/// A request, for as long as somebody counts for it. The account has its entry alone: it must not keep itself.
#[derive(Debug)]
pub(crate) struct Exchange {
    ledger: Arc<Ledger>,
    entry: Arc<Entry>,
}

/// What the account knows of a request.
#[derive(Debug)]
struct Entry {
    method: String,
    scheme: &'static str,
    destination: Destination,
    started_micros: u64,
    /// 0: not yet.
    ended_micros: AtomicU64,
    /// 0: none.
    status: AtomicU16,
    /// Place in [`CODES`], from 1; 0: none.
    denial: AtomicU8,
    message: OnceLock<String>,
    bytes: Bytes,
}

const CODES: [Code; 8] = [
    Code::Denied,
    Code::Name,
    Code::Connect,
    Code::Tls,
    Code::Timeout,
    Code::Quota,
    Code::BadRequest,
    Code::Upstream,
];

impl Exchange {
    pub(crate) fn user(&self) -> &Arc<User> {
        &self.ledger.user
    }

    /// Counts bytes that are about to pass; if the budget does not hold them, they must not.
    pub(crate) fn count(&self, way: Way, bytes: usize) -> Result<(), OverBudget> {
        let bytes = bytes as u64;
        let before = self.ledger.bytes.of(way).fetch_add(bytes, Relaxed);
        if before.saturating_add(bytes) > self.ledger.bytes_max(way) {
            self.ledger.bytes.of(way).fetch_sub(bytes, Relaxed);
            self.deny(Code::Quota);
            return Err(OverBudget(way));
        }
        self.entry.bytes.of(way).fetch_add(bytes, Relaxed);
        Ok(())
    }

    pub(crate) fn answered(&self, status: u16) {
        self.entry.status.store(status, Relaxed);
    }

    /// The first reason stays.
    pub(crate) fn deny(&self, code: Code) {
        let place = CODES.iter().position(|known| *known == code);
        let place = place.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0);
        let denial = &self.entry.denial;
        let _ = denial.compare_exchange(0, place, Relaxed, Relaxed);
    }

    /// As [`Self::deny`], for a guest that gets no answer but this.
    pub(crate) fn refuse(&self, denial: &Denial) {
        self.deny(denial.code);
        let _ = self.entry.message.set(denial.message.clone());
    }

    pub(crate) fn denial(&self) -> Option<Code> {
        self.entry.denial()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.entry.ended_micros.load(Relaxed) != 0
    }
}

impl Entry {
    fn denial(&self) -> Option<Code> {
        let place = usize::from(self.denial.load(Relaxed));
        place.checked_sub(1).and_then(|at| CODES.get(at).copied())
    }

    fn record(&self, now: u64) -> EgressRecord {
        let ended = match self.ended_micros.load(Relaxed) {
            0 => now,
            ended => ended,
        };
        EgressRecord {
            method: self.method.clone(),
            scheme: self.scheme,
            host: self.destination.host(),
            port: self.destination.port(),
            status: Some(self.status.load(Relaxed)).filter(|status| *status != 0),
            denial: self.denial(),
            message: self.message.get().cloned(),
            bytes_out: self.bytes.of(Way::Out).load(Relaxed),
            bytes_in: self.bytes.of(Way::In).load(Relaxed),
            started_micros: self.started_micros,
            duration_micros: ended.saturating_sub(self.started_micros),
        }
    }
}

/// A request that is under way; dropped at its end.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) exchange: Arc<Exchange>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Open {
    fn drop(&mut self) {
        let now = self.exchange.ledger.micros().max(1);
        self.exchange.entry.ended_micros.store(now, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;
    use uuid::Uuid;

    use super::{Budget, Ledger};
    use crate::policy::Destination;
    use crate::user::Users;

    #[test]
    fn an_account_goes_with_whoever_counts_for_it() {
        let users = Arc::new(Users::new());
        let ledger = Ledger::new(users.get(Uuid::nil()), Budget::default());
        let ledger = Arc::new(ledger);
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let to = Destination::parse("origin.example", 443).unwrap();
        let open = ledger.open("GET", "https", &to, place);
        assert_eq!(ledger.report().requests.len(), 1);
        let (left, user) = (Arc::downgrade(&ledger), Arc::downgrade(&ledger.user));
        drop(ledger);
        assert!(left.upgrade().is_some(), "a request still counts");
        drop(open);
        assert!(left.upgrade().is_none() && user.upgrade().is_none());
    }
}

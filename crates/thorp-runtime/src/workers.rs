//! The workers that wait for another run of their program.
//!
//! While there are any, they are looked at once in a while, by a task that ends with the last of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::job::{Job, Program};
use crate::limits;
use crate::worker::Worker;

/// Who may have a worker: it is never given to another user, or to another program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    user: Uuid,
    program: Arc<str>,
    memory_bytes: u64,
}

impl Key {
    /// `None` if the job wants a sandbox of its own.
    pub(crate) fn of(job: &Job) -> Option<Self> {
        let program = match &job.program {
            Program::Module(_) => job.worker.as_ref(),
            Program::Body { .. } => None,
        };
        Some(Self {
            user: job.user,
            program: Arc::clone(program?),
            memory_bytes: job.limits.memory_bytes,
        })
    }
}

/// All of them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Workers {
    state: Arc<Mutex<State>>,
    most: usize,
    idle: Duration,
}

#[derive(Default)]
struct State {
    idle: HashMap<Key, Vec<Idle>>,
    count: usize,
    closed: bool,
    watched: bool,
}

struct Idle {
    worker: Worker,
    since: Instant,
}

impl Workers {
    /// At most `most`, each for at most `idle`.
    pub(crate) fn new(most: usize, idle: Duration) -> Self {
        Self {
            state: Arc::default(),
            most,
            idle,
        }
    }

    /// A worker that has this program. The one that rested the shortest comes first, so that the others can end.
    pub(crate) fn take(&self, key: &Key) -> Option<Worker> {
        loop {
            let mut idle = lock(&self.state).pop(key)?;
            // One that does not rest ends here.
            if idle.worker.rests() {
                return Some(idle.worker);
            }
        }
    }

    /// Keeps a worker whose run has ended, if it may stay.
    pub(crate) fn put(&self, key: Key, worker: Worker) {
        if !worker.may_stay() || self.most == 0 {
            return;
        }
        let mut state = lock(&self.state);
        if state.closed {
            return;
        }
        let crowded_out = (state.count >= self.most).then(|| state.oldest(|_| true));
        let since = Instant::now();
        let idle = state.idle.entry(key).or_default();
        idle.push(Idle { worker, since });
        state.count += 1;
        let is_watched = std::mem::replace(&mut state.watched, true);
        drop(state);
        drop(crowded_out);
        if !is_watched {
            tokio::spawn(watch(Arc::downgrade(&self.state), self.idle));
        }
    }

    /// Ends the one that has rested the longest, of those users: somebody needs its place.
    pub(crate) fn give_up_one(&self, of: impl Fn(Uuid) -> bool) {
        let oldest = lock(&self.state).oldest(of);
        drop(oldest);
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.state).count
    }

    /// Ends all, and keeps none from now on.
    pub(crate) fn close(&self) {
        let all = {
            let mut state = lock(&self.state);
            state.closed = true;
            state.count = 0;
            std::mem::take(&mut state.idle)
        };
        drop(all);
    }
}

impl State {
    fn pop(&mut self, key: &Key) -> Option<Idle> {
        let of_key = self.idle.get_mut(key)?;
        let idle = of_key.pop();
        if of_key.is_empty() {
            self.idle.remove(key);
        }
        self.count -= usize::from(idle.is_some());
        idle
    }

    fn oldest(&mut self, of: impl Fn(Uuid) -> bool) -> Option<Idle> {
        let since = |idle: &Vec<Idle>| idle.first().map(|idle| idle.since);
        let key = self
            .idle
            .iter()
            .filter(|(key, _)| of(key.user))
            .min_by_key(|(_, idle)| since(idle))
            .map(|(key, _)| key.clone())?;
        let of_key = self.idle.get_mut(&key)?;
        let oldest = of_key.remove(0);
        if of_key.is_empty() {
            self.idle.remove(&key);
        }
        self.count -= 1;
        Some(oldest)
    }

    /// Takes out those that have rested for so long, or do not rest.
    fn ended(&mut self, longest: Duration) -> Vec<Idle> {
        let mut ended = Vec::new();
        for of_key in self.idle.values_mut() {
            ended.extend(of_key.extract_if(.., |idle| {
                idle.since.elapsed() >= longest || !idle.worker.rests()
            }));
        }
        self.idle.retain(|_, of_key| !of_key.is_empty());
        self.count -= ended.len();
        ended
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch(state: Weak<Mutex<State>>, idle: Duration) {
    let pause = idle.min(Duration::from_millis(limits::WORKER_LOOK_MILLIS));
    loop {
        sleep(pause).await;
        let Some(state) = state.upgrade() else {
            return;
        };
        let ended = {
            let mut state = lock(&state);
            let ended = state.ended(idle);
            state.watched = state.count > 0;
            if !state.watched {
                drop(state);
                drop(ended);
                return;
            }
            ended
        };
        drop(ended);
    }
}

//! The prepared sandboxes, the runs that have one, and the runs that wait for one.
//!
//! Nothing here ticks: every change of the counts asks the policy once, and the only timers are one-shot.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use thorp_jail::Part;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{sleep, sleep_until, timeout};
use uuid::Uuid;

use crate::boot::{BootError, Ready, Starter};
use crate::config::PoolLimits;
use crate::limits::REPLACE_DELAY;
use crate::outcome::{Failure, PoolStatus};
use crate::policy::{Counts, Policy, Step, Urgency};
use crate::shares::Shares;

/// What a run that finds the pool full is told.
const FULL: Failure = Failure::PoolFull {
    retry_after_secs: 1,
};

/// The pool. Always behind an `Arc`.
pub(crate) struct Pool {
    starter: Starter,
    handle: Handle,
    state: Mutex<State>,
    stop: watch::Sender<bool>,
    changed: Notify,
}

/// A run that waits for a sandbox.
struct Waiter {
    user: Uuid,
    sender: oneshot::Sender<Result<Lease, Failure>>,
}

impl Waiter {
    /// Whether nobody waits any more.
    fn is_gone(&self) -> bool {
        self.sender.is_closed()
    }
}

/// What somebody waits for, if it takes a worker without a run to get it.
pub(crate) enum Room {
    /// A place among all sandboxes.
    Any,
    /// A place among those of this user.
    Of(Uuid),
}

struct State {
    policy: Policy,
    ready: VecDeque<Ready>,
    starting: usize,
    running: usize,
    waiting: VecDeque<Waiter>,
    shares: Shares,
    closing: bool,
    shrink_armed: bool,
    retry_armed: bool,
    replace_armed: bool,
    started_total: u64,
    failed_total: u64,
}

impl State {
    fn is_full(&self) -> bool {
        let living = self.ready.len() + self.starting + self.running;
        living >= self.policy.limits().sandboxes_max
    }

    fn counts(&self, now: Instant) -> Counts {
        let waiting = self.waiting.iter().filter(|waiter| !waiter.is_gone());
        let waiting = waiting.filter(|waiter| self.has_place(waiter.user));
        let (deferred, urgent): (Vec<_>, Vec<_>) =
            waiting.partition(|waiter| self.shares.is_greedy(waiter.user, now));
        Counts {
            ready: self.ready.len(),
            starting: self.starting,
            running: self.running,
            waiting: urgent.len(),
            deferred: deferred.len(),
        }
    }

    /// Whether a user may have another sandbox.
    fn has_place(&self, user: Uuid) -> bool {
        let limits = self.policy.limits();
        self.shares.holds(user) < limits.of_one_user(limits.sandboxes_max)
    }

    /// Whether a user may have a sandbox now, if there is one: who has taken most of them lately leaves some to others.
    fn may_take(&self, user: Uuid, now: Instant) -> bool {
        self.has_place(user)
            && (!self.shares.is_greedy(user, now) || self.ready.len() > self.policy.reserve(now))
    }

    /// A prepared sandbox whose process lives, if there is one. One that has just died is replaced when its end is noticed.
    fn pop_ready(&mut self) -> Option<Ready> {
        loop {
            let ready = self.ready.pop_front()?;
            if matches!(ready.process.exit(), Ok(None)) {
                return Some(ready);
            }
        }
    }

    /// The waiting run that comes next.
    fn next_waiter(&mut self, now: Instant) -> Option<Waiter> {
        self.waiting.retain(|waiter| !waiter.is_gone());
        let may = self.waiting.iter().enumerate();
        let may = may.filter(|(_, waiter)| self.may_take(waiter.user, now));
        let (index, _) = may.min_by_key(|(_, waiter)| self.shares.order(waiter.user, now))?;
        self.waiting.remove(index)
    }
}

/// A sandbox that one run has. Dropping it takes the sandbox apart.
pub(crate) struct Lease {
    ready: Option<Ready>,
    user: Uuid,
    pool: Arc<Pool>,
}

impl Lease {
    /// The sandbox: always there until the lease is dropped.
    pub(crate) fn sandbox(&mut self) -> Option<&mut Ready> {
        self.ready.as_mut()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(ready) = self.ready.take() {
            self.pool.starter.cleaner.retire(ready);
        }
        let mut state = self.pool.lock();
        state.running -= 1;
        state.shares.gave_back(self.user);
        drop(state);
        self.pool.changed.notify_waiters();
        self.pool.replace();
    }
}

impl Pool {
    /// What starts sandboxes.
    pub(crate) fn starter(&self) -> &Starter {
        &self.starter
    }

    /// An empty pool, which begins to fill.
    pub(crate) fn open(starter: Starter, limits: PoolLimits) -> Arc<Self> {
        let state = State {
            policy: Policy::new(limits),
            ready: VecDeque::new(),
            starting: 0,
            running: 0,
            waiting: VecDeque::new(),
            shares: Shares::new(),
            closing: false,
            shrink_armed: false,
            retry_armed: false,
            replace_armed: false,
            started_total: 0,
            failed_total: 0,
        };
        let pool = Arc::new(Self {
            starter,
            handle: Handle::current(),
            state: Mutex::new(state),
            stop: watch::Sender::new(false),
            changed: Notify::new(),
        });
        pool.pump();
        pool
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Becomes true when every run must end.
    pub(crate) fn stop(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// A sandbox for one run of a user: a prepared one, or the next that gets ready. `waits` is called once the run waits.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        user: Uuid,
        waits: impl FnOnce(),
    ) -> Result<Lease, Failure> {
        let (receiver, wait_max) = match self.take_or_wait(user)? {
            Ok(lease) => return Ok(lease),
            Err(waiting) => waiting,
        };
        waits();
        self.pump();
        match timeout(wait_max, receiver).await {
            Ok(Ok(lease)) => lease,
            Ok(Err(_)) => Err(Failure::ShuttingDown),
            Err(_) => Err(FULL),
        }
    }

    #[expect(clippy::type_complexity, reason = "used once")]
    fn take_or_wait(
        self: &Arc<Self>,
        user: Uuid,
    ) -> Result<Result<Lease, (oneshot::Receiver<Result<Lease, Failure>>, Duration)>, Failure> {
        let mut state = self.lock();
        if state.closing {
            return Err(Failure::ShuttingDown);
        }
        let now = Instant::now();
        state.policy.arrived(now);
        self.arm_shrink(&mut state);
        if state.may_take(user, now)
            && let Some(ready) = state.pop_ready()
        {
            return Ok(Ok(self.lease(&mut state, ready, user, now)));
        }
        state.waiting.retain(|waiter| !waiter.is_gone());
        let limits = state.policy.limits();
        let (wait_max, waiting_max) = (limits.wait_max, limits.waiting_max);
        let own_max = limits.of_one_user(waiting_max);
        let own = state.waiting.iter().filter(|waiter| waiter.user == user);
        if state.waiting.len() >= waiting_max || own.count() >= own_max {
            return Err(FULL);
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push_back(Waiter { user, sender });
        if state.has_place(user) && !state.shares.is_greedy(user, now) {
            self.starter.hurry.send_replace(());
        }
        Ok(Err((receiver, wait_max)))
    }

    fn lease(self: &Arc<Self>, state: &mut State, ready: Ready, user: Uuid, now: Instant) -> Lease {
        state.running += 1;
        state.shares.took(user, now);
        Lease {
            ready: Some(ready),
            user,
            pool: Arc::clone(self),
        }
    }

    /// What a user's next run has of the processors at first.
    pub(crate) fn part_of(&self, user: Uuid) -> Part {
        if self.lock().shares.is_greedy(user, Instant::now()) {
            Part::Small
        } else {
            Part::Full
        }
    }

    /// A run has ended that had so much processor time.
    pub(crate) fn charge(&self, user: Uuid, cpu: Duration) {
        self.lock().shares.used(user, cpu, Instant::now());
    }

    /// Starts what the policy wants now.
    pub(crate) fn pump(self: &Arc<Self>) {
        let mut state = self.lock();
        while !state.closing {
            let now = Instant::now();
            match state.policy.next(state.counts(now), now) {
                Step::Start(urgency) => {
                    state.starting += 1;
                    self.handle.spawn(Arc::clone(self).start(urgency));
                }
                Step::Wait(until) => return self.arm_retry(&mut state, until),
                Step::Rest => return,
            }
        }
    }

    /// Starts what the policy wants: at once if a run waits, otherwise when the answer of the run that has just ended is
    /// on its way.
    pub(crate) fn replace(self: &Arc<Self>) {
        self.serve();
        let mut state = self.lock();
        if !state.waiting.is_empty() {
            drop(state);
            return self.pump();
        }
        if std::mem::replace(&mut state.replace_armed, true) {
            return;
        }
        let pool = Arc::downgrade(self);
        self.handle.spawn(async move {
            sleep(REPLACE_DELAY).await;
            if let Some(pool) = pool.upgrade() {
                pool.lock().replace_armed = false;
                pool.pump();
            }
        });
    }

    async fn start(self: Arc<Self>, urgency: Urgency) {
        let mut stop = self.stop();
        let started = tokio::select! {
            started = self.starter.start(urgency) => Some(started),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        match started {
            Some(Ok(ready)) => self.started(ready),
            Some(Err(error)) => self.failed(&error),
            None => self.lock().starting -= 1,
        }
        self.changed.notify_waiters();
        self.pump();
    }

    fn started(self: &Arc<Self>, ready: Ready) {
        {
            let mut state = self.lock();
            state.starting -= 1;
            state.started_total += 1;
            state.policy.started();
        }
        self.handle.spawn(watch_idle(
            Arc::downgrade(self),
            Arc::clone(&ready.process),
            ready.number,
        ));
        self.offer(ready);
    }

    /// Gives a sandbox to the pool, and what the pool has to runs that wait.
    fn offer(self: &Arc<Self>, ready: Ready) {
        let mut state = self.lock();
        if state.closing {
            return;
        }
        state.ready.push_back(ready);
        drop(state);
        self.serve();
        // The town may have come to rest since it was wanted.
        let mut state = self.lock();
        let target = state.policy.target(Instant::now());
        let surplus = (state.ready.len() > target).then(|| state.ready.pop_back());
        drop(state);
        drop(surplus);
    }

    /// Gives prepared sandboxes to runs that wait for one and may have it.
    fn serve(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            if state.waiting.is_empty() || state.ready.is_empty() {
                return;
            }
            let now = Instant::now();
            let Some(waiter) = state.next_waiter(now) else {
                return;
            };
            let Some(ready) = state.pop_ready() else {
                state.waiting.push_front(waiter);
                return;
            };
            let lease = self.lease(&mut state, ready, waiter.user, now);
            drop(state);
            // Whoever has just stopped waiting leaves a sandbox that nothing has run in.
            if let Err(Ok(mut refused)) = waiter.sender.send(Ok(lease))
                && let Some(ready) = refused.ready.take()
            {
                self.lock().ready.push_front(ready);
            }
        }
    }

    /// A run that waits is told: it would otherwise wait for the next failure.
    fn failed(&self, error: &BootError) {
        tracing::warn!(%error, "a sandbox did not get ready");
        let mut state = self.lock();
        state.starting -= 1;
        state.failed_total += 1;
        state.policy.failed(Instant::now());
        let waiter = state.waiting.pop_front();
        drop(state);
        if let Some(waiter) = waiter {
            let failure = if error.is_shortage() {
                FULL
            } else {
                Failure::WorkerLost {
                    reason: format!("it did not start: {error}"),
                }
            };
            // The run may have stopped waiting.
            let _ = waiter.sender.send(Err(failure));
        }
    }

    /// A process has ended. If nobody had it, it is replaced.
    fn died(self: &Arc<Self>, number: u64) {
        let mut state = self.lock();
        let Some(index) = state.ready.iter().position(|ready| ready.number == number) else {
            return;
        };
        let dead = state.ready.remove(index);
        state.failed_total += 1;
        state.policy.failed(Instant::now());
        drop(state);
        drop(dead);
        tracing::warn!("a prepared sandbox died");
        self.pump();
    }

    fn arm_retry(self: &Arc<Self>, state: &mut State, until: Instant) {
        if std::mem::replace(&mut state.retry_armed, true) {
            return;
        }
        let pool = Arc::downgrade(self);
        self.handle.spawn(async move {
            sleep_until(until.into()).await;
            if let Some(pool) = pool.upgrade() {
                pool.lock().retry_armed = false;
                pool.pump();
            }
        });
    }

    fn arm_shrink(self: &Arc<Self>, state: &mut State) {
        if !std::mem::replace(&mut state.shrink_armed, true) {
            self.handle.spawn(shrink(Arc::downgrade(self)));
        }
    }

    /// Takes apart what is above the floor, if the town has been idle; otherwise says when to look again.
    fn shrink_or_wait(&self) -> Option<Instant> {
        let mut state = self.lock();
        if let Some(at) = state.policy.shrink_at()
            && Instant::now() < at
        {
            return Some(at);
        }
        state.shrink_armed = false;
        state.policy.rest();
        let floor = state.policy.limits().floor.min(state.ready.len());
        let surplus = state.ready.split_off(floor);
        drop(state);
        drop(surplus);
        None
    }

    /// What a run has to wait for that only the end of another one's sandbox gives.
    pub(crate) fn lacks(&self) -> Option<Room> {
        let state = self.lock();
        let waiting = || state.waiting.iter().filter(|waiter| !waiter.is_gone());
        if state.is_full() && waiting().count() > state.starting {
            return Some(Room::Any);
        }
        let crowded = waiting().find(|waiter| !state.has_place(waiter.user));
        crowded.map(|waiter| Room::Of(waiter.user))
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let state = self.lock();
        PoolStatus {
            ready: state.ready.len(),
            starting: state.starting,
            running: state.running,
            idle_workers: 0,
            waiting: state
                .waiting
                .iter()
                .filter(|waiter| !waiter.is_gone())
                .count(),
            target: state.policy.target(Instant::now()),
            started_total: state.started_total,
            failed_total: state.failed_total,
            healthy: state.policy.healthy(),
        }
    }

    /// Takes no more runs, waits for those that run, and ends what is left.
    pub(crate) async fn close(&self, grace: Duration) {
        let (waiting, ready) = {
            let mut state = self.lock();
            state.closing = true;
            (
                std::mem::take(&mut state.waiting),
                std::mem::take(&mut state.ready),
            )
        };
        // Dropping a waiter's sender tells it.
        drop((waiting, ready));
        // Whoever does not end in time is ended.
        let _ = timeout(grace, self.until(|state| state.running == 0)).await;
        self.stop.send_replace(true);
        self.until(|state| state.running == 0 && state.starting == 0)
            .await;
        self.starter.cleaner.close().await;
        self.starter.spawner.groups().close();
    }

    async fn until(&self, condition: impl Fn(&State) -> bool) {
        loop {
            let changed = self.changed.notified();
            if condition(&self.lock()) {
                return;
            }
            changed.await;
        }
    }
}

async fn watch_idle(pool: Weak<Pool>, process: Arc<thorp_jail::Sandbox>, number: u64) {
    // An error means that it was taken apart, so that nobody looks for it.
    let _ = process.wait().await;
    drop(process);
    if let Some(pool) = pool.upgrade() {
        pool.died(number);
    }
}

async fn shrink(pool: Weak<Pool>) {
    while let Some(at) = pool.upgrade().and_then(|pool| pool.shrink_or_wait()) {
        sleep_until(at.into()).await;
    }
}

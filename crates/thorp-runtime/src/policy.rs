//! How many prepared sandboxes there should be, and when to start the next. Pure: values and a clock go in.

use std::time::{Duration, Instant};

use crate::config::PoolLimits;
use crate::limits::{BACKOFF_MILLIS_MAX, BACKOFF_MILLIS_MIN};

/// Arrivals of about this long count.
const RATE_WINDOW: Duration = Duration::from_secs(5);
/// The pool holds what would arrive in this time: a burst of that length finds it filled.
const HORIZON_SECS: f64 = 0.5;

/// What there is now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) ready: usize,
    pub(crate) starting: usize,
    pub(crate) running: usize,
    pub(crate) waiting: usize,
    /// Runs of who has taken most of the sandboxes lately: they wait until the pool has some to spare.
    pub(crate) deferred: usize,
}

impl Counts {
    fn living(self) -> usize {
        self.ready + self.starting + self.running
    }
}

/// How a sandbox is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A run waits for it.
    Now,
    /// It is for later, and gets only processor time that nobody else wants.
    Background,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Start one, and ask again.
    Start(Urgency),
    /// Ask again then.
    Wait(Instant),
    /// Nothing, until something changes.
    Rest,
}

/// The pool's memory of arrivals and failures.
#[derive(Debug)]
pub(crate) struct Policy {
    limits: PoolLimits,
    /// Arrivals a second, as of the last one.
    rate: f64,
    last_arrival: Option<Instant>,
    failures: u32,
    retry_at: Option<Instant>,
}

impl Policy {
    pub(crate) fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            rate: 0.0,
            last_arrival: None,
            failures: 0,
            retry_at: None,
        }
    }

    pub(crate) fn limits(&self) -> &PoolLimits {
        &self.limits
    }

    /// A run wants a sandbox.
    pub(crate) fn arrived(&mut self, now: Instant) {
        self.rate = self.rate_at(now) + RATE_WINDOW.as_secs_f64().recip();
        self.last_arrival = Some(now);
    }

    /// A sandbox got ready.
    pub(crate) fn started(&mut self) {
        self.failures = 0;
        self.retry_at = None;
    }

    /// A sandbox did not get ready, or died while nobody used it.
    pub(crate) fn failed(&mut self, now: Instant) {
        let doubled = BACKOFF_MILLIS_MIN << self.failures.min(16);
        self.failures += 1;
        self.retry_at = Some(now + Duration::from_millis(doubled.min(BACKOFF_MILLIS_MAX)));
    }

    /// Whether the newest start succeeded.
    pub(crate) fn healthy(&self) -> bool {
        self.failures == 0
    }

    /// How many prepared sandboxes there should be.
    pub(crate) fn target(&self, now: Instant) -> usize {
        // The rate is small and not negative, so that the cast is exact enough.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive number"
        )]
        let wanted = (self.rate_at(now) * HORIZON_SECS).ceil() as usize;
        wanted.clamp(
            self.limits.floor,
            self.limits.ceiling.max(self.limits.floor),
        )
    }

    /// How many prepared sandboxes are not for who has taken most of them lately.
    pub(crate) fn reserve(&self, now: Instant) -> usize {
        self.target(now).div_ceil(2)
    }

    /// What to do next.
    pub(crate) fn next(&self, counts: Counts, now: Instant) -> Step {
        if counts.living() >= self.limits.sandboxes_max {
            return Step::Rest;
        }
        if counts.waiting > counts.starting {
            let may = counts.starting < self.limits.starts_max.max(1);
            return if may {
                Step::Start(Urgency::Now)
            } else {
                Step::Rest
            };
        }
        let wanted = self.target(now).max(self.reserve(now) + counts.deferred);
        let enough = counts.ready + counts.starting >= wanted + counts.waiting;
        if enough || counts.starting >= self.limits.starts_max.saturating_sub(3).max(1) {
            return Step::Rest;
        }
        match self.retry_at {
            Some(at) if now < at => Step::Wait(at),
            _ => Step::Start(Urgency::Background),
        }
    }

    /// When the town will have been idle for long enough to shrink, if no run arrives.
    pub(crate) fn shrink_at(&self) -> Option<Instant> {
        self.last_arrival.map(|last| last + self.limits.idle_shrink)
    }

    /// The town is idle: what was before says nothing about what comes.
    pub(crate) fn rest(&mut self) {
        self.rate = 0.0;
    }

    fn rate_at(&self, now: Instant) -> f64 {
        let Some(last) = self.last_arrival else {
            return 0.0;
        };
        let age = now.saturating_duration_since(last).as_secs_f64();
        self.rate * (-age / RATE_WINDOW.as_secs_f64()).exp()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Counts, Policy, Step, Urgency};
    use crate::config::PoolLimits;

    fn policy() -> Policy {
        let limits = PoolLimits {
            floor: 4,
            ceiling: 20,
            sandboxes_max: 30,
            starts_max: 2,
            ..PoolLimits::default()
        };
        Policy::new(limits)
    }

    fn counts(ready: usize, starting: usize, running: usize, waiting: usize) -> Counts {
        Counts {
            ready,
            starting,
            running,
            waiting,
            deferred: 0,
        }
    }

    fn arrivals(policy: &mut Policy, start: Instant, per_second: u32, seconds: u32) -> Instant {
        let gap = Duration::from_secs(1) / per_second;
        let mut now = start;
        for _ in 0..per_second * seconds {
            now += gap;
            policy.arrived(now);
        }
        now
    }

    #[test]
    fn the_target_follows_the_rate_between_floor_and_ceiling() {
        let start = Instant::now();
        let mut policy = policy();
        assert_eq!(policy.target(start), 4);
        let now = arrivals(&mut policy, start, 2, 20);
        assert_eq!(policy.target(now), 4);
        let now = arrivals(&mut policy, now, 20, 30);
        assert!(
            (9..=12).contains(&policy.target(now)),
            "{}",
            policy.target(now)
        );
        let now = arrivals(&mut policy, now, 1000, 10);
        assert_eq!(policy.target(now), 20);
        assert_eq!(policy.target(now + Duration::from_secs(60)), 4);
        policy.rest();
        assert_eq!(policy.target(now), 4);
    }

    #[test]
    fn an_empty_pool_fills_to_its_floor_one_at_a_time() {
        let now = Instant::now();
        let policy = policy();
        assert_eq!(
            policy.next(counts(0, 0, 0, 0), now),
            Step::Start(Urgency::Background)
        );
        assert_eq!(policy.next(counts(0, 1, 0, 0), now), Step::Rest);
        assert_eq!(
            policy.next(counts(3, 0, 0, 0), now),
            Step::Start(Urgency::Background)
        );
        assert_eq!(policy.next(counts(4, 0, 0, 0), now), Step::Rest);
    }

    #[test]
    fn waiting_runs_get_starts_up_to_the_cores() {
        let now = Instant::now();
        let policy = policy();
        assert_eq!(
            policy.next(counts(0, 0, 0, 1), now),
            Step::Start(Urgency::Now)
        );
        assert_eq!(
            policy.next(counts(0, 1, 0, 5), now),
            Step::Start(Urgency::Now)
        );
        assert_eq!(policy.next(counts(0, 2, 0, 5), now), Step::Rest);
        assert_eq!(policy.next(counts(0, 1, 0, 1), now), Step::Rest);
    }

    #[test]
    fn who_waits_for_others_gets_what_is_started_in_the_background() {
        let now = Instant::now();
        let policy = policy();
        let deferred = |ready, starting, deferred| Counts {
            deferred,
            ..counts(ready, starting, 0, 0)
        };
        let background = Step::Start(Urgency::Background);
        assert_eq!(policy.reserve(now), 2);
        assert_eq!(policy.next(deferred(4, 0, 2), now), Step::Rest);
        assert_eq!(policy.next(deferred(4, 0, 3), now), background);
        assert_eq!(policy.next(deferred(4, 1, 9), now), Step::Rest);
    }

    #[test]
    fn there_are_never_too_many() {
        let policy = policy();
        assert_eq!(policy.next(counts(0, 1, 29, 9), Instant::now()), Step::Rest);
    }

    #[test]
    fn failures_make_background_starts_wait_longer_each_time() {
        let start = Instant::now();
        let mut policy = policy();
        let mut waits = Vec::new();
        for _ in 0..12 {
            policy.failed(start);
            match policy.next(counts(0, 0, 0, 0), start) {
                Step::Wait(until) => waits.push((until - start).as_millis()),
                step => panic!("{step:?}"),
            }
        }
        assert_eq!(
            waits,
            [
                100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000
            ]
        );
        assert!(!policy.healthy());
        assert_eq!(
            policy.next(counts(0, 0, 0, 1), start),
            Step::Start(Urgency::Now)
        );
        policy.started();
        assert!(policy.healthy());
        assert_eq!(
            policy.next(counts(0, 0, 0, 0), start),
            Step::Start(Urgency::Background)
        );
    }
}

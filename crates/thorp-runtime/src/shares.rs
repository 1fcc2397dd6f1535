//! Who has how much of the sandboxes, and who should wait for others. Pure: a clock goes in.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

/// What was taken about this long ago counts.
const WINDOW: Duration = Duration::from_secs(5);
/// The processor time that it takes to start a sandbox.
const START: Duration = Duration::from_millis(20);
/// Whoever has taken fewer lately is never greedy.
const FEW: f64 = 5.0;
/// What counts less is forgotten.
const FORGOTTEN: f64 = 0.05;
const PRUNED_FROM: usize = 64;

/// Of all users.
#[derive(Debug)]
pub(crate) struct Shares {
    users: HashMap<Uuid, Share>,
    all: Recent,
    prune_at: usize,
}

#[derive(Debug, Default)]
struct Share {
    holds: usize,
    recent: Recent,
}

/// A count that fades.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    count: f64,
    at: Option<Instant>,
}

impl Recent {
    fn now(self, now: Instant) -> f64 {
        let age = self.at.map(|at| now.saturating_duration_since(at));
        let age = age.unwrap_or_default().as_secs_f64();
        self.count * (-age / WINDOW.as_secs_f64()).exp()
    }

    fn add(&mut self, count: f64, now: Instant) {
        *self = Self {
            count: self.now(now) + count,
            at: Some(now),
        };
    }
}

impl Shares {
    pub(crate) fn new() -> Self {
        Self {
            users: HashMap::new(),
            all: Recent::default(),
            prune_at: PRUNED_FROM,
        }
    }

    /// A user gets a sandbox.
    pub(crate) fn took(&mut self, user: Uuid, now: Instant) {
        self.prune(now);
        let share = self.users.entry(user).or_default();
        share.holds += 1;
        share.recent.add(1.0, now);
        self.all.add(1.0, now);
    }

    /// A run of a user has had so much processor time, which counts as more sandboxes.
    pub(crate) fn used(&mut self, user: Uuid, cpu: Duration, now: Instant) {
        let count = cpu.as_secs_f64() / START.as_secs_f64();
        if let Some(share) = self.users.get_mut(&user) {
            share.recent.add(count, now);
            self.all.add(count, now);
        }
    }

    /// A user's sandbox has ended.
    pub(crate) fn gave_back(&mut self, user: Uuid) {
        if let Some(share) = self.users.get_mut(&user) {
            share.holds = share.holds.saturating_sub(1);
        }
    }

    /// How many a user has.
    pub(crate) fn holds(&self, user: Uuid) -> usize {
        self.users.get(&user).map_or(0, |share| share.holds)
    }

    /// Who comes first among those that wait: who has fewer, then who has lately taken fewer.
    pub(crate) fn order(&self, user: Uuid, now: Instant) -> (usize, u64) {
        let recent = |share: &Share| (share.recent.now(now) * 1000.0) as u64;
        let share = self.users.get(&user);
        share.map_or((0, 0), |share| (share.holds, recent(share)))
    }

    /// Whether a user has lately taken more than all others together, while there are others.
    pub(crate) fn is_greedy(&self, user: Uuid, now: Instant) -> bool {
        let own = self.users.get(&user).map_or(0.0, |one| one.recent.now(now));
        let others = self.all.now(now) - own;
        own > FEW && others > 0.5 && own > others
    }

    fn prune(&mut self, now: Instant) {
        if self.users.len() >= self.prune_at {
            let counts = |share: &Share| share.holds > 0 || share.recent.now(now) > FORGOTTEN;
            self.users.retain(|_, share| counts(share));
            self.prune_at = PRUNED_FROM.max(2 * self.users.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use uuid::Uuid;

    use super::{PRUNED_FROM, Shares};

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);

    #[test]
    fn who_takes_more_than_all_others_is_greedy_while_there_are_others() {
        let start = Instant::now();
        let mut shares = Shares::new();
        let now = |secs: f64| start + Duration::from_secs_f64(secs);
        for _ in 0..100 {
            shares.took(A, now(0.0));
        }
        assert!(!shares.is_greedy(A, now(0.0)), "there is nobody else");
        shares.took(B, now(0.0));
        assert!(shares.is_greedy(A, now(0.0)) && !shares.is_greedy(B, now(0.0)));
        // The other one has not come for a while.
        assert!(!shares.is_greedy(A, now(10.0)));
        // Somebody takes a few, and nobody else more.
        shares.took(B, now(60.0));
        for _ in 0..4 {
            shares.took(A, now(60.0));
        }
        assert!(!shares.is_greedy(A, now(60.0)));
    }

    #[test]
    fn long_runs_count_as_many_short_ones() {
        let now = Instant::now();
        let mut shares = Shares::new();
        for _ in 0..20 {
            shares.took(A, now);
            shares.took(B, now);
            shares.used(A, Duration::from_millis(1), now);
            shares.used(B, Duration::from_millis(200), now);
        }
        assert!(shares.is_greedy(B, now) && !shares.is_greedy(A, now));
    }

    #[test]
    fn what_is_taken_is_held_until_it_is_given_back() {
        let now = Instant::now();
        let mut shares = Shares::new();
        shares.took(A, now);
        shares.took(A, now);
        shares.gave_back(A);
        shares.gave_back(B);
        assert_eq!((shares.holds(A), shares.holds(B)), (1, 0));
    }

    #[test]
    fn who_has_nothing_and_comes_no_more_is_forgotten() {
        let start = Instant::now();
        let mut shares = Shares::new();
        shares.took(A, start);
        for number in 10..5_000_u32 {
            let user = Uuid::from_u128(u128::from(number));
            shares.took(user, start + Duration::from_secs(u64::from(number)));
            shares.gave_back(user);
        }
        assert!(shares.users.len() <= PRUNED_FROM, "{}", shares.users.len());
        assert_eq!(shares.holds(A), 1, "who has one is kept");
    }
}

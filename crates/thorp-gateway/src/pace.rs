//! How fast a guest may make the host work. Pure: instants go in.
//!
//! What a guest asks for costs the host's processor time, which is nobody's in particular and comes before that of guests. So
//! what costs something and is in no account has a pace: a burst, and then so many a second.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The pace of one kind of thing at one door.
#[derive(Debug)]
pub(crate) struct Pace {
    each: Duration,
    burst: Duration,
    /// When all that has been taken will have been paid for.
    paid_at: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many at once, and then so many a second.
    pub(crate) fn new(burst: u32, a_second: u32) -> Self {
        let each = Duration::from_secs(1) / a_second.max(1);
        Self {
            each,
            burst: each * burst,
            paid_at: Mutex::default(),
        }
    }

    /// Takes one, and waits until it may be had.
    pub(crate) async fn wait(&self) {
        if let Some(at) = self.take(Instant::now()) {
            sleep_until(at).await;
        }
    }

    /// Takes one: from when it may be had, if not at once.
    fn take(&self, now: Instant) -> Option<Instant> {
        let mut paid_at = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        let before = paid_at.map_or(now, |at| at.max(now));
        *paid_at = Some(before + self.each);
        let from = (before + self.each).checked_sub(self.burst)?;
        (from > now).then_some(from)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Pace;

    #[test]
    fn a_burst_is_free_and_then_each_takes_its_time() {
        let pace = Pace::new(3, 10);
        let begun = Instant::now();
        let waits = |now: Instant| pace.take(now).map(|at| (at - now).as_millis());
        assert_eq!(
            [(); 5].map(|()| waits(begun)),
            [None, None, None, Some(100), Some(200)]
        );
        let later = begun + Duration::from_millis(250);
        assert_eq!(waits(later), Some(50));
        let much_later = begun + Duration::from_secs(60);
        assert_eq!(
            [(); 4].map(|()| waits(much_later)),
            [None, None, None, Some(100)]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_too_fast_waits() {
        let pace = Pace::new(1, 2);
        let begun = Instant::now();
        pace.wait().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        pace.wait().await;
        assert_eq!(begun.elapsed(), Duration::from_millis(500));
    }
}

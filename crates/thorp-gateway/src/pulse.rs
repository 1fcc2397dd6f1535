//! When something last moved on a connection.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The time of the last movement.
#[derive(Debug)]
pub(crate) struct Pulse {
    origin: Instant,
    last_micros: AtomicU64,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
            last_micros: AtomicU64::new(0),
        }
    }

    pub(crate) fn beat(&self) {
        let micros = u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last_micros.store(micros, Relaxed);
    }

    /// What `future` gives, unless nothing moves for as long as `quiet`.
    pub(crate) async fn watch<F: Future>(&self, quiet: Duration, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        self.beat();
        loop {
            let seen = self.last_micros.load(Relaxed);
            let deadline = self.origin + Duration::from_micros(seen) + quiet;
            tokio::select! {
                biased;
                output = &mut future => return Some(output),
                () = sleep_until(deadline) => {
                    if self.last_micros.load(Relaxed) == seen {
                        return None;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::Pulse;

    #[tokio::test(start_paused = true)]
    async fn it_ends_only_what_is_quiet() {
        let pulse = Pulse::new();
        let second = Duration::from_secs(1);
        let lively = async {
            for _ in 0..10 {
                sleep(second).await;
                pulse.beat();
            }
        };
        assert_eq!(pulse.watch(second * 2, lively).await, Some(()));
        assert_eq!(pulse.watch(second * 2, sleep(second * 3)).await, None);
    }
}

//! A sandbox that keeps its program: it is loaded once and called many times, one call at a time, so that each run's cost,
//! log and requests are its own.

use std::time::{Duration, Instant};

use thorp_jail::Part;

use crate::job::Job;
use crate::limits;
use crate::outcome::Outcome;
use crate::pool::Lease;
use crate::run::{self, Ended, Surroundings, broken};

const IDLE_CPU_MAX: Duration = Duration::from_millis(limits::WORKER_IDLE_CPU_MILLIS_MAX);
const LIFE_MAX: Duration = Duration::from_secs(limits::WORKER_LIFE_SECS_MAX);

/// A sandbox that has one program for as long as it lives; its first run brings it.
pub(crate) struct Worker {
    lease: Lease,
    born: Instant,
    runs: u32,
    /// Of its process, when its last run ended.
    cpu: Duration,
    /// What it may have when it has no run.
    memory_bytes: u64,
    may_stay: bool,
}

impl Worker {
    pub(crate) fn new(lease: Lease) -> Self {
        Self {
            lease,
            born: Instant::now(),
            runs: 0,
            cpu: Duration::ZERO,
            memory_bytes: 0,
            may_stay: false,
        }
    }

    /// Runs a checked job. Which others may follow in the same worker is the caller's business.
    pub(crate) async fn run(&mut self, job: &Job, surroundings: Surroundings<'_>) -> Outcome {
        self.may_stay = false;
        let is_loaded = self.runs > 0;
        self.runs += 1;
        let Some(ready) = self.lease.sandbox() else {
            return Outcome::nothing(broken("it is gone"));
        };
        if is_loaded || surroundings.part != Part::Full {
            // The run before may have had its part of the processors; this one has its own. What has ended tells so soon.
            let _ = ready.process.set_part(surroundings.part);
        }
        let Ended { outcome, again } = run::run(ready, job, is_loaded, surroundings).await;
        let is_young = is_young(self.runs, self.born.elapsed());
        self.memory_bytes = job.limits.memory_bytes / 100 * limits::WORKER_MEMORY_PERCENT_MAX;
        self.may_stay = again && is_young && outcome.usage.memory_bytes < self.memory_bytes;
        if self.may_stay {
            self.cpu = self.cpu_time();
        }
        outcome
    }

    /// Whether another run may follow the one that has ended.
    pub(crate) fn may_stay(&self) -> bool {
        self.may_stay
    }

    /// Whether it lives, and has done nothing of its own that shows.
    pub(crate) fn rests(&mut self) -> bool {
        let memory_bytes = self.memory_bytes;
        let is_calm = self.lease.sandbox().is_some_and(|ready| {
            let memory = ready.process.memory();
            matches!(ready.process.exit(), Ok(None))
                && ready.is_silent()
                && memory.is_ok_and(|memory| memory.private < memory_bytes)
        });
        is_calm && self.cpu_time().saturating_sub(self.cpu) < IDLE_CPU_MAX
    }

    fn cpu_time(&mut self) -> Duration {
        let sandbox = self.lease.sandbox();
        // A process that cannot be read has ended.
        sandbox
            .and_then(|ready| ready.process.cpu_time().ok())
            .unwrap_or(Duration::MAX)
    }
}

fn is_young(runs: u32, age: Duration) -> bool {
    runs < limits::WORKER_RUNS_MAX && age < LIFE_MAX
}

#[cfg(test)]
mod tests {
    use super::{LIFE_MAX, is_young};
    use crate::limits::WORKER_RUNS_MAX;
    use std::time::Duration;

    #[test]
    fn a_worker_has_so_many_runs_and_so_much_time() {
        let second = Duration::from_secs(1);
        assert!(is_young(WORKER_RUNS_MAX - 1, LIFE_MAX - second));
        assert!(!is_young(WORKER_RUNS_MAX, Duration::ZERO));
        assert!(!is_young(1, LIFE_MAX));
    }
}

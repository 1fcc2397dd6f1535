//! What a run has used, and whether that is too much.

use std::sync::Arc;
use std::time::Duration;

use thorp_jail::{Part, Sandbox};
use tokio::time::Instant;

use crate::job::RunLimits;
use crate::limits::{CPU_SURE_MILLIS, CPU_SURE_PART, SAMPLE_FIRST_MILLIS, SAMPLE_MILLIS};
use crate::outcome::Failure;

/// The clocks and scales of one run.
#[derive(Debug)]
pub(crate) struct Meter {
    process: Arc<Sandbox>,
    limits: RunLimits,
    started: Instant,
    next: Instant,
    cpu_before: Duration,
    cpu: Duration,
    memory_bytes: u64,
    /// What it has of the processors until it has had enough.
    part: Part,
}

impl Meter {
    pub(crate) fn start(process: Arc<Sandbox>, limits: RunLimits, part: Part) -> Self {
        let started = Instant::now();
        // A process that cannot be read has ended, which its connection tells soon.
        let cpu_before = process.cpu_time().unwrap_or_default();
        let next = started + Duration::from_millis(SAMPLE_FIRST_MILLIS).min(limits.wall);
        Self {
            process,
            limits,
            started,
            next,
            cpu_before,
            cpu: Duration::ZERO,
            memory_bytes: 0,
            part,
        }
    }

    /// When to look next.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// Looks, and says which limit is passed.
    pub(crate) fn check(&mut self) -> Option<Failure> {
        self.sample();
        let now = Instant::now();
        let end = self.started + self.limits.wall;
        self.next = (now + Duration::from_millis(SAMPLE_MILLIS)).min(end);
        self.share(now);
        if self.memory_bytes > self.limits.memory_bytes {
            return Some(Failure::MemoryLimit {
                limit_bytes: self.limits.memory_bytes,
            });
        }
        if self.cpu > self.limits.cpu {
            return Some(Failure::CpuLimit {
                limit: self.limits.cpu,
            });
        }
        (now >= end).then_some(Failure::TimeLimit {
            limit: self.limits.wall,
        })
    }

    /// Who has had its part of the processors gets what nobody else wants, so that short runs feel little of long ones.
    fn share(&self, now: Instant) {
        let part = if has_its_part(self.cpu, now.duration_since(self.started)) {
            Part::Left
        } else {
            self.part
        };
        // A process that cannot be told has ended.
        let _ = self.process.set_part(part);
    }

    /// Looks without a judgement.
    pub(crate) fn sample(&mut self) {
        if let Ok(cpu) = self.process.cpu_time() {
            self.cpu = cpu.saturating_sub(self.cpu_before);
        }
        if let Ok(memory) = self.process.memory() {
            self.memory_bytes = self.memory_bytes.max(memory.private);
        }
    }

    pub(crate) fn limit_bytes(&self) -> u64 {
        self.limits.memory_bytes
    }

    pub(crate) fn run_time(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn cpu(&self) -> Duration {
        self.cpu
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }
}

/// Whether a run that began so long ago has had the processor time that it gets as any other.
fn has_its_part(cpu: Duration, run_time: Duration) -> bool {
    cpu > Duration::from_millis(CPU_SURE_MILLIS) + run_time / CPU_SURE_PART
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::has_its_part;

    #[test]
    fn a_run_waits_for_others_when_it_has_had_its_part() {
        let check = |cpu, run_time| {
            has_its_part(Duration::from_millis(cpu), Duration::from_millis(run_time))
        };
        // What is short never waits, and neither does who waits for something else, or stood still.
        assert!(
            ![(15, 20), (20, 10), (25, 1_000), (60, 1_000), (500, 10_000)]
                .iter()
                .any(|(cpu, run_time)| check(*cpu, *run_time))
        );
        // A busy loop, and eight of them.
        assert!(
            [(30, 30), (100, 100), (160, 20), (600, 10_000)]
                .iter()
                .all(|(cpu, run_time)| check(*cpu, *run_time))
        );
    }
}

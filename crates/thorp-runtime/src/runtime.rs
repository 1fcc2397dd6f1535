//! The handle that the town holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use thorp_gateway::Egress;

use crate::config::{Clock, RuntimeConfig};
use crate::error::RuntimeError;
use crate::job::Job;
use crate::outcome::{Failure, Outcome, PoolStatus, Usage};
use crate::pool::{Lease, Pool};
use crate::prepare;
use crate::run::{self, Surroundings, micros};

/// A pool of sandboxes and the runs in them. Cheap to clone; every clone is the same runtime.
#[derive(Clone)]
pub struct Runtime {
    pool: Arc<Pool>,
    clock: Clock,
}

impl Runtime {
    /// Checks Deno, prepares its cache if needed, and begins to fill the pool. Needs a Tokio runtime, which must live as
    /// long as this does.
    ///
    /// # Errors
    /// If Deno is missing or of another version, or the folders cannot be used, or no sandbox starts.
    pub async fn start(config: RuntimeConfig) -> Result<Self, RuntimeError> {
        let starter = prepare::prepare(&config).await?;
        Ok(Self {
            pool: Pool::open(starter, config.pool),
            clock: config.clock,
        })
    }

    /// Runs a job in a sandbox of its own. Dropping the future ends the run and its sandbox.
    pub async fn run(&self, job: Job) -> Outcome {
        let queued = Instant::now();
        let lease = match run::check(&job) {
            Ok(()) => self.pool.acquire().await,
            Err(failure) => Err(failure),
        };
        let queue_micros = micros(queued.elapsed());
        let mut outcome = match lease {
            Ok(lease) => self.run_in(lease, &job).await,
            Err(failure) => nothing(failure),
        };
        outcome.usage.queue_micros = queue_micros;
        outcome
    }

    async fn run_in(&self, mut lease: Lease, job: &Job) -> Outcome {
        let pool = Arc::clone(&self.pool);
        // A short run keeps the processors to itself; its sandbox is replaced when it has ended.
        let slow = move || pool.pump();
        let surroundings = Surroundings {
            clock: self.clock,
            stop: self.pool.stop(),
            slow: &slow,
        };
        match lease.sandbox() {
            Some(sandbox) => run::run(sandbox, job, surroundings).await,
            None => nothing(Failure::WorkerLost {
                reason: "it is gone".to_owned(),
            }),
        }
    }

    /// Takes no more jobs, waits up to `grace` for those that run, ends the others, and removes what is left of them.
    /// The runs' futures must still be polled meanwhile.
    pub async fn shutdown(&self, grace: Duration) {
        self.pool.close(grace).await;
    }

    /// What the pool is doing.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        self.pool.status()
    }
}

fn nothing(failure: Failure) -> Outcome {
    Outcome {
        result: Err(failure),
        logs: Vec::new(),
        logs_truncated: false,
        usage: Usage::default(),
        egress: Egress::default(),
    }
}

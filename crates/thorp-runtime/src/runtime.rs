//! The handle that the town holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::{Clock, RuntimeConfig};
use crate::error::RuntimeError;
use crate::job::Job;
use crate::limits::WORKERS_IDLE_DIVISOR;
use crate::outcome::{Outcome, PoolStatus};
use crate::pool::{Pool, Room};
use crate::prepare;
use crate::run::{self, Surroundings, micros};
use crate::trial::{self, Trial};
use crate::worker::Worker;
use crate::workers::{Key, Workers};

/// A pool of sandboxes and the runs in them. Cheap to clone; every clone is the same runtime.
#[derive(Clone)]
pub struct Runtime {
    pool: Arc<Pool>,
    workers: Workers,
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
        let workers_max = config.pool.sandboxes_max.div_ceil(WORKERS_IDLE_DIVISOR);
        Ok(Self {
            workers: Workers::new(workers_max, config.pool.worker_idle),
            pool: Pool::open(starter, config.pool),
            clock: config.clock,
        })
    }

    /// Runs a job, in a sandbox of its own or in a worker that has its program. Dropping the future ends the run and its
    /// sandbox.
    pub async fn run(&self, job: Job) -> Outcome {
        if let Err(failure) = run::check(&job) {
            return Outcome::nothing(failure);
        }
        let queued = Instant::now();
        let key = Key::of(&job);
        let idle = key.as_ref().and_then(|key| self.workers.take(key));
        let worker = match idle {
            Some(worker) => Ok(worker),
            None => self
                .pool
                .acquire(job.user, || self.make_room())
                .await
                .map(Worker::new),
        };
        let queue_micros = micros(queued.elapsed());
        let mut outcome = match worker {
            Ok(worker) => self.run_in(worker, key, &job).await,
            Err(failure) => Outcome::nothing(failure),
        };
        outcome.usage.queue_micros = queue_micros;
        outcome
    }

    async fn run_in(&self, mut worker: Worker, key: Option<Key>, job: &Job) -> Outcome {
        let pool = Arc::clone(&self.pool);
        // A short run keeps the processors to itself; its sandbox is replaced when it has ended.
        let slow = move || pool.pump();
        let surroundings = Surroundings {
            clock: self.clock,
            stop: self.pool.stop(),
            part: self.pool.part_of(job.user),
            slow: &slow,
        };
        let outcome = worker.run(job, surroundings).await;
        let cpu = Duration::from_micros(outcome.usage.cpu_micros);
        self.pool.charge(job.user, cpu);
        if let Some(key) = key {
            self.workers.put(key, worker);
            self.make_room();
            self.pool.replace();
        }
        outcome
    }

    /// Runs that wait come before workers that do. Who begins to wait and who begins to rest both look, each after it has
    /// begun, so that one of them sees the other.
    fn make_room(&self) {
        match self.pool.lacks() {
            Some(Room::Any) => self.workers.give_up_one(|_| true),
            Some(Room::Of(user)) => self.workers.give_up_one(|of| of == user),
            None => {}
        }
    }

    /// Runs a script in the jail of the sandboxes, with an argument and all of Deno's permissions, for so long at most: so
    /// it can be tried what the jail holds by itself. It is no run, and has no network.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn try_jail(
        &self,
        script: &str,
        argument: &str,
        wall: Duration,
    ) -> Result<Trial, RuntimeError> {
        trial::run(self.pool.starter(), script, argument, wall).await
    }

    /// Takes no more jobs, waits up to `grace` for those that run, ends the others, and removes what is left of them.
    /// The runs' futures must still be polled meanwhile.
    pub async fn shutdown(&self, grace: Duration) {
        self.workers.close();
        self.pool.close(grace).await;
    }

    /// What the pool is doing.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let idle_workers = self.workers.count();
        let status = self.pool.status();
        PoolStatus {
            running: status.running.saturating_sub(idle_workers),
            idle_workers,
            ..status
        }
    }
}

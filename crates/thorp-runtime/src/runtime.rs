//! The handle that the town holds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thorp_jail::Groups;
use tokio::sync::OnceCell;

use crate::config::{Clock, RuntimeConfig};
use crate::error::RuntimeError;
use crate::job::Job;
use crate::limits::{WEB_IDLE_SECS_MAX, WORKERS_IDLE_DIVISOR};
use crate::outcome::{Failure, Outcome, PoolStatus};
use crate::pool::{Pool, Room};
use crate::prepare;
use crate::run::{self, Surroundings, micros};
use crate::trial::{self, Trial};
use crate::web::{Asking, Service, Sites, WebAnswer, WebEnd, WebRequest};
use crate::worker::Worker;
use crate::workers::{Key, Workers};

/// A pool of sandboxes and the runs in them. Cheap to clone; every clone is the same runtime.
#[derive(Clone)]
pub struct Runtime {
    pool: Arc<Pool>,
    /// The sandboxes of programs with foreign vals, made when the first one is wanted.
    hardened: Arc<OnceCell<Arc<Pool>>>,
    /// The sandboxes of programs that answer web requests, made when the first one has come.
    web: Arc<OnceCell<Arc<Pool>>>,
    sites: Sites,
    config: Arc<RuntimeConfig>,
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
            pool: Pool::open(starter, config.pool.clone()),
            hardened: Arc::default(),
            web: Arc::default(),
            sites: Sites::new(
                config.clock,
                config
                    .pool
                    .worker_idle
                    .min(Duration::from_secs(WEB_IDLE_SECS_MAX)),
            ),
            clock: config.clock,
            config: Arc::new(config),
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
            None => self.fresh(&job).await,
        };
        let queue_micros = micros(queued.elapsed());
        let mut outcome = match worker {
            Ok(worker) => self.run_in(worker, key, &job).await,
            Err(failure) => Outcome::nothing(failure),
        };
        outcome.usage.queue_micros = queue_micros;
        outcome
    }

    /// Lets a program answer a web request, beside others in the same sandbox. `ended` hears what it left when the answer
    /// has ended, unless there is none: then it is the error. Dropping the future, or the answer, ends the request.
    ///
    /// # Errors
    /// What the request left, with its failure.
    pub async fn fetch(
        &self,
        service: &Arc<Service>,
        request: WebRequest,
        asking: Asking,
        ended: impl FnOnce(WebEnd) + Send + 'static,
    ) -> Result<WebAnswer, Box<WebEnd>> {
        let runtime = self.clone();
        let pools = Arc::new(move || runtime.web_pool());
        self.sites
            .fetch(service, request, asking, Box::new(ended), &(pools as _))
            .await
    }

    /// The pool that has a sandbox for a program that answers web requests. Any will do; one of the pool for them has
    /// loaded before what else is loaded now.
    fn web_pool(&self) -> Arc<Pool> {
        let Some(web) = self.web.get() else {
            let runtime = self.clone();
            tokio::spawn(async move { runtime.open_web_pool().await });
            return Arc::clone(&self.pool);
        };
        let (web_ready, ready) = (web.status().ready, self.pool.status().ready);
        Arc::clone(if web_ready == 0 && ready > 0 {
            &self.pool
        } else {
            web
        })
    }

    async fn open_web_pool(&self) {
        let opened = self.web.get_or_try_init(|| async {
            let starter = prepare::prepare_web(&self.config, self.pool.starter()).await?;
            Ok::<_, RuntimeError>(Pool::open(starter, self.config.pool.web()))
        });
        if let Err(error) = opened.await {
            tracing::warn!(%error, "no sandboxes for web requests are prepared");
        }
    }

    async fn fresh(&self, job: &Job) -> Result<Worker, Failure> {
        let pool = self.pool_of(job).await?;
        let waits = || self.make_room();
        pool.acquire(job.user, waits).await.map(Worker::new)
    }

    /// The pool that has the sandboxes for a job.
    async fn pool_of(&self, job: &Job) -> Result<&Arc<Pool>, Failure> {
        if !job.program.is_hardened() {
            return Ok(&self.pool);
        }
        let opened = self.hardened.get_or_try_init(|| async {
            let starter = prepare::prepare_hardened(&self.config, self.pool.starter()).await?;
            Ok(Pool::open(starter, self.config.pool.hardened()))
        });
        opened
            .await
            .map_err(|error: RuntimeError| Failure::WorkerLost {
                reason: format!("no hardened sandbox starts: {error}"),
            })
    }

    async fn run_in(&self, mut worker: Worker, key: Option<Key>, job: &Job) -> Outcome {
        // A worker of it has opened it.
        let hardened = self.hardened.get().filter(|_| job.program.is_hardened());
        let pool = Arc::clone(hardened.unwrap_or(&self.pool));
        let slow_pool = Arc::clone(&pool);
        // A short run keeps the processors to itself; its sandbox is replaced when it has ended.
        let slow = move || slow_pool.pump();
        let surroundings = Surroundings {
            clock: self.clock,
            stop: pool.stop(),
            part: pool.part_of(job.user),
            slow: &slow,
        };
        let outcome = worker.run(job, surroundings).await;
        let cpu = Duration::from_micros(outcome.usage.cpu_micros);
        pool.charge(job.user, cpu);
        if let Some(key) = key {
            self.workers.put(key, worker);
            self.make_room();
            pool.replace();
        }
        outcome
    }

    /// Runs that wait come before workers that do. Who begins to wait and who begins to rest both look, each after it has
    /// begun, so that one of them sees the other.
    fn make_room(&self) {
        let hardened = self.hardened.get().and_then(|pool| pool.lacks());
        match self.pool.lacks().or(hardened) {
            Some(Room::Any) => self.workers.give_up_one(|_| true),
            Some(Room::Of(user)) => self.workers.give_up_one(|of| of == user),
            None => {}
        }
        self.sites.give_up_one(&self.pool);
    }

    /// Requests of programs for this port of names below `domain` go to `at`, where the town itself answers for its vals.
    pub fn serve_sites(&self, domain: &str, port: u16, at: SocketAddr) {
        self.config.gateway.serve_sites(domain, port, at);
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
        self.sites.close();
        let web = async {
            if let Some(pool) = self.web.get() {
                pool.close(grace).await;
            }
        };
        let hardened = async {
            if let Some(pool) = self.hardened.get() {
                pool.close(grace).await;
            }
        };
        tokio::join!(self.pool.close(grace), hardened, web);
    }

    /// The control groups of the sandboxes, for others that are to be bounded together with them. They are closed by
    /// [`Self::shutdown`].
    #[must_use]
    pub fn groups(&self) -> Groups {
        self.pool.starter().spawner.groups().clone()
    }

    /// What the pool is doing.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let idle_workers = self.workers.count() + self.sites.idle();
        let mut status = self.pool.status();
        if let Some(pool) = self.hardened.get() {
            status = status.and(pool.status());
        }
        if let Some(pool) = self.web.get() {
            status = status.and(pool.status());
        }
        PoolStatus {
            running: status.running.saturating_sub(idle_workers),
            idle_workers,
            ..status
        }
    }
}

//! Whether the town works, found out by doing what it is for.

use crate::limits::HEALTH_FRESH;
use crate::town::Town;
use std::time::Instant;
use thorp_runtime::{Failure, Job, Outcome, RunLimits};
use tokio::sync::Mutex;
use uuid::Uuid;

/// What the town found out about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Each part that was tried.
    pub checks: Vec<Check>,
}

impl Health {
    /// Whether all parts work.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.checks.iter().all(|check| check.problem.is_none())
    }
}

/// One part that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `store`, `compile` or `run`.
    pub name: &'static str,
    /// What is wrong, if something is.
    pub problem: Option<String>,
}

/// The last answer. Whoever holds the lock finds out, the others wait for the answer.
#[derive(Default)]
pub(crate) struct HealthCheck(Mutex<Option<(Instant, Health)>>);

const PROBE: &str = "(() => 6 * 7)()";
const PROBE_ANSWER: &str = "42";

impl Town {
    /// Writes and reads the database, and evaluates an expression in a sandbox. The answer stands for
    /// [`HEALTH_FRESH`]; one at a time finds out.
    pub async fn health(&self) -> Health {
        let mut last = self.0.health.0.lock().await;
        if let Some((at, health)) = last.as_ref()
            && at.elapsed() < HEALTH_FRESH
        {
            return health.clone();
        }
        let health = Health {
            checks: vec![
                Check {
                    name: "store",
                    problem: self.store_problem().await,
                },
                Check {
                    name: "run",
                    problem: self.run_problem().await,
                },
            ],
        };
        *last = Some((Instant::now(), health.clone()));
        health
    }

    async fn store_problem(&self) -> Option<String> {
        self.store()
            .ping(self.now())
            .await
            .err()
            .map(|error| error.to_string())
    }

    async fn run_problem(&self) -> Option<String> {
        let ready = match self.expression(None, PROBE).await {
            Ok(ready) => ready,
            Err(error) => return Some(format!("cannot compile: {error}")),
        };
        let job = Job {
            run: Uuid::now_v7(),
            user: Uuid::nil(),
            program: ready.program(),
            args: "[]".to_owned(),
            limits: RunLimits::default(),
            sight: thorp_runtime::Sight::default(),
            host: None,
            worker: None,
            secrets: Vec::new(),
            withheld: Vec::new(),
        };
        probe_problem(&self.0.runtime.run(job).await)
    }
}

fn probe_problem(outcome: &Outcome) -> Option<String> {
    match &outcome.result {
        Ok(value) if value.json == PROBE_ANSWER => None,
        Ok(value) => Some(format!("`{PROBE}` gave `{}`", value.json)),
        // A busy town is a town that works.
        Err(Failure::PoolFull { .. }) => None,
        Err(failure) => Some(failure.to_string()),
    }
}

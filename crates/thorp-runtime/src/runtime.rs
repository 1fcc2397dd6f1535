//! The handle that the town holds.

use std::time::Duration;

use crate::config::RuntimeConfig;
use crate::error::RuntimeError;
use crate::job::Job;
use crate::outcome::{Outcome, PoolStatus};

/// A pool of sandboxes and the runs in them. Cheap to clone; every clone is the same runtime.
#[derive(Clone)]
pub struct Runtime {
    status: PoolStatus,
}

impl Runtime {
    /// Checks Deno, prepares its cache if needed, and fills the pool to its floor in the background.
    ///
    /// # Errors
    /// If Deno is missing or of another version, or the folders cannot be used.
    pub async fn start(_config: RuntimeConfig) -> Result<Self, RuntimeError> {
        Ok(Self {
            status: PoolStatus::default(),
        })
    }

    /// Runs a job in a sandbox of its own. Dropping the future ends the run and its sandbox.
    pub async fn run(&self, _job: Job) -> Outcome {
        Outcome {
            result: Err(crate::Failure::ShuttingDown),
            logs: Vec::new(),
            logs_truncated: false,
            usage: crate::Usage::default(),
        }
    }

    /// Takes no more jobs, waits up to `grace` for those that run, ends the others, and removes what is left of them.
    pub async fn shutdown(&self, _grace: Duration) {}

    /// What the pool is doing.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        self.status
    }
}

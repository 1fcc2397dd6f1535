//! Forgets what has been kept long enough: evaluations by age and size, mail by age, and folders that no version uses.

use crate::limits::{DEPENDENCY_UNUSED, EMAILS_KEPT, FORGET_BATCH_RUNS, KEEPER_PERIOD};
use crate::town::{Parts, Town};
use std::sync::{Arc, Weak};
use std::time::Duration;
use thorp_store::StoreError;

/// Begins to look once a period. Ends with the town.
pub(crate) fn start(town: &Town) -> tokio::task::AbortHandle {
    let parts = Arc::downgrade(&town.0);
    tokio::spawn(keep(parts)).abort_handle()
}

async fn keep(parts: Weak<Parts>) {
    loop {
        let Some(town) = parts.upgrade().map(Town) else {
            return;
        };
        if let Err(error) = town.forget().await {
            tracing::warn!(%error, "old evaluations were not forgotten");
        }
        if let Err(error) = town.forget_emails().await {
            tracing::warn!(%error, "old mail was not forgotten");
        }
        if let Err(error) = town.collect_dependencies().await {
            tracing::warn!(%error, "unused packages were not removed");
        }
        drop(town);
        tokio::time::sleep(KEEPER_PERIOD).await;
    }
}

impl Town {
    /// Forgets evaluations that are too old, then the oldest until the others fit.
    pub(crate) async fn forget(&self) -> Result<(), StoreError> {
        let before = self.now() - micros(self.0.config.runs_kept);
        while self
            .store()
            .delete_runs_older_than(before, FORGET_BATCH_RUNS)
            .await?
            .more
        {}
        let most = i64::try_from(self.0.config.runs_bytes_max).unwrap_or(i64::MAX);
        while self
            .store()
            .trim_runs_to_bytes(most, FORGET_BATCH_RUNS)
            .await?
            .more
        {}
        Ok(())
    }

    /// Forgets mail that is too old, unless it waits to be sent.
    async fn forget_emails(&self) -> Result<(), StoreError> {
        let before = self.now() - micros(EMAILS_KEPT);
        while self
            .store()
            .delete_emails_older_than(before, FORGET_BATCH_RUNS)
            .await?
        {}
        Ok(())
    }

    /// Removes packages that no version and no recent evaluation uses.
    pub(crate) async fn collect_dependencies(&self) -> Result<(), StoreError> {
        let before = self.now() - micros(DEPENDENCY_UNUSED);
        if self.0.dependencies.collect(before).await? {
            self.0.expressions.clear();
            self.0.graphs.clear();
        }
        Ok(())
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

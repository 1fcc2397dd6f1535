//! Keeping the recorded runs within an age and a size.

use crate::{Store, StoreError};

/// How much is recorded. Kept up to date with every write, so reading it is cheap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Runs.
    pub runs: i64,
    /// Bytes of their texts, plus an overhead each ([`crate::limits::RUN_OVERHEAD_BYTES`]).
    pub bytes: i64,
}

/// What one step of deleting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trimmed {
    /// Runs deleted.
    pub deleted: u32,
    /// Whether there is more to delete: call again.
    pub more: bool,
}

impl Store {
    /// How much is recorded.
    pub async fn run_totals(&self) -> Result<RunTotals, StoreError> {
        todo!()
    }

    /// Deletes runs started before a time, the oldest first, at most `batch` of them (and at most
    /// [`crate::limits::DELETE_BATCH_ROWS_MAX`]).
    pub async fn delete_runs_older_than(
        &self,
        before_micros: i64,
        batch: u32,
    ) -> Result<Trimmed, StoreError> {
        todo!()
    }

    /// Deletes the oldest runs until the total is at most `bytes_max`, at most `batch` of them (and at most
    /// [`crate::limits::DELETE_BATCH_ROWS_MAX`]).
    pub async fn trim_runs_to_bytes(
        &self,
        bytes_max: i64,
        batch: u32,
    ) -> Result<Trimmed, StoreError> {
        todo!()
    }
}

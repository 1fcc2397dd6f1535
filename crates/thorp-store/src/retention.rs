//! Keeping the recorded runs within an age and a size.

use crate::limits::DELETE_BATCH_ROWS_MAX;
use crate::sql::{Columns, Db, ReadResult};
use crate::writer::WriteTx;
use crate::{Store, StoreError};
use uuid::Uuid;

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
        self.read(recorded_totals).await
    }

    /// Deletes runs started before a time, the oldest first, at most `batch` of them (and at most
    /// [`crate::limits::DELETE_BATCH_ROWS_MAX`]).
    pub async fn delete_runs_older_than(
        &self,
        before_micros: i64,
        batch: u32,
    ) -> Result<Trimmed, StoreError> {
        self.write(move |tx| {
            let sql =
                "SELECT id, bytes FROM runs WHERE started_at < ?1 ORDER BY started_at, id LIMIT ?2";
            let oldest = tx
                .db
                .all(sql, (before_micros, rows(batch) + 1), Recorded::take)?;
            delete(tx, oldest, rows(batch))
        })
        .await
    }

    /// Deletes the oldest runs until the total is at most `bytes_max`, at most `batch` of them (and at most
    /// [`crate::limits::DELETE_BATCH_ROWS_MAX`]).
    pub async fn trim_runs_to_bytes(
        &self,
        bytes_max: i64,
        batch: u32,
    ) -> Result<Trimmed, StoreError> {
        self.write(move |tx| {
            let excess = recorded_totals(tx.db)?.bytes + tx.run_change.bytes - bytes_max;
            let oldest = oldest_of_bytes(tx.db, excess, rows(batch) + 1)?;
            delete(tx, oldest, rows(batch))
        })
        .await
    }
}

/// A run that may go.
struct Recorded {
    id: Uuid,
    bytes: i64,
}

impl Recorded {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            id: columns.take()?,
            bytes: columns.take()?,
        })
    }
}

fn rows(batch: u32) -> i64 {
    i64::from(batch.clamp(1, DELETE_BATCH_ROWS_MAX))
}

/// The totals as of the last commit.
fn recorded_totals(db: Db<'_>) -> Result<RunTotals, StoreError> {
    let take = |columns: &mut Columns<'_>| {
        Ok(RunTotals {
            runs: columns.take()?,
            bytes: columns.take()?,
        })
    };
    let found = db.one("SELECT runs, bytes FROM run_totals WHERE id = 1", [], take)?;
    found.ok_or_else(|| StoreError::Damaged {
        detail: "the row of the run totals is missing".into(),
    })
}

/// Called by the writer once a transaction.
pub(crate) fn add_to_totals(db: Db<'_>, change: RunTotals) -> Result<(), StoreError> {
    if change == RunTotals::default() {
        return Ok(());
    }
    let sql = "UPDATE run_totals SET runs = runs + ?1, bytes = bytes + ?2 WHERE id = 1";
    db.execute(sql, (change.runs, change.bytes)).map(drop)
}

/// As many of the oldest runs as hold at least `excess` bytes, at most `limit`.
fn oldest_of_bytes(db: Db<'_>, mut excess: i64, limit: i64) -> Result<Vec<Recorded>, StoreError> {
    if excess <= 0 {
        return Ok(Vec::new());
    }
    let mut oldest = db.all(
        "SELECT id, bytes FROM runs ORDER BY started_at, id LIMIT ?1",
        (limit,),
        Recorded::take,
    )?;
    let mut enough = 0;
    while excess > 0 && enough < oldest.len() {
        excess -= oldest[enough].bytes;
        enough += 1;
    }
    oldest.truncate(enough);
    Ok(oldest)
}

/// Deletes the first `limit` of these; that there are others tells that there is more to do.
fn delete(
    tx: &mut WriteTx<'_>,
    mut runs: Vec<Recorded>,
    limit: i64,
) -> Result<Trimmed, StoreError> {
    let found = runs.len();
    runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    for run in &runs {
        tx.db.execute("DELETE FROM runs WHERE id = ?1", (run.id,))?;
        tx.run_change.runs -= 1;
        tx.run_change.bytes -= run.bytes;
    }
    Ok(Trimmed {
        deleted: u32::try_from(runs.len()).unwrap_or(u32::MAX),
        more: found > runs.len(),
    })
}

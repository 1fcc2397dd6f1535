//! Runs: what was evaluated, for whom, and what came of it. Lists are in `run_lists`, deleting is in `retention`.

use crate::{RunStatus, Store, StoreError, Trigger};
use uuid::Uuid;

/// What a run cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunUsage {
    /// Waited for a sandbox, µs.
    pub queue_micros: i64,
    /// Preparing the sandbox, µs.
    pub start_micros: i64,
    /// The user's code, µs.
    pub run_micros: i64,
    /// CPU time, µs.
    pub cpu_micros: i64,
    /// Highest memory, bytes.
    pub memory_bytes: i64,
}

/// A run to record, after it ended.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Made by the caller when the run started.
    pub id: Uuid,
    /// The val that ran.
    pub val_id: Option<Uuid>,
    /// Its version.
    pub version: Option<i64>,
    /// The expression, for an evaluation.
    pub code: Option<String>,
    /// Who asked; `None` is anonymous.
    pub caller_id: Option<Uuid>,
    /// Whose permissions it had; `None` is anonymous.
    pub run_as_id: Option<Uuid>,
    /// What started it.
    pub trigger: Trigger,
    /// How it ended.
    pub status: RunStatus,
    /// Arguments (JSON array).
    pub args: String,
    /// The result (JSON).
    pub result: Option<String>,
    /// Whether the result was `undefined`.
    pub result_undefined: bool,
    /// Log lines (JSON array).
    pub logs: String,
    /// Whether there were more logs than were kept.
    pub logs_truncated: bool,
    /// The error (JSON).
    pub error: Option<String>,
    /// When it started.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: i64,
    /// What it cost.
    pub usage: RunUsage,
    /// The run that called this one.
    pub parent_id: Option<Uuid>,
}

/// A user named by a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRef {
    /// The user's id.
    pub id: Uuid,
    /// The user's name, without `@`.
    pub name: String,
}

/// The val that a run was of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunVal {
    /// The val's id.
    pub id: Uuid,
    /// The name it has now.
    pub name: String,
    /// Whose it is.
    pub owner: UserRef,
    /// The version that ran.
    pub version: Option<i64>,
}

/// A run as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// The run's id.
    pub id: Uuid,
    /// The val that ran, if it was one.
    pub val: Option<RunVal>,
    /// Who asked; `None` is anonymous.
    pub caller: Option<UserRef>,
    /// Whose permissions it had; `None` is anonymous.
    pub run_as: Option<UserRef>,
    /// What started it.
    pub trigger: Trigger,
    /// How it ended.
    pub status: RunStatus,
    /// Whether the result was `undefined`.
    pub result_undefined: bool,
    /// Whether there were more logs than were kept.
    pub logs_truncated: bool,
    /// The error (JSON).
    pub error: Option<String>,
    /// When it started.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: i64,
    /// What it cost.
    pub usage: RunUsage,
    /// The run that called this one; it may be gone by now.
    pub parent_id: Option<Uuid>,
    /// What the record counts for in [`crate::RunTotals::bytes`].
    pub bytes: i64,
}

/// A run with all that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What lists show.
    pub summary: RunSummary,
    /// The expression, for an evaluation.
    pub code: Option<String>,
    /// Arguments (JSON array).
    pub args: String,
    /// The result (JSON).
    pub result: Option<String>,
    /// Log lines (JSON array).
    pub logs: String,
}

impl Store {
    /// Records a run that ended. Many at once share a transaction.
    pub async fn insert_run(&self, new: NewRun) -> Result<(), StoreError> {
        todo!()
    }

    /// The run with this id.
    pub async fn run_by_id(&self, id: Uuid) -> Result<Option<Run>, StoreError> {
        todo!()
    }

    /// The newest recorded run of a val.
    pub async fn newest_run_of_val(&self, val_id: Uuid) -> Result<Option<Run>, StoreError> {
        todo!()
    }
}

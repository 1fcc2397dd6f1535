//! Runs: what was evaluated, for whom, and what came of it. Lists are in `run_lists`, deleting is in `retention`.

use crate::limits::RUN_OVERHEAD_BYTES;
use crate::sql::{Columns, Db, ReadResult};
use crate::writer::WriteTx;
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
    /// What it asked of the network (JSON); `None` if it asked nothing.
    pub egress: Option<String>,
    /// What foreign code asked for and did not get (JSON); `None` if it was nothing.
    pub denied: Option<String>,
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
    /// The web request that it answered (JSON), if it was one.
    pub http: Option<String>,
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
    /// The web request that it answered (JSON), if it was one.
    pub http: Option<String>,
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
    /// What it asked of the network (JSON); `None` if it asked nothing.
    pub egress: Option<String>,
    /// What foreign code asked for and did not get (JSON); `None` if it was nothing.
    pub denied: Option<String>,
}

impl Store {
    /// Records a run that ended. Many at once share a transaction.
    pub async fn insert_run(&self, new: NewRun) -> Result<(), StoreError> {
        self.write_apart(move |tx| record(tx, &new)).await
    }

    /// The run with this id.
    pub async fn run_by_id(&self, id: Uuid) -> Result<Option<Run>, StoreError> {
        self.read(move |db| db.one(&select_run("WHERE r.id = ?1"), (id,), Run::take))
            .await
    }

    /// The runs that a run called, the oldest first, and at most so many.
    pub async fn runs_called_by(&self, id: Uuid, most: u32) -> Result<Vec<Uuid>, StoreError> {
        let sql = "SELECT id FROM runs WHERE parent_id = ?1 ORDER BY started_at, id LIMIT ?2";
        self.read(move |db| db.all(sql, (id, most), |columns| columns.take()))
            .await
    }

    /// The newest recorded run of a val.
    pub async fn newest_run_of_val(&self, val_id: Uuid) -> Result<Option<Run>, StoreError> {
        let sql = select_run("WHERE r.val_id = ?1 ORDER BY r.started_at DESC, r.id DESC LIMIT 1");
        self.read(move |db| db.one(&sql, (val_id,), Run::take))
            .await
    }
}

/// The columns that [`RunSummary::take`] reads, in its order, from [`RUN_TABLES`].
pub(crate) const SUMMARY_COLUMNS: &str = "r.id, r.val_id, v.name, v.owner_id, o.name, r.version, r.caller_id, c.name, \
    r.run_as_id, a.name, r.trigger_name, r.status, r.result_undefined, r.logs_truncated, r.error, r.started_at, r.ended_at, \
    r.queue_micros, r.start_micros, r.run_micros, r.cpu_micros, r.memory_bytes, r.parent_id, r.bytes, r.http";

/// Runs with the names of what they mention.
pub(crate) const RUN_TABLES: &str = "runs r LEFT JOIN vals v ON v.id = r.val_id LEFT JOIN users o ON o.id = v.owner_id \
    LEFT JOIN users c ON c.id = r.caller_id LEFT JOIN users a ON a.id = r.run_as_id";

fn select_run(rest: &str) -> String {
    format!(
        "SELECT {SUMMARY_COLUMNS}, r.code, r.args, r.result, r.logs, r.egress, r.denied FROM {RUN_TABLES} {rest}"
    )
}

impl UserRef {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Option<Self>> {
        let (id, name): (Option<Uuid>, Option<String>) = (columns.take()?, columns.take()?);
        Ok(id.zip(name).map(|(id, name)| Self { id, name }))
    }
}

impl RunVal {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Option<Self>> {
        let (id, name): (Option<Uuid>, Option<String>) = (columns.take()?, columns.take()?);
        let (owner, version) = (UserRef::take(columns)?, columns.take()?);
        let Some(((id, name), owner)) = id.zip(name).zip(owner) else {
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            name,
            owner,
            version,
        }))
    }
}

impl RunUsage {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            queue_micros: columns.take()?,
            start_micros: columns.take()?,
            run_micros: columns.take()?,
            cpu_micros: columns.take()?,
            memory_bytes: columns.take()?,
        })
    }
}

impl RunSummary {
    pub(crate) fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            id: columns.take()?,
            val: RunVal::take(columns)?,
            caller: UserRef::take(columns)?,
            run_as: UserRef::take(columns)?,
            trigger: columns.take()?,
            status: columns.take()?,
            result_undefined: columns.take()?,
            logs_truncated: columns.take()?,
            error: columns.take()?,
            started_at: columns.take()?,
            ended_at: columns.take()?,
            usage: RunUsage::take(columns)?,
            parent_id: columns.take()?,
            bytes: columns.take()?,
            http: columns.take()?,
        })
    }
}

impl Run {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            summary: RunSummary::take(columns)?,
            code: columns.take()?,
            args: columns.take()?,
            result: columns.take()?,
            logs: columns.take()?,
            egress: columns.take()?,
            denied: columns.take()?,
        })
    }
}

pub(crate) fn record(tx: &mut WriteTx<'_>, new: &NewRun) -> Result<(), StoreError> {
    let bytes = recorded_bytes(new);
    insert(tx.db, new, bytes)?;
    tx.run_change.runs += 1;
    tx.run_change.bytes += bytes;
    Ok(())
}

fn recorded_bytes(new: &NewRun) -> i64 {
    let optional = [
        &new.code,
        &new.result,
        &new.error,
        &new.egress,
        &new.denied,
        &new.http,
    ]
    .into_iter()
    .flatten()
    .map(String::len)
    .sum::<usize>();
    let texts = optional + new.args.len() + new.logs.len();
    i64::try_from(texts)
        .unwrap_or(i64::MAX)
        .saturating_add(RUN_OVERHEAD_BYTES)
}

fn insert(db: Db<'_>, new: &NewRun, bytes: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO runs (id, val_id, version, caller_id, run_as_id, parent_id, trigger_name, status, result_undefined,
            logs_truncated, started_at, ended_at, queue_micros, start_micros, run_micros, cpu_micros, memory_bytes, bytes,
            error, code, args, result, logs, egress, denied, http)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)";
    let params = rusqlite::params![
        new.id,
        new.val_id,
        new.version,
        new.caller_id,
        new.run_as_id,
        new.parent_id,
        new.trigger,
        new.status,
        new.result_undefined,
        new.logs_truncated,
        new.started_at,
        new.ended_at,
        new.usage.queue_micros,
        new.usage.start_micros,
        new.usage.run_micros,
        new.usage.cpu_micros,
        new.usage.memory_bytes,
        bytes,
        new.error,
        new.code,
        new.args,
        new.result,
        new.logs,
        new.egress,
        new.denied,
        new.http,
    ];
    db.execute(sql, params).map(drop)
}

//! Lists of runs.

use crate::runs::{RUN_TABLES, SUMMARY_COLUMNS};
use crate::sql::{Conditions, Db};
use crate::{Page, PageRequest, RunStatus, RunSummary, Store, StoreError, Trigger};
use uuid::Uuid;

/// Which runs to list; `None` means any.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunFilter {
    /// Runs with this user's permissions.
    pub run_as_id: Option<Uuid>,
    /// Runs that this user asked for.
    pub caller_id: Option<Uuid>,
    /// Runs of this val.
    pub val_id: Option<Uuid>,
    /// Runs that ended so.
    pub status: Option<RunStatus>,
    /// Runs started so.
    pub trigger: Option<Trigger>,
    /// Runs started at this time or later.
    pub since: Option<i64>,
    /// Runs started before this time.
    pub until: Option<i64>,
    /// Runs whose foreign code asked for something in vain, or those where it did not.
    pub denied: Option<bool>,
}

impl Store {
    /// Runs, the newest (last started) first.
    pub async fn list_runs(
        &self,
        filter: RunFilter,
        page: PageRequest,
    ) -> Result<Page<RunSummary>, StoreError> {
        self.read(move |db| list(db, filter, page)).await
    }
}

fn list(db: Db<'_>, filter: RunFilter, page: PageRequest) -> Result<Page<RunSummary>, StoreError> {
    let mut conditions = conditions(filter);
    let sql = format!(
        "SELECT {SUMMARY_COLUMNS} FROM {RUN_TABLES} {} ORDER BY r.started_at DESC, r.id DESC LIMIT {} OFFSET {}",
        conditions.where_clause(),
        conditions.parameter(page.sql_limit()),
        conditions.parameter(page.sql_offset())
    );
    Ok(Page::cut(
        db.all(&sql, conditions.into_params(), RunSummary::take)?,
        page,
    ))
}

fn conditions(filter: RunFilter) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.if_some("r.run_as_id = ?", filter.run_as_id);
    conditions.if_some("r.caller_id = ?", filter.caller_id);
    conditions.if_some("r.val_id = ?", filter.val_id);
    conditions.if_some("r.status = ?", filter.status);
    conditions.if_some("r.trigger_name = ?", filter.trigger);
    conditions.if_some("r.started_at >= ?", filter.since);
    conditions.if_some("r.started_at < ?", filter.until);
    conditions.if_some("(r.denied IS NOT NULL) = ?", filter.denied);
    conditions
}

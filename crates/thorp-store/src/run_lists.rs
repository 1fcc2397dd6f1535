//! Lists of runs.

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
}

impl Store {
    /// Runs, the newest (last started) first.
    pub async fn list_runs(
        &self,
        filter: RunFilter,
        page: PageRequest,
    ) -> Result<Page<RunSummary>, StoreError> {
        todo!()
    }
}

//! Lists of vals: one owner's, and the results of a search.

use crate::{Page, PageRequest, Privacy, Store, StoreError, Val};
use uuid::Uuid;

/// Which vals of an owner to list.
#[derive(Debug, Clone)]
pub struct ValFilter {
    /// Whose.
    pub owner_id: Uuid,
    /// Only names that contain this.
    pub name: Option<String>,
    /// Only vals of this privacy.
    pub privacy: Option<Privacy>,
    /// Deleted vals instead of living ones.
    pub deleted: bool,
}

/// When a val's newest run took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRun {
    /// When it started.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: i64,
}

/// A val in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVal {
    /// The val.
    pub val: Val,
    /// Text of the live version's entry.
    pub code: String,
    /// The newest run that is still recorded.
    pub last_run: Option<LastRun>,
}

impl Store {
    /// An owner's vals, the last changed first.
    pub async fn list_vals(
        &self,
        filter: ValFilter,
        page: PageRequest,
    ) -> Result<Page<ListedVal>, StoreError> {
        todo!()
    }

    /// Living vals whose name or live text contains `query` (ASCII case aside), among the public ones and the viewer's own.
    /// Matches of the name come first, then the last changed.
    pub async fn search_vals(
        &self,
        query: &str,
        viewer: Option<Uuid>,
        page: PageRequest,
    ) -> Result<Page<ListedVal>, StoreError> {
        todo!()
    }
}

//! Lists of vals: one owner's, and the results of a search.

use crate::sql::{Columns, Conditions, Db, ReadResult, contains_pattern};
use crate::vals::VAL_COLUMNS;
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
        self.read(move |db| list(db, filter, page)).await
    }

    /// Living vals whose name or live text contains `query` (ASCII case aside), among the public ones and the viewer's own.
    /// Matches of the name come first, then the last changed.
    pub async fn search_vals(
        &self,
        query: &str,
        viewer: Option<Uuid>,
        page: PageRequest,
    ) -> Result<Page<ListedVal>, StoreError> {
        let pattern = contains_pattern(query);
        self.read(move |db| search(db, pattern, viewer, page)).await
    }
}

impl ListedVal {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        let (val, code) = (Val::take(columns)?, columns.take()?);
        let (started_at, ended_at): (Option<i64>, Option<i64>) = (columns.take()?, columns.take()?);
        let last_run = started_at
            .zip(ended_at)
            .map(|(started_at, ended_at)| LastRun {
                started_at,
                ended_at,
            });
        Ok(Self {
            val,
            code,
            last_run,
        })
    }
}

/// Reads the listed vals of a page: `chosen` selects the page's `id` and its `place` in the order, already cut to size, so that
/// texts and runs are looked up only for what is shown.
fn read_page(
    db: Db<'_>,
    chosen: &str,
    conditions: Conditions,
    page: PageRequest,
) -> Result<Page<ListedVal>, StoreError> {
    let sql = format!(
        "SELECT {VAL_COLUMNS}, b.text, r.started_at, r.ended_at FROM ({chosen}) p
        JOIN vals v ON v.id = p.id
        JOIN users u ON u.id = v.owner_id
        JOIN versions e ON e.val_id = v.id AND e.version = v.live_version
        JOIN version_files f ON f.val_id = v.id AND f.version = v.live_version AND f.path = e.entry
        JOIN files b ON b.hash = f.file_hash
        LEFT JOIN runs r ON r.id = (SELECT n.id FROM runs n WHERE n.val_id = v.id ORDER BY n.started_at DESC, n.id DESC LIMIT 1)
        ORDER BY p.place, v.updated_at DESC, v.id DESC"
    );
    Ok(Page::cut(
        db.all(&sql, conditions.into_params(), ListedVal::take)?,
        page,
    ))
}

fn list(db: Db<'_>, filter: ValFilter, page: PageRequest) -> Result<Page<ListedVal>, StoreError> {
    let mut conditions = Conditions::default();
    conditions.with("owner_id = ?", filter.owner_id);
    conditions.always(if filter.deleted {
        "deleted_at IS NOT NULL"
    } else {
        "deleted_at IS NULL"
    });
    conditions.if_some("privacy = ?", filter.privacy);
    conditions.if_some(
        r"name_lower LIKE ? ESCAPE '\'",
        filter.name.as_deref().map(contains_pattern),
    );
    let chosen = format!(
        "SELECT id, 0 AS place FROM vals {} ORDER BY updated_at DESC, id DESC LIMIT {} OFFSET {}",
        conditions.where_clause(),
        conditions.parameter(page.sql_limit()),
        conditions.parameter(page.sql_offset())
    );
    read_page(db, &chosen, conditions, page)
}

fn search(
    db: Db<'_>,
    pattern: String,
    viewer: Option<Uuid>,
    page: PageRequest,
) -> Result<Page<ListedVal>, StoreError> {
    let mut conditions = Conditions::default();
    conditions.always("deleted_at IS NULL");
    match viewer {
        Some(viewer) => conditions.with("(privacy = 'public' OR owner_id = ?)", viewer),
        None => conditions.always("privacy = 'public'"),
    }
    let pattern = conditions.parameter(pattern);
    conditions.always(&format!(
        r"(name_lower LIKE {pattern} ESCAPE '\' OR EXISTS (
            SELECT 1 FROM version_files f JOIN files b ON b.hash = f.file_hash
            WHERE f.val_id = vals.id AND f.version = vals.live_version AND lower(b.text) LIKE {pattern} ESCAPE '\'))"
    ));
    let chosen = format!(
        r"SELECT id, CASE WHEN name_lower LIKE {pattern} ESCAPE '\' THEN 0 ELSE 1 END AS place FROM vals {}
        ORDER BY place, updated_at DESC, id DESC LIMIT {} OFFSET {}",
        conditions.where_clause(),
        conditions.parameter(page.sql_limit()),
        conditions.parameter(page.sql_offset())
    );
    read_page(db, &chosen, conditions, page)
}

//! Dependency sets: which folder of packages a user's list of imports led to. The folders themselves are the caller's.

use crate::limits::DELETE_BATCH_ROWS_MAX;
use crate::sql::{Columns, Db, ReadResult};
use crate::{Digest, Store, StoreError};
use uuid::Uuid;

/// A dependency set to record.
#[derive(Debug, Clone)]
pub struct NewDependencySet {
    /// Made by the caller.
    pub id: Uuid,
    /// Who saved; a set is trusted for reuse only by this user.
    pub user_id: Uuid,
    /// What was asked for: a canonical text of the list of packages and ranges.
    pub manifest_key: String,
    /// Digest of the folder's content, which is its name.
    pub folder_hash: Digest,
    /// Exact versions (JSON).
    pub lock: String,
    /// Size of the folder.
    pub bytes: i64,
    /// Now.
    pub now_micros: i64,
}

/// A dependency set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencySet {
    /// The set's id, which versions refer to.
    pub id: Uuid,
    /// Who saved it.
    pub user_id: Uuid,
    /// What was asked for.
    pub manifest_key: String,
    /// Digest of the folder's content, which is its name.
    pub folder_hash: Digest,
    /// Exact versions (JSON).
    pub lock: String,
    /// Size of the folder.
    pub bytes: i64,
    /// When it was made.
    pub created_at: i64,
    /// When it was last used, as far as [`Store::touch_dependency_sets`] was told.
    pub last_used_at: i64,
}

/// What became of a dependency set that was to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyDeletion {
    /// It is in use (again), or gone already; its folder stays.
    Kept,
    /// It is deleted; another set has the same folder.
    FolderStillUsed,
    /// It is deleted, and nothing refers to its folder any more.
    FolderUnused,
}

impl Store {
    /// Records a dependency set. A later one for the same user and key is the one that [`Store::dependency_set`] finds;
    /// versions saved with the earlier one keep it.
    pub async fn insert_dependency_set(
        &self,
        new: NewDependencySet,
    ) -> Result<DependencySet, StoreError> {
        let sql = "INSERT INTO dependency_sets (id, user_id, manifest_key, folder_hash, lock, bytes, created_at, last_used_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)";
        self.write(move |tx| {
            let params = (
                new.id,
                new.user_id,
                &new.manifest_key,
                new.folder_hash,
                &new.lock,
                new.bytes,
                new.now_micros,
            );
            tx.db.execute(sql, params)?;
            Ok(DependencySet {
                id: new.id,
                user_id: new.user_id,
                manifest_key: new.manifest_key,
                folder_hash: new.folder_hash,
                lock: new.lock,
                bytes: new.bytes,
                created_at: new.now_micros,
                last_used_at: new.now_micros,
            })
        })
        .await
    }

    /// The newest set that this user has for this key.
    pub async fn dependency_set(
        &self,
        user_id: Uuid,
        manifest_key: &str,
    ) -> Result<Option<DependencySet>, StoreError> {
        let sql = select(
            "WHERE d.user_id = ?1 AND d.manifest_key = ?2 ORDER BY d.created_at DESC, d.id DESC LIMIT 1",
        );
        let key = manifest_key.to_owned();
        self.read(move |db| db.one(&sql, (user_id, key), DependencySet::take))
            .await
    }

    /// The set with this id.
    pub async fn dependency_set_by_id(
        &self,
        id: Uuid,
    ) -> Result<Option<DependencySet>, StoreError> {
        self.read(move |db| db.one(&select("WHERE d.id = ?1"), (id,), DependencySet::take))
            .await
    }

    /// Notes that sets were used now; an older time never replaces a newer one, unknown sets are passed over.
    pub async fn touch_dependency_sets(
        &self,
        ids: Vec<Uuid>,
        now_micros: i64,
    ) -> Result<(), StoreError> {
        let sql =
            "UPDATE dependency_sets SET last_used_at = ?2 WHERE id = ?1 AND last_used_at < ?2";
        self.write(move |tx| {
            ids.iter()
                .try_for_each(|id| tx.db.execute(sql, (id, now_micros)).map(drop))
        })
        .await
    }

    /// Sets that no version refers to and that were last used before a time, the longest unused first, at most `limit`
    /// (and at most [`crate::limits::DELETE_BATCH_ROWS_MAX`]).
    pub async fn unused_dependency_sets(
        &self,
        used_before: i64,
        limit: u32,
    ) -> Result<Vec<DependencySet>, StoreError> {
        let sql = select(&format!(
            "WHERE {UNUSED} AND d.last_used_at < ?1 ORDER BY d.last_used_at, d.id LIMIT ?2"
        ));
        let limit = i64::from(limit.min(DELETE_BATCH_ROWS_MAX));
        self.read(move |db| db.all(&sql, (used_before, limit), DependencySet::take))
            .await
    }

    /// Deletes a set if no version refers to it and it was last used before a time, both decided in the same step.
    pub async fn delete_dependency_set(
        &self,
        id: Uuid,
        used_before: i64,
    ) -> Result<DependencyDeletion, StoreError> {
        let sql = format!(
            "DELETE FROM dependency_sets AS d WHERE d.id = ?1 AND d.last_used_at < ?2 AND {UNUSED} RETURNING folder_hash"
        );
        self.write(move |tx| {
            let deleted = tx
                .db
                .one(&sql, (id, used_before), |columns| columns.take::<Digest>())?;
            deleted.map_or(Ok(DependencyDeletion::Kept), |folder| {
                folder_use(tx.db, folder)
            })
        })
        .await
    }
}

/// That no version refers to the set `d`.
const UNUSED: &str = "NOT EXISTS (SELECT 1 FROM versions v WHERE v.dependency_set_id = d.id)";

/// The columns that [`DependencySet::take`] reads, in its order.
fn select(rest: &str) -> String {
    let columns = "d.id, d.user_id, d.manifest_key, d.folder_hash, d.lock, d.bytes, d.created_at, d.last_used_at";
    format!("SELECT {columns} FROM dependency_sets d {rest}")
}

impl DependencySet {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            id: columns.take()?,
            user_id: columns.take()?,
            manifest_key: columns.take()?,
            folder_hash: columns.take()?,
            lock: columns.take()?,
            bytes: columns.take()?,
            created_at: columns.take()?,
            last_used_at: columns.take()?,
        })
    }
}

fn folder_use(db: Db<'_>, folder: Digest) -> Result<DependencyDeletion, StoreError> {
    Ok(
        match db.number(
            "SELECT COUNT(*) FROM dependency_sets WHERE folder_hash = ?1",
            (folder,),
        )? {
            0 => DependencyDeletion::FolderUnused,
            _ => DependencyDeletion::FolderStillUsed,
        },
    )
}

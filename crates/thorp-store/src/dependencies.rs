//! Dependency sets: which folder of packages a user's list of imports led to. The folders themselves are the caller's.

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
        todo!()
    }

    /// The newest set that this user has for this key.
    pub async fn dependency_set(
        &self,
        user_id: Uuid,
        manifest_key: &str,
    ) -> Result<Option<DependencySet>, StoreError> {
        todo!()
    }

    /// The set with this id.
    pub async fn dependency_set_by_id(
        &self,
        id: Uuid,
    ) -> Result<Option<DependencySet>, StoreError> {
        todo!()
    }

    /// Notes that sets were used now; an older time never replaces a newer one, unknown sets are passed over.
    pub async fn touch_dependency_sets(
        &self,
        ids: Vec<Uuid>,
        now_micros: i64,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Sets that no version refers to and that were last used before a time, the longest unused first, at most `limit`
    /// (and at most [`crate::limits::DELETE_BATCH_ROWS_MAX`]).
    pub async fn unused_dependency_sets(
        &self,
        used_before: i64,
        limit: u32,
    ) -> Result<Vec<DependencySet>, StoreError> {
        todo!()
    }

    /// Deletes a set if no version refers to it and it was last used before a time, both decided in the same step.
    pub async fn delete_dependency_set(
        &self,
        id: Uuid,
        used_before: i64,
    ) -> Result<DependencyDeletion, StoreError> {
        todo!()
    }
}

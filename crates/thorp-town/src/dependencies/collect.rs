//! Removes folders that nothing uses any more.

use super::Dependencies;
use super::intake::remove_folder;
use crate::limits::RESOLUTIONS_MAX;
use thorp_store::{DependencyDeletion, StoreError};

const BATCH_SETS: u32 = 100;

impl Dependencies {
    /// Removes what no version refers to and nobody used since `before`. Answers whether anything went.
    pub(crate) async fn collect(&self, before: i64) -> Result<bool, StoreError> {
        let mut any = false;
        loop {
            let unused = self
                .store
                .unused_dependency_sets(before, BATCH_SETS)
                .await?;
            if unused.is_empty() {
                return Ok(any);
            }
            // All permits: no folder is put in place while one may be taken away.
            let all = u32::try_from(RESOLUTIONS_MAX).unwrap_or(u32::MAX);
            let Ok(_permits) = self.permits.acquire_many(all).await else {
                return Ok(any);
            };
            for set in unused {
                any = true;
                if self.store.delete_dependency_set(set.id, before).await?
                    == DependencyDeletion::FolderUnused
                    && let Err(error) = remove_folder(&self.folder(set.folder_hash))
                {
                    tracing::warn!(%error, "unused packages could not be removed");
                }
            }
        }
    }
}

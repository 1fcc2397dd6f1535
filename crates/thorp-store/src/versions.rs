//! Versions: immutable numbered snapshots of a val's files, with what the compiler said of them.

use crate::sql::{Columns, Db, ReadResult};
use crate::{Digest, Entity, File, Page, PageRequest, Store, StoreError, Val};
use crate::{files, save};
use uuid::Uuid;

/// The content of a version to save.
#[derive(Debug, Clone)]
pub struct NewContent {
    /// The files; their paths are distinct.
    pub files: Vec<File>,
    /// Path of the entry, one of `files`.
    pub entry: String,
    /// What the user says about the change.
    pub message: Option<String>,
    /// Who saves it.
    pub created_by: Uuid,
    /// The compiler's output (JSON); kept once for equal texts, read by [`Store::compiled`].
    pub compiled: Option<String>,
    /// What the compiler found (JSON).
    pub facts: String,
    /// Errors, warnings and hints (JSON array).
    pub diagnostics: String,
    /// Versions of all that it imports (JSON).
    pub lock: String,
    /// Folder of its packages.
    pub dependency_set_id: Option<Uuid>,
    /// Whether it can be run.
    pub runnable: bool,
    /// What it holds (JSON), if it is data.
    pub value: Option<String>,
    /// The run that set it, if one did.
    pub set_by: Option<Uuid>,
}

/// A version to add to a val.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// The val.
    pub val_id: Uuid,
    /// The version that the user had before them. If it is given and is not the newest, the save is refused.
    pub base: Option<i64>,
    /// The content.
    pub content: NewContent,
    /// Now.
    pub now_micros: i64,
}

/// An old version to make the newest again.
#[derive(Debug, Clone)]
pub struct RestoreVersion {
    /// The val.
    pub val_id: Uuid,
    /// The version whose content comes back.
    pub version: i64,
    /// Versions of all that it imports (JSON), if they are others now.
    pub lock: Option<String>,
    /// Who restores it.
    pub created_by: Uuid,
    /// What the user says about it.
    pub message: Option<String>,
    /// Now.
    pub now_micros: i64,
}

/// A version, without its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The val.
    pub val_id: Uuid,
    /// Its number, from 0.
    pub version: i64,
    /// Digest of the content, see [`crate::manifest_digest`].
    pub hash: Digest,
    /// Path of the entry.
    pub entry: String,
    /// What the user said about the change.
    pub message: Option<String>,
    /// The version that this one restored.
    pub origin: Option<i64>,
    /// The version that this one was based on, where the save told.
    pub base: Option<i64>,
    /// When it was saved.
    pub created_at: i64,
    /// Who saved it.
    pub created_by: Uuid,
    /// Names the compiler's output, for [`Store::compiled`].
    pub compiled_hash: Option<Digest>,
    /// What the compiler found (JSON).
    pub facts: String,
    /// Errors, warnings and hints (JSON array).
    pub diagnostics: String,
    /// Versions of all that it imports (JSON).
    pub lock: String,
    /// Folder of its packages.
    pub dependency_set_id: Option<Uuid>,
    /// Whether it can be run.
    pub runnable: bool,
    /// What it holds (JSON), if it is data.
    pub value: Option<String>,
    /// The run that set it, if one did.
    pub set_by: Option<Uuid>,
}

/// A version and its files, in the order of their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionWithFiles {
    /// The version.
    pub version: Version,
    /// Its files.
    pub files: Vec<File>,
}

/// What a save leaves behind: the val as it is now, and its new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedVersion {
    /// The val.
    pub val: Val,
    /// The version that was added.
    pub version: Version,
}

impl Store {
    /// Adds a version to a living val and makes it live.
    /// Fails with [`StoreError::Conflict`] if a base is given that is not the newest version.
    pub async fn save_version(&self, new: NewVersion) -> Result<SavedVersion, StoreError> {
        self.write(move |tx| save::save(tx.db, new)).await
    }

    /// Adds a version with the content of an old one (files, compiler's output, lock, packages) and makes it live.
    pub async fn restore_version(
        &self,
        restore: RestoreVersion,
    ) -> Result<SavedVersion, StoreError> {
        self.write(move |tx| save::restore(tx.db, restore)).await
    }

    /// Deletes a version of a living val for good. If it was live, the newest that is left becomes live.
    /// Fails with [`StoreError::LastVersion`] if no other is left. Answers the val as it is then.
    pub async fn delete_version(
        &self,
        val_id: Uuid,
        version: i64,
        now_micros: i64,
    ) -> Result<Val, StoreError> {
        self.write(move |tx| save::delete(tx.db, val_id, version, now_micros))
            .await
    }

    /// A version that is not deleted, with its files; the val itself may be deleted.
    pub async fn version(
        &self,
        val_id: Uuid,
        version: i64,
    ) -> Result<Option<VersionWithFiles>, StoreError> {
        self.read(move |db| {
            let Some(version) = Version::find(db, val_id, version)? else {
                return Ok(None);
            };
            let files = files::of_version(db, val_id, version.version)?;
            Ok(Some(VersionWithFiles { version, files }))
        })
        .await
    }

    /// A val's versions that are not deleted, the newest first.
    pub async fn list_versions(
        &self,
        val_id: Uuid,
        page: PageRequest,
    ) -> Result<Page<Version>, StoreError> {
        let sql = format!(
            "SELECT {VERSION_COLUMNS} FROM versions WHERE val_id = ?1 ORDER BY version DESC LIMIT ?2 OFFSET ?3"
        );
        let params = (val_id, page.sql_limit(), page.sql_offset());
        Ok(Page::cut(
            self.read(move |db| db.all(&sql, params, Version::take))
                .await?,
            page,
        ))
    }

    /// The compiler's output (JSON) of [`Version::compiled_hash`].
    pub async fn compiled(&self, hash: Digest) -> Result<Option<String>, StoreError> {
        self.read(move |db| {
            db.one(
                "SELECT json FROM compiled WHERE hash = ?1",
                (hash,),
                |columns| columns.take(),
            )
        })
        .await
    }
}

/// The columns that [`Version::take`] reads, in its order.
const VERSION_COLUMNS: &str = "val_id, version, hash, entry, message, origin, base, created_at, created_by, compiled_hash, \
    facts, diagnostics, lock, dependency_set_id, runnable, value, set_by";

impl Version {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            val_id: columns.take()?,
            version: columns.take()?,
            hash: columns.take()?,
            entry: columns.take()?,
            message: columns.take()?,
            origin: columns.take()?,
            base: columns.take()?,
            created_at: columns.take()?,
            created_by: columns.take()?,
            compiled_hash: columns.take()?,
            facts: columns.take()?,
            diagnostics: columns.take()?,
            lock: columns.take()?,
            dependency_set_id: columns.take()?,
            runnable: columns.take()?,
            value: columns.take()?,
            set_by: columns.take()?,
        })
    }

    pub(crate) fn find(db: Db<'_>, val_id: Uuid, version: i64) -> Result<Option<Self>, StoreError> {
        let sql =
            format!("SELECT {VERSION_COLUMNS} FROM versions WHERE val_id = ?1 AND version = ?2");
        db.one(&sql, (val_id, version), Self::take)
    }

    pub(crate) fn expect(db: Db<'_>, val_id: Uuid, version: i64) -> Result<Self, StoreError> {
        Self::find(db, val_id, version)?.ok_or(StoreError::NotFound(Entity::Version))
    }
}

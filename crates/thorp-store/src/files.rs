//! The files of versions, kept once by content.

use crate::sql::Db;
use crate::{Digest, StoreError};
use std::collections::BTreeSet;
use uuid::Uuid;

/// One file of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path inside the val, for example `main.tsx`.
    pub path: String,
    /// The text.
    pub text: String,
}

/// The digest of a version's content: its entry and all its paths and texts, whatever order the files come in.
/// Two versions with the same digest hold the same text.
pub fn manifest_digest(entry: &str, files: &[File]) -> Digest {
    let mut lines: Vec<String> = files
        .iter()
        .map(|file| manifest_line(&file.path, Digest::of(file.text.as_bytes())))
        .collect();
    lines.sort_unstable();
    Digest::of(format!("{}:{entry}{}", entry.len(), lines.concat()).as_bytes())
}

/// The length goes first, so that no path can be read as two.
fn manifest_line(path: &str, digest: Digest) -> String {
    format!("{}:{path}{digest}", path.len())
}

/// Checks that the paths are distinct and have the entry among them; answers the digest of all.
pub(crate) fn check(entry: &str, files: &[File]) -> Result<Digest, StoreError> {
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    if paths.len() != files.len() || !paths.contains(entry) {
        return Err(StoreError::BadFiles {
            entry: entry.to_owned(),
        });
    }
    Ok(manifest_digest(entry, files))
}

/// Keeps the files of a new version.
pub(crate) fn keep(
    db: Db<'_>,
    val_id: Uuid,
    version: i64,
    files: &[File],
) -> Result<(), StoreError> {
    for file in files {
        let hash = Digest::of(file.text.as_bytes());
        db.execute(
            "INSERT INTO files (hash, text) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING",
            (hash, &file.text),
        )?;
        let place =
            "INSERT INTO version_files (val_id, version, path, file_hash) VALUES (?1, ?2, ?3, ?4)";
        db.execute(place, (val_id, version, &file.path, hash))?;
    }
    Ok(())
}

/// Gives a version the files of another one of its val.
pub(crate) fn copy(db: Db<'_>, val_id: Uuid, from: i64, to: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO version_files (val_id, version, path, file_hash)
        SELECT val_id, ?3, path, file_hash FROM version_files WHERE val_id = ?1 AND version = ?2";
    db.execute(sql, (val_id, from, to)).map(drop)
}

/// The files of a version, in the order of their paths.
pub(crate) fn of_version(db: Db<'_>, val_id: Uuid, version: i64) -> Result<Vec<File>, StoreError> {
    let sql = "SELECT v.path, f.text FROM version_files v JOIN files f ON f.hash = v.file_hash
        WHERE v.val_id = ?1 AND v.version = ?2 ORDER BY v.path";
    db.all(sql, (val_id, version), |columns| {
        Ok(File {
            path: columns.take()?,
            text: columns.take()?,
        })
    })
}

/// Removes a version's files, and the texts that no other version has.
pub(crate) fn remove(db: Db<'_>, val_id: Uuid, version: i64) -> Result<(), StoreError> {
    let unplace =
        "DELETE FROM version_files WHERE val_id = ?1 AND version = ?2 RETURNING file_hash";
    let hashes: Vec<Digest> = db.all(unplace, (val_id, version), |columns| columns.take())?;
    let remove = "DELETE FROM files WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM version_files v WHERE v.file_hash = ?1)";
    hashes
        .iter()
        .try_for_each(|hash| db.execute(remove, (hash,)).map(drop))
}

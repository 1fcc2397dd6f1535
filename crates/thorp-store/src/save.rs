//! Adding and removing versions: the numbers they get, which one is live, and the content they share.

use crate::sql::Db;
use crate::{
    Digest, Entity, NewContent, NewVersion, RestoreVersion, SavedVersion, StoreError, Val, Version,
    files,
};
use uuid::Uuid;

/// Where a version goes.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) val_id: Uuid,
    pub(crate) version: i64,
    pub(crate) base: Option<i64>,
    pub(crate) now_micros: i64,
}

pub(crate) fn save(db: Db<'_>, new: NewVersion) -> Result<SavedVersion, StoreError> {
    let (val_id, base, now_micros) = (new.val_id, new.base, new.now_micros);
    let version = take_number(db, val_id, now_micros)?;
    let newest = newest_version(db, val_id)?;
    if base.is_some_and(|base| base != newest) {
        return Err(StoreError::Conflict { newest });
    }
    let version = insert(
        db,
        Place {
            val_id,
            version,
            base,
            now_micros,
        },
        new.content,
    )?;
    Ok(SavedVersion {
        val: Val::expect(db, val_id)?,
        version,
    })
}

pub(crate) fn restore(db: Db<'_>, restore: RestoreVersion) -> Result<SavedVersion, StoreError> {
    let val_id = restore.val_id;
    let number = take_number(db, val_id, restore.now_micros)?;
    let copy = "INSERT INTO versions (val_id, version, hash, entry, message, origin, base, created_at, created_by, compiled_hash,
            facts, diagnostics, lock, dependency_set_id, runnable, value)
        SELECT val_id, ?3, hash, entry, ?4, version, NULL, ?5, ?6, compiled_hash, facts, diagnostics, COALESCE(?7, lock),
            dependency_set_id, runnable, value
        FROM versions WHERE val_id = ?1 AND version = ?2";
    let params = (
        val_id,
        restore.version,
        number,
        &restore.message,
        restore.now_micros,
        restore.created_by,
        &restore.lock,
    );
    if db.execute(copy, params)? == 0 {
        return Err(StoreError::NotFound(Entity::Version));
    }
    files::copy(db, val_id, restore.version, number)?;
    Ok(SavedVersion {
        val: Val::expect(db, val_id)?,
        version: Version::expect(db, val_id, number)?,
    })
}

pub(crate) fn delete(
    db: Db<'_>,
    val_id: Uuid,
    version: i64,
    now_micros: i64,
) -> Result<Val, StoreError> {
    let val = Val::expect_living(db, val_id)?;
    let row = Version::expect(db, val_id, version)?;
    if db.number("SELECT COUNT(*) FROM versions WHERE val_id = ?1", (val_id,))? == 1 {
        return Err(StoreError::LastVersion);
    }
    remove_row(db, &row)?;
    let live = if val.live_version == version {
        newest_version(db, val_id)?
    } else {
        val.live_version
    };
    db.execute(
        "UPDATE vals SET live_version = ?2, updated_at = ?3 WHERE id = ?1",
        (val_id, live, now_micros),
    )?;
    Val::expect(db, val_id)
}

/// Adds a version to a living val whatever it was based on, and makes it live. Answers its number.
pub(crate) fn add(
    db: Db<'_>,
    val_id: Uuid,
    now_micros: i64,
    content: NewContent,
) -> Result<i64, StoreError> {
    let version = take_number(db, val_id, now_micros)?;
    let place = Place {
        val_id,
        version,
        base: None,
        now_micros,
    };
    insert(db, place, content)?;
    Ok(version)
}

/// Removes a version that is not live.
pub(crate) fn remove(db: Db<'_>, val_id: Uuid, version: i64) -> Result<(), StoreError> {
    remove_row(db, &Version::expect(db, val_id, version)?)
}

fn remove_row(db: Db<'_>, row: &Version) -> Result<(), StoreError> {
    files::remove(db, row.val_id, row.version)?;
    db.execute(
        "DELETE FROM versions WHERE val_id = ?1 AND version = ?2",
        (row.val_id, row.version),
    )?;
    match row.compiled_hash {
        Some(hash) => remove_unused_compiled(db, hash),
        None => Ok(()),
    }
}

/// Inserts a version whose number is already taken; all it shares with others is kept once.
pub(crate) fn insert(db: Db<'_>, place: Place, content: NewContent) -> Result<Version, StoreError> {
    let hash = files::check(&content.entry, &content.files)?;
    let compiled_hash = content
        .compiled
        .as_deref()
        .map(|json| keep_compiled(db, json))
        .transpose()?;
    let sql = "INSERT INTO versions (val_id, version, hash, entry, message, base, created_at, created_by, compiled_hash,
            facts, diagnostics, lock, dependency_set_id, runnable, value, set_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    let params = rusqlite::params![
        place.val_id,
        place.version,
        hash,
        content.entry,
        content.message,
        place.base,
        place.now_micros,
        content.created_by,
        compiled_hash,
        content.facts,
        content.diagnostics,
        content.lock,
        content.dependency_set_id,
        content.runnable,
        content.value,
        content.set_by,
    ];
    db.execute(sql, params)?;
    files::keep(db, place.val_id, place.version, &content.files)?;
    Version::expect(db, place.val_id, place.version)
}

/// Takes a living val's next number and makes it the live one. The row is locked from here on, where rows have locks.
fn take_number(db: Db<'_>, val_id: Uuid, now_micros: i64) -> Result<i64, StoreError> {
    let sql = "UPDATE vals SET live_version = next_version, next_version = next_version + 1, updated_at = ?2
        WHERE id = ?1 AND deleted_at IS NULL RETURNING live_version";
    db.one(sql, (val_id, now_micros), |columns| columns.take())?
        .ok_or(StoreError::NotFound(Entity::Val))
}

fn newest_version(db: Db<'_>, val_id: Uuid) -> Result<i64, StoreError> {
    db.number(
        "SELECT COALESCE(MAX(version), -1) FROM versions WHERE val_id = ?1",
        (val_id,),
    )
}

fn keep_compiled(db: Db<'_>, json: &str) -> Result<Digest, StoreError> {
    let hash = Digest::of(json.as_bytes());
    db.execute(
        "INSERT INTO compiled (hash, json) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING",
        (hash, json),
    )?;
    Ok(hash)
}

fn remove_unused_compiled(db: Db<'_>, hash: Digest) -> Result<(), StoreError> {
    let sql = "DELETE FROM compiled WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.compiled_hash = ?1)";
    db.execute(sql, (hash,)).map(drop)
}

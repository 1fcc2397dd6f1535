//! Values: what vals that are data hold. A value belongs to a version; what a run writes becomes a version of its own.

use crate::sql::Db;
use crate::{
    Endpoint, File, NewContent, NewRun, NewVal, Privacy, Store, StoreError, Val, Version, runs,
    save, vals,
};
use uuid::Uuid;

/// What a run writes, or deletes.
#[derive(Debug, Clone)]
pub struct ValueWrite {
    /// Whose val it is; who saves it.
    pub owner_id: Uuid,
    /// Its name; a val is made if there is none.
    pub name: String,
    /// The value (JSON), and the file that says it; `None` deletes the val.
    pub value: Option<(String, File)>,
    /// The run.
    pub run: Uuid,
    /// The id of a val that has to be made.
    pub new_id: Uuid,
    /// Now.
    pub now_micros: i64,
}

/// A val found by its name, with what its live version holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedValue {
    /// The val.
    pub val: Val,
    /// Its live version, without its files.
    pub version: Version,
}

/// One more a write than it adds, so that what is too much goes.
const TRIMMED_AT_ONCE: i64 = 2;

impl Store {
    /// The living vals of these owners and names, each as it is now: all at one moment.
    pub async fn values(
        &self,
        names: Vec<(String, String)>,
    ) -> Result<Vec<Option<NamedValue>>, StoreError> {
        self.read(move |db| {
            // One statement would not find those that have been renamed; one transaction makes it one moment.
            db.snapshot(|db| names.iter().map(|name| named(db, name)).collect())
        })
        .await
    }

    /// Records a run that ended, and does what it wrote: all of it, or nothing. Of the versions that runs have set, the
    /// newest `kept` of a val stay.
    ///
    /// # Errors
    /// [`StoreError::NotData`] if a val that it writes is a program.
    pub async fn insert_run_with_writes(
        &self,
        new: NewRun,
        writes: Vec<ValueWrite>,
        kept: i64,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            for write in writes {
                set(tx.db, write, kept)?;
            }
            runs::record(tx, &new)
        })
        .await
    }

    /// Does what somebody writes beside a run.
    ///
    /// # Errors
    /// [`StoreError::NotData`] if the val is a program.
    pub async fn set_value(&self, write: ValueWrite, kept: i64) -> Result<(), StoreError> {
        self.write(move |tx| set(tx.db, write, kept)).await
    }

    /// Says what a version holds that was evaluated after it had been saved.
    pub async fn keep_value(
        &self,
        val_id: Uuid,
        version: i64,
        value: Option<String>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE versions SET value = ?3 WHERE val_id = ?1 AND version = ?2";
        self.write(move |tx| tx.db.execute(sql, (val_id, version, value)).map(drop))
            .await
    }
}

fn named(db: Db<'_>, (owner, name): &(String, String)) -> Result<Option<NamedValue>, StoreError> {
    let (owner, name) = (owner.to_ascii_lowercase(), name.to_ascii_lowercase());
    let Some(val) = vals::find_by_name(db, &owner, &name)? else {
        return Ok(None);
    };
    let version = Version::find(db, val.id, val.live_version)?;
    Ok(version.map(|version| NamedValue { val, version }))
}

fn set(db: Db<'_>, write: ValueWrite, kept: i64) -> Result<(), StoreError> {
    let name_lower = write.name.to_ascii_lowercase();
    let found = vals::find_of_owner(db, write.owner_id, &name_lower)?;
    let Some((json, file)) = write.value else {
        let sql = "UPDATE vals SET deleted_at = ?2, updated_at = ?2 WHERE id = ?1";
        return match found {
            Some(val) => db.execute(sql, (val.id, write.now_micros)).map(drop),
            None => Ok(()),
        };
    };
    let content = content(write.owner_id, json, file, write.run);
    let Some(val) = found else {
        let new = NewVal {
            id: write.new_id,
            owner_id: write.owner_id,
            name: write.name,
            privacy: Privacy::Private,
            endpoint: Endpoint::Private,
            readme: None,
            content,
            now_micros: write.now_micros,
        };
        return vals::create(db, new).map(drop);
    };
    let live = Version::expect(db, val.id, val.live_version)?;
    if live.value.is_none() {
        return Err(StoreError::NotData { name: val.name });
    }
    let number = save::add(db, val.id, write.now_micros, content)?;
    trim(db, val.id, number, kept)
}

fn content(created_by: Uuid, json: String, file: File, run: Uuid) -> NewContent {
    NewContent {
        entry: file.path.clone(),
        files: vec![file],
        message: None,
        created_by,
        compiled: None,
        facts: "{}".to_owned(),
        diagnostics: "[]".to_owned(),
        lock: "[]".to_owned(),
        dependency_set_id: None,
        runnable: true,
        value: Some(json),
        set_by: Some(run),
    }
}

/// Removes the versions that runs have set long ago.
fn trim(db: Db<'_>, val_id: Uuid, newest: i64, kept: i64) -> Result<(), StoreError> {
    let sql =
        "SELECT version FROM versions WHERE val_id = ?1 AND set_by IS NOT NULL AND version <> ?2
        ORDER BY version DESC LIMIT ?4 OFFSET ?3";
    let params = (val_id, newest, kept - 1, TRIMMED_AT_ONCE);
    let old: Vec<i64> = db.all(sql, params, |columns| columns.take())?;
    old.into_iter()
        .try_for_each(|version| save::remove(db, val_id, version))
}

//! Renaming vals, and finding one by a name that it used to have.

use crate::sql::Db;
use crate::vals::VAL_COLUMNS;
use crate::{StoreError, Val};

/// Fails if a living val of the same owner, other than this one, has the name.
pub(crate) fn require_free(db: Db<'_>, val: &Val, name: &str) -> Result<(), StoreError> {
    let sql = "SELECT COUNT(*) FROM vals WHERE owner_id = ?1 AND name_lower = ?2 AND deleted_at IS NULL AND id <> ?3";
    match db.number(sql, (val.owner_id, name.to_ascii_lowercase(), val.id))? {
        0 => Ok(()),
        _ => Err(StoreError::NameTaken {
            name: name.to_owned(),
        }),
    }
}

/// Gives a val another name and leaves a redirect at the old one.
pub(crate) fn rename(db: Db<'_>, val: &Val, name: &str, now_micros: i64) -> Result<(), StoreError> {
    require_free(db, val, name)?;
    let (old_lower, new_lower) = (val.name.to_ascii_lowercase(), name.to_ascii_lowercase());
    db.execute(
        "UPDATE vals SET name = ?2, name_lower = ?3 WHERE id = ?1",
        (val.id, name, &new_lower),
    )?;
    if old_lower != new_lower {
        let leave = "INSERT INTO val_redirects (owner_id, name_lower, val_id, since) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (owner_id, name_lower) DO UPDATE SET val_id = excluded.val_id, since = excluded.since";
        db.execute(leave, (val.owner_id, old_lower, val.id, now_micros))?;
    }
    Ok(())
}

/// The living val that had this name last before it was renamed.
pub(crate) fn follow(
    db: Db<'_>,
    owner_lower: &str,
    name_lower: &str,
) -> Result<Option<Val>, StoreError> {
    let sql = format!(
        "SELECT {VAL_COLUMNS} FROM val_redirects d JOIN vals v ON v.id = d.val_id JOIN users u ON u.id = d.owner_id
        WHERE u.name_lower = ?1 AND d.name_lower = ?2 AND v.deleted_at IS NULL"
    );
    db.one(&sql, (owner_lower, name_lower), Val::take)
}

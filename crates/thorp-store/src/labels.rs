//! Labels: what vals are called as hosts. A val gets its label when it is made, keeps it whatever it is called later, and
//! leaves it to nobody.

use crate::sql::Db;
use crate::{Digest, Store, StoreError, Val, vals};
use rusqlite::Connection;
use uuid::Uuid;

/// Bytes of a label, as DNS has it.
const LABEL_BYTES_MAX: usize = 63;
/// Hexadecimal digits that tell labels apart that would be the same.
const TAIL_CHARS: usize = 8;

impl Store {
    /// The living val of this label.
    pub async fn val_by_label(&self, label: &str) -> Result<Option<Val>, StoreError> {
        let label = label.to_ascii_lowercase();
        self.read(move |db| vals::find_by_label(db, &label)).await
    }
}

/// A label for a val that has none: the first that is free.
pub(crate) fn make(db: Db<'_>, id: Uuid, owner: &str, name: &str) -> Result<String, StoreError> {
    let slug = slug(owner, name);
    if slug.len() <= LABEL_BYTES_MAX && is_free(db, &slug)? {
        return Ok(slug);
    }
    let tail = Digest::of(id.as_bytes()).to_string();
    let most = slug.len().min(LABEL_BYTES_MAX - TAIL_CHARS - 1);
    let head = slug[..most].trim_end_matches('-');
    Ok(format!("{head}-{}", &tail[..TAIL_CHARS]))
}

fn is_free(db: Db<'_>, label: &str) -> Result<bool, StoreError> {
    let count = db.number("SELECT COUNT(*) FROM vals WHERE label = ?1", (label,))?;
    Ok(count == 0)
}

/// `Alice`, `my_blog` → `alice-my-blog`. Names have letters, digits and `_`, and begin with a letter.
fn slug(owner: &str, name: &str) -> String {
    let parts = [owner, name].into_iter().flat_map(|part| part.split('_'));
    let parts = parts.filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
    parts.join("-")
}

/// Gives labels to vals that were made before there were any.
pub(crate) fn fill(connection: &Connection) -> Result<(), StoreError> {
    let db = Db(connection);
    let sql = "SELECT v.id, u.name, v.name FROM vals v JOIN users u ON u.id = v.owner_id WHERE v.label IS NULL ORDER BY v.id";
    let without: Vec<(Uuid, String, String)> = db.all(sql, [], |columns| {
        Ok((columns.take()?, columns.take()?, columns.take()?))
    })?;
    if without.is_empty() {
        return Ok(());
    }
    db.execute("BEGIN IMMEDIATE", [])?;
    for (id, owner, name) in without {
        let label = make(db, id, &owner, &name)?;
        db.execute("UPDATE vals SET label = ?2 WHERE id = ?1", (id, label))?;
    }
    db.execute("COMMIT", [])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_slug_is_what_a_host_may_be_called() {
        for (owner, name, expected) in [
            ("alice", "hello", "alice-hello"),
            ("Alice", "my_Blog", "alice-my-blog"),
            ("xn", "__a", "xn-a"),
            ("a_", "b__", "a-b"),
        ] {
            assert_eq!(slug(owner, name), expected);
        }
    }
}

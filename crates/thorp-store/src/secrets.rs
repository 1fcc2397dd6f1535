//! Secrets of users. Their values come sealed and go sealed: the store has no key, and never sees a value.

use crate::sql::{Columns, Db, ReadResult};
use crate::{Entity, Page, PageRequest, Store, StoreError};
use uuid::Uuid;

/// A value, encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Names the key that opens it.
    pub key_id: String,
    /// The encrypted bytes.
    pub bytes: Vec<u8>,
}

/// What the secrets of one user may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretBounds {
    /// How many.
    pub count: u32,
    /// Their sealed bytes together.
    pub bytes: u64,
}

/// A secret to make or to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretChange {
    /// Whose it is.
    pub user_id: Uuid,
    /// Its name; upper and lower case differ.
    pub name: String,
    /// Whether packages may see it: `None` leaves it as it is, or `false` for a new one.
    pub packages: Option<bool>,
    /// What the user may have.
    pub bounds: SecretBounds,
    /// Now.
    pub now_micros: i64,
}

/// What may be told of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretInfo {
    /// Its name.
    pub name: String,
    /// Whether packages may see it.
    pub packages: bool,
    /// The key that opens it.
    pub key_id: String,
    /// When it was made.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
}

/// A secret as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// Whose it is.
    pub user_id: Uuid,
    /// Its name.
    pub name: String,
    /// The user's revision at which it was sealed.
    pub revision: i64,
    /// Whether packages may see it.
    pub packages: bool,
    /// Its value.
    pub sealed: Sealed,
}

/// All secrets of a user, in one consistent read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSecrets {
    /// Changes with every change of any of them; 0 if there never was one.
    pub revision: i64,
    /// By name.
    pub secrets: Vec<StoredSecret>,
}

/// What [`Store::reseal_secrets`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many were sealed anew.
    pub resealed: u64,
    /// How many were left as they were.
    pub kept: u64,
}

impl Store {
    /// Makes a secret, or replaces its value. `seal` is told the revision that the value will have.
    pub async fn put_secret<F>(
        &self,
        change: SecretChange,
        seal: F,
    ) -> Result<SecretInfo, StoreError>
    where
        F: FnOnce(i64) -> Result<Sealed, String> + Send + 'static,
    {
        self.write(move |tx| {
            let revision = next_revision(tx.db, change.user_id)?;
            let sealed = seal(revision).map_err(|reason| StoreError::Sealing { reason })?;
            put(tx.db, &change, revision, &sealed)?;
            check_bounds(tx.db, &change)?;
            info(tx.db, change.user_id, &change.name)
        })
        .await
    }

    /// Says whether packages may see a secret. [`StoreError::NotFound`] if there is none of that name.
    pub async fn share_secret(&self, change: SecretChange) -> Result<SecretInfo, StoreError> {
        let sql = "UPDATE secrets SET packages = COALESCE(?3, packages), updated_at = ?4 WHERE user_id = ?1 AND name = ?2";
        self.write(move |tx| {
            let params = (
                change.user_id,
                &change.name,
                change.packages,
                change.now_micros,
            );
            if tx.db.execute(sql, params)? == 0 {
                return Err(StoreError::NotFound(Entity::Secret));
            }
            next_revision(tx.db, change.user_id)?;
            info(tx.db, change.user_id, &change.name)
        })
        .await
    }

    /// Removes a secret and its value. [`StoreError::NotFound`] if there is none of that name.
    pub async fn delete_secret(&self, user_id: Uuid, name: String) -> Result<(), StoreError> {
        let sql = "DELETE FROM secrets WHERE user_id = ?1 AND name = ?2";
        self.write(move |tx| {
            if tx.db.execute(sql, (user_id, &name))? == 0 {
                return Err(StoreError::NotFound(Entity::Secret));
            }
            next_revision(tx.db, user_id).map(drop)
        })
        .await
    }

    /// What may be told of a user's secrets, by name.
    pub async fn list_secrets(
        &self,
        user_id: Uuid,
        page: PageRequest,
    ) -> Result<Page<SecretInfo>, StoreError> {
        let sql = format!(
            "SELECT {INFO_COLUMNS} FROM secrets WHERE user_id = ?1 ORDER BY name LIMIT ?2 OFFSET ?3"
        );
        let params = (user_id, page.sql_limit(), page.sql_offset());
        Ok(Page::cut(
            self.read(move |db| db.all(&sql, params, SecretInfo::take))
                .await?,
            page,
        ))
    }

    /// All secrets of a user with their sealed values.
    pub async fn secrets_of(&self, user_id: Uuid) -> Result<UserSecrets, StoreError> {
        // One statement, so that both are of one moment.
        let sql = format!(
            "SELECT r.revision, {STORED_COLUMNS} FROM secret_revisions r
            LEFT JOIN secrets s ON s.user_id = r.user_id WHERE r.user_id = ?1 ORDER BY s.name"
        );
        self.read(move |db| {
            let rows = db.all(&sql, [user_id], |columns| {
                let revision: i64 = columns.take()?;
                Ok((revision, StoredSecret::take_if_some(columns)?))
            })?;
            Ok(UserSecrets {
                revision: rows.first().map_or(0, |(revision, _)| *revision),
                secrets: rows.into_iter().filter_map(|(_, secret)| secret).collect(),
            })
        })
        .await
    }

    /// The keys that seal secrets, and how many each.
    pub async fn secret_keys(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT key_id, COUNT(*) FROM secrets GROUP BY key_id ORDER BY key_id";
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        self.read(move |db| {
            db.all(sql, [], |columns| {
                Ok((columns.take()?, count(columns.take()?)))
            })
        })
        .await
    }

    /// Whose secrets a key seals: names of users and of secrets, so many at most.
    pub async fn secrets_of_key(
        &self,
        key_id: String,
        most: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT u.name, s.name FROM secrets s JOIN users u ON u.id = s.user_id
            WHERE s.key_id = ?1 ORDER BY u.name, s.name LIMIT ?2";
        self.read(move |db| {
            db.all(sql, (key_id, most), |columns| {
                Ok((columns.take()?, columns.take()?))
            })
        })
        .await
    }

    /// Calls `reseal` with every secret and keeps what it answers; `None` leaves one as it is. All in one transaction: after a
    /// failure or a kill none is changed. Values, and so revisions, stay what they were.
    pub async fn reseal_secrets<F>(&self, mut reseal: F) -> Result<Resealed, StoreError>
    where
        F: FnMut(&StoredSecret) -> Result<Option<Sealed>, String> + Send + 'static,
    {
        let names = "SELECT user_id, name FROM secrets ORDER BY user_id, name";
        let one =
            format!("SELECT {STORED_COLUMNS} FROM secrets s WHERE user_id = ?1 AND name = ?2");
        let set = "UPDATE secrets SET key_id = ?3, sealed = ?4 WHERE user_id = ?1 AND name = ?2";
        self.write(move |tx| {
            let mut done = Resealed::default();
            let all: Vec<(Uuid, String)> = tx
                .db
                .all(names, [], |columns| Ok((columns.take()?, columns.take()?)))?;
            for (user, name) in all {
                let found = tx.db.one(&one, (user, &name), StoredSecret::take_if_some)?;
                let Some(secret) = found.flatten() else {
                    continue;
                };
                match reseal(&secret).map_err(|reason| StoreError::Sealing { reason })? {
                    Some(sealed) => {
                        tx.db
                            .execute(set, (user, &name, sealed.key_id, sealed.bytes))?;
                        done.resealed += 1;
                    }
                    None => done.kept += 1,
                }
            }
            Ok(done)
        })
        .await
    }
}

fn next_revision(db: Db<'_>, user: Uuid) -> Result<i64, StoreError> {
    let sql = "INSERT INTO secret_revisions (user_id, revision) VALUES (?1, 1)
        ON CONFLICT (user_id) DO UPDATE SET revision = secret_revisions.revision + 1 RETURNING revision";
    db.number(sql, [user])
}

fn put(
    db: Db<'_>,
    change: &SecretChange,
    revision: i64,
    sealed: &Sealed,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO secrets (user_id, name, key_id, sealed, packages, revision, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, COALESCE(?5, FALSE), ?6, ?7, ?7)
        ON CONFLICT (user_id, name) DO UPDATE SET key_id = ?3, sealed = ?4, packages = COALESCE(?5, secrets.packages),
            revision = ?6, updated_at = ?7";
    let params = (
        change.user_id,
        &change.name,
        &sealed.key_id,
        &sealed.bytes,
        change.packages,
        revision,
        change.now_micros,
    );
    db.execute(sql, params).map(drop)
}

fn check_bounds(db: Db<'_>, change: &SecretChange) -> Result<(), StoreError> {
    let bounds = change.bounds;
    let have = "SELECT COUNT(*) FROM secrets WHERE user_id = ?1";
    if db.number(have, [change.user_id])? > i64::from(bounds.count) {
        return Err(StoreError::TooManySecrets { most: bounds.count });
    }
    let bytes = "SELECT COALESCE(SUM(LENGTH(sealed)), 0) FROM secrets WHERE user_id = ?1";
    let bytes = db.number(bytes, [change.user_id])?;
    match u64::try_from(bytes).unwrap_or(0) > bounds.bytes {
        true => Err(StoreError::SecretsTooLarge { most: bounds.bytes }),
        false => Ok(()),
    }
}

fn info(db: Db<'_>, user: Uuid, name: &str) -> Result<SecretInfo, StoreError> {
    let sql = format!("SELECT {INFO_COLUMNS} FROM secrets WHERE user_id = ?1 AND name = ?2");
    db.one(&sql, (user, name), SecretInfo::take)?
        .ok_or(StoreError::NotFound(Entity::Secret))
}

const INFO_COLUMNS: &str = "name, packages, key_id, created_at, updated_at";
const STORED_COLUMNS: &str = "s.user_id, s.name, s.revision, s.packages, s.key_id, s.sealed";

impl SecretInfo {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            name: columns.take()?,
            packages: columns.take()?,
            key_id: columns.take()?,
            created_at: columns.take()?,
            updated_at: columns.take()?,
        })
    }
}

impl StoredSecret {
    /// `None` for the empty side of a join.
    fn take_if_some(columns: &mut Columns<'_>) -> ReadResult<Option<Self>> {
        let Some(user_id) = columns.take::<Option<Uuid>>()? else {
            return Ok(None);
        };
        Ok(Some(Self {
            user_id,
            name: columns.take()?,
            revision: columns.take()?,
            packages: columns.take()?,
            sealed: Sealed {
                key_id: columns.take()?,
                bytes: columns.take()?,
            },
        }))
    }
}

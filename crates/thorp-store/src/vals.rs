//! Vals: making, changing, deleting and finding one. Their content is in `versions`, lists are in `listing`.

use crate::sql::{Columns, Db, ReadResult};
use crate::{Endpoint, Entity, Isolation, NewContent, Privacy, SavedVersion, Store, StoreError};
use crate::{labels, renames, save};
use uuid::Uuid;

/// A val to create, with its version 0.
#[derive(Debug, Clone)]
pub struct NewVal {
    /// Made by the caller.
    pub id: Uuid,
    /// Whose it is.
    pub owner_id: Uuid,
    /// As the user writes it; the caller checks its form.
    pub name: String,
    /// Who may see the code.
    pub privacy: Privacy,
    /// Who may call it.
    pub endpoint: Endpoint,
    /// Markdown about the val.
    pub readme: Option<String>,
    /// The first version.
    pub content: NewContent,
    /// Now.
    pub now_micros: i64,
}

/// What to change of a val; `None` leaves a thing as it is. All of it happens, or nothing.
#[derive(Debug, Clone, Default)]
pub struct ValPatch {
    /// A new name; the old one goes on leading here until another val has it.
    pub name: Option<String>,
    /// Who may see the code.
    pub privacy: Option<Privacy>,
    /// Who may call it.
    pub endpoint: Option<Endpoint>,
    /// What its runs share.
    pub isolation: Option<Isolation>,
    /// Markdown about the val; `Some(None)` removes it.
    pub readme: Option<Option<String>>,
}

/// A val, without its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Val {
    /// The val's id.
    pub id: Uuid,
    /// Whose it is.
    pub owner_id: Uuid,
    /// The owner's name, without `@`.
    pub owner_name: String,
    /// The name it has now.
    pub name: String,
    /// What it is called as a host, for good.
    pub label: String,
    /// Who may see the code.
    pub privacy: Privacy,
    /// Who may call it.
    pub endpoint: Endpoint,
    /// What its runs share.
    pub isolation: Isolation,
    /// Markdown about the val.
    pub readme: Option<String>,
    /// The version that runs.
    pub live_version: i64,
    /// The number that the next version will get; numbers are never used twice.
    pub next_version: i64,
    /// When it was made.
    pub created_at: i64,
    /// When it, or its content, last changed.
    pub updated_at: i64,
    /// When it was deleted, if it is.
    pub deleted_at: Option<i64>,
}

impl Store {
    /// Makes a val and its version 0. Fails with [`StoreError::NameTaken`] if a living val of the owner has the name.
    pub async fn create_val(&self, new: NewVal) -> Result<SavedVersion, StoreError> {
        self.write(move |tx| create(tx.db, new)).await
    }

    /// Changes a living val. Fails with [`StoreError::NameTaken`] if a living val of the owner has the new name.
    pub async fn patch_val(
        &self,
        val_id: Uuid,
        patch: ValPatch,
        now_micros: i64,
    ) -> Result<Val, StoreError> {
        self.write(move |tx| apply_patch(tx.db, val_id, patch, now_micros))
            .await
    }

    /// Gives a living val another name: [`Store::patch_val`] with only a name.
    pub async fn rename_val(
        &self,
        val_id: Uuid,
        name: String,
        now_micros: i64,
    ) -> Result<Val, StoreError> {
        self.patch_val(
            val_id,
            ValPatch {
                name: Some(name),
                ..ValPatch::default()
            },
            now_micros,
        )
        .await
    }

    /// Deletes a living val; it keeps its versions and can come back by [`Store::undelete_val`].
    pub async fn delete_val(&self, val_id: Uuid, now_micros: i64) -> Result<Val, StoreError> {
        let sql =
            "UPDATE vals SET deleted_at = ?2, updated_at = ?2 WHERE id = ?1 AND deleted_at IS NULL";
        self.write(move |tx| match tx.db.execute(sql, (val_id, now_micros))? {
            0 => Err(StoreError::NotFound(Entity::Val)),
            _ => Val::expect(tx.db, val_id),
        })
        .await
    }

    /// Brings a deleted val back; a living one stays as it is. Fails with [`StoreError::NameTaken`] if another val has its name meanwhile.
    pub async fn undelete_val(&self, val_id: Uuid, now_micros: i64) -> Result<Val, StoreError> {
        let sql = "UPDATE vals SET deleted_at = NULL, updated_at = ?2 WHERE id = ?1";
        self.write(move |tx| {
            let val = Val::expect(tx.db, val_id)?;
            if val.deleted_at.is_some() {
                renames::require_free(tx.db, &val, &val.name)?;
                tx.db.execute(sql, (val_id, now_micros))?;
            }
            Val::expect(tx.db, val_id)
        })
        .await
    }

    /// The val with this id, **also when it is deleted** (look at `deleted_at`).
    pub async fn val_by_id(&self, id: Uuid) -> Result<Option<Val>, StoreError> {
        self.read(move |db| Val::find(db, id)).await
    }

    /// The living val of the user of this name that has this name, or else that had it last before a renaming.
    pub async fn val_by_owner_and_name(
        &self,
        owner_name: &str,
        name: &str,
    ) -> Result<Option<Val>, StoreError> {
        let (owner_lower, name_lower) =
            (owner_name.to_ascii_lowercase(), name.to_ascii_lowercase());
        self.read(move |db| find_by_name(db, &owner_lower, &name_lower))
            .await
    }

    /// How many living vals there are.
    pub async fn count_vals(&self) -> Result<i64, StoreError> {
        self.read(|db| db.number("SELECT COUNT(*) FROM vals WHERE deleted_at IS NULL", []))
            .await
    }
}

/// The columns that [`Val::take`] reads, in its order, from `vals v` joined with its owner `u`.
pub(crate) const VAL_COLUMNS: &str = "v.id, v.owner_id, u.name, v.name, v.label, v.privacy, v.endpoint, v.isolation, v.readme, \
    v.live_version, v.next_version, v.created_at, v.updated_at, v.deleted_at";

impl Val {
    pub(crate) fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            id: columns.take()?,
            owner_id: columns.take()?,
            owner_name: columns.take()?,
            name: columns.take()?,
            label: columns.take()?,
            privacy: columns.take()?,
            endpoint: columns.take()?,
            isolation: columns.take()?,
            readme: columns.take()?,
            live_version: columns.take()?,
            next_version: columns.take()?,
            created_at: columns.take()?,
            updated_at: columns.take()?,
            deleted_at: columns.take()?,
        })
    }

    fn find(db: Db<'_>, id: Uuid) -> Result<Option<Self>, StoreError> {
        let sql = format!(
            "SELECT {VAL_COLUMNS} FROM vals v JOIN users u ON u.id = v.owner_id WHERE v.id = ?1"
        );
        db.one(&sql, (id,), Self::take)
    }

    /// The val with this id, deleted or not.
    pub(crate) fn expect(db: Db<'_>, id: Uuid) -> Result<Self, StoreError> {
        Self::find(db, id)?.ok_or(StoreError::NotFound(Entity::Val))
    }

    /// The living val with this id.
    pub(crate) fn expect_living(db: Db<'_>, id: Uuid) -> Result<Self, StoreError> {
        Self::expect(db, id).and_then(|val| {
            if val.deleted_at.is_none() {
                Ok(val)
            } else {
                Err(StoreError::NotFound(Entity::Val))
            }
        })
    }
}

pub(crate) fn create(db: Db<'_>, new: NewVal) -> Result<SavedVersion, StoreError> {
    let sql = "INSERT INTO vals (id, owner_id, name, name_lower, privacy, endpoint, readme, live_version, next_version, created_at, updated_at, label)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 1, ?8, ?8, ?9) ON CONFLICT (owner_id, name_lower) WHERE deleted_at IS NULL DO NOTHING";
    let name_lower = new.name.to_ascii_lowercase();
    let owner = "SELECT name FROM users WHERE id = ?1";
    let owner: Option<String> = db.one(owner, (new.owner_id,), |columns| columns.take())?;
    let label = labels::make(db, new.id, &owner.unwrap_or_default(), &new.name)?;
    let params = (
        new.id,
        new.owner_id,
        &new.name,
        name_lower,
        new.privacy,
        new.endpoint,
        &new.readme,
        new.now_micros,
        label,
    );
    if db.execute(sql, params)? == 0 {
        return Err(StoreError::NameTaken { name: new.name });
    }
    let version = save::insert(
        db,
        save::Place {
            val_id: new.id,
            version: 0,
            base: None,
            now_micros: new.now_micros,
        },
        new.content,
    )?;
    Ok(SavedVersion {
        val: Val::expect(db, new.id)?,
        version,
    })
}

fn apply_patch(db: Db<'_>, id: Uuid, patch: ValPatch, now_micros: i64) -> Result<Val, StoreError> {
    let val = Val::expect_living(db, id)?;
    if let Some(name) = &patch.name {
        renames::rename(db, &val, name, now_micros)?;
    }
    let privacy = patch.privacy.unwrap_or(val.privacy);
    let endpoint = patch.endpoint.unwrap_or(val.endpoint);
    let isolation = patch.isolation.unwrap_or(val.isolation);
    let readme = patch.readme.unwrap_or(val.readme);
    let sql = "UPDATE vals SET privacy = ?2, endpoint = ?3, isolation = ?4, readme = ?5, updated_at = ?6 WHERE id = ?1";
    let params = (id, privacy, endpoint, isolation, readme, now_micros);
    db.execute(sql, params)?;
    Val::expect(db, id)
}

/// The living val of this owner that has this name now.
pub(crate) fn find_of_owner(
    db: Db<'_>,
    owner_id: Uuid,
    name_lower: &str,
) -> Result<Option<Val>, StoreError> {
    let sql = format!(
        "SELECT {VAL_COLUMNS} FROM vals v JOIN users u ON u.id = v.owner_id
        WHERE v.owner_id = ?1 AND v.name_lower = ?2 AND v.deleted_at IS NULL"
    );
    db.one(&sql, (owner_id, name_lower), Val::take)
}

/// The living val of this label.
pub(crate) fn find_by_label(db: Db<'_>, label: &str) -> Result<Option<Val>, StoreError> {
    let sql = format!(
        "SELECT {VAL_COLUMNS} FROM vals v JOIN users u ON u.id = v.owner_id
        WHERE v.label = ?1 AND v.deleted_at IS NULL"
    );
    db.one(&sql, (label,), Val::take)
}

pub(crate) fn find_by_name(
    db: Db<'_>,
    owner_lower: &str,
    name_lower: &str,
) -> Result<Option<Val>, StoreError> {
    let living = format!(
        "SELECT {VAL_COLUMNS} FROM vals v JOIN users u ON u.id = v.owner_id
        WHERE u.name_lower = ?1 AND v.name_lower = ?2 AND v.deleted_at IS NULL"
    );
    match db.one(&living, (owner_lower, name_lower), Val::take)? {
        Some(val) => Ok(Some(val)),
        None => renames::follow(db, owner_lower, name_lower),
    }
}

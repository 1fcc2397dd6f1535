//! Vals: making, changing, deleting and finding one. Their content is in `versions`, lists are in `listing`.

use crate::{Endpoint, NewContent, Privacy, SavedVersion, Store, StoreError};
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
    /// Who may see the code.
    pub privacy: Privacy,
    /// Who may call it.
    pub endpoint: Endpoint,
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
        todo!()
    }

    /// Changes a living val. Fails with [`StoreError::NameTaken`] if a living val of the owner has the new name.
    pub async fn patch_val(
        &self,
        val_id: Uuid,
        patch: ValPatch,
        now_micros: i64,
    ) -> Result<Val, StoreError> {
        todo!()
    }

    /// Gives a living val another name: [`Store::patch_val`] with only a name.
    pub async fn rename_val(
        &self,
        val_id: Uuid,
        name: String,
        now_micros: i64,
    ) -> Result<Val, StoreError> {
        todo!()
    }

    /// Deletes a living val; it keeps its versions and can come back by [`Store::undelete_val`].
    pub async fn delete_val(&self, val_id: Uuid, now_micros: i64) -> Result<Val, StoreError> {
        todo!()
    }

    /// Brings a deleted val back. Fails with [`StoreError::NameTaken`] if another val has its name meanwhile.
    pub async fn undelete_val(&self, val_id: Uuid, now_micros: i64) -> Result<Val, StoreError> {
        todo!()
    }

    /// The val with this id, **also when it is deleted** (look at `deleted_at`).
    pub async fn val_by_id(&self, id: Uuid) -> Result<Option<Val>, StoreError> {
        todo!()
    }

    /// The living val of the user of this name that has this name, or else that had it last before a renaming.
    pub async fn val_by_owner_and_name(
        &self,
        owner_name: &str,
        name: &str,
    ) -> Result<Option<Val>, StoreError> {
        todo!()
    }

    /// How many living vals there are.
    pub async fn count_vals(&self) -> Result<i64, StoreError> {
        todo!()
    }
}

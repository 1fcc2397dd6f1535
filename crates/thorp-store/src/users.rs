//! Users. A row is never removed, which is what keeps a user's name from ever being used again.

use crate::{Page, PageRequest, Store, StoreError};
use uuid::Uuid;

/// A user to create.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Made by the caller.
    pub id: Uuid,
    /// As the user writes it; the caller checks its form.
    pub name: String,
    /// Whether this user runs the town.
    pub operator: bool,
    /// Text about the user.
    pub bio: Option<String>,
    /// A picture.
    pub profile_image_url: Option<String>,
    /// Now.
    pub now_micros: i64,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub id: Uuid,
    /// The name, without `@`, as written when the user was made.
    pub name: String,
    /// Whether this user runs the town.
    pub operator: bool,
    /// Text about the user.
    pub bio: Option<String>,
    /// A picture.
    pub profile_image_url: Option<String>,
    /// When the user was made.
    pub created_at: i64,
}

impl Store {
    /// Makes a user. Fails with [`StoreError::NameTaken`] if anyone has, or ever had, the name.
    pub async fn create_user(&self, new: NewUser) -> Result<User, StoreError> {
        todo!()
    }

    /// The user with this id.
    pub async fn user_by_id(&self, id: Uuid) -> Result<Option<User>, StoreError> {
        todo!()
    }

    /// The user with this name (without `@`).
    pub async fn user_by_name(&self, name: &str) -> Result<Option<User>, StoreError> {
        todo!()
    }

    /// All users, the oldest first.
    pub async fn list_users(&self, page: PageRequest) -> Result<Page<User>, StoreError> {
        todo!()
    }

    /// How many users there are.
    pub async fn count_users(&self) -> Result<i64, StoreError> {
        todo!()
    }
}

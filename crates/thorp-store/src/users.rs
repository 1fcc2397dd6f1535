//! Users. A row is never removed, which is what keeps a user's name from ever being used again.

use crate::sql::{Columns, Db, ReadResult};
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
        let user = User {
            id: new.id,
            name: new.name,
            operator: new.operator,
            bio: new.bio,
            profile_image_url: new.profile_image_url,
            created_at: new.now_micros,
        };
        self.write(move |tx| insert(tx.db, user)).await
    }

    /// The user with this id.
    pub async fn user_by_id(&self, id: Uuid) -> Result<Option<User>, StoreError> {
        self.read(move |db| db.one(&select("WHERE id = ?1"), (id,), User::take))
            .await
    }

    /// The user with this name (without `@`).
    pub async fn user_by_name(&self, name: &str) -> Result<Option<User>, StoreError> {
        let name_lower = name.to_ascii_lowercase();
        self.read(move |db| db.one(&select("WHERE name_lower = ?1"), (name_lower,), User::take))
            .await
    }

    /// All users, the oldest first.
    pub async fn list_users(&self, page: PageRequest) -> Result<Page<User>, StoreError> {
        let sql = select("ORDER BY created_at, id LIMIT ?1 OFFSET ?2");
        let users = self
            .read(move |db| db.all(&sql, (page.sql_limit(), page.sql_offset()), User::take))
            .await?;
        Ok(Page::cut(users, page))
    }

    /// How many users there are.
    pub async fn count_users(&self) -> Result<i64, StoreError> {
        self.read(|db| db.number("SELECT COUNT(*) FROM users", []))
            .await
    }
}

/// The columns that [`User::take`] reads, in its order.
fn select(rest: &str) -> String {
    format!("SELECT id, name, operator, bio, profile_image_url, created_at FROM users {rest}")
}

impl User {
    pub(crate) fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            id: columns.take()?,
            name: columns.take()?,
            operator: columns.take()?,
            bio: columns.take()?,
            profile_image_url: columns.take()?,
            created_at: columns.take()?,
        })
    }
}

fn insert(db: Db<'_>, user: User) -> Result<User, StoreError> {
    let sql =
        "INSERT INTO users (id, name, name_lower, operator, bio, profile_image_url, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name_lower) DO NOTHING";
    let name_lower = user.name.to_ascii_lowercase();
    let params = (
        user.id,
        &user.name,
        name_lower,
        user.operator,
        &user.bio,
        &user.profile_image_url,
        user.created_at,
    );
    match db.execute(sql, params)? {
        0 => Err(StoreError::NameTaken { name: user.name }),
        _ => Ok(user),
    }
}

//! Tokens: only their SHA-256 is kept, never the text.

use crate::sql::{Columns, ReadResult};
use crate::{Digest, Entity, Page, PageRequest, Store, StoreError, User};
use uuid::Uuid;

/// A token to create.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Made by the caller.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// Digest of the token's text.
    pub sha256: Digest,
    /// What the user calls it.
    pub name: String,
    /// What it may do; opaque to the store.
    pub scopes: String,
    /// When it stops working.
    pub expires_at: Option<i64>,
    /// Now.
    pub now_micros: i64,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token's id.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// What the user calls it.
    pub name: String,
    /// What it may do, as given.
    pub scopes: String,
    /// When it was made.
    pub created_at: i64,
    /// When it stops working.
    pub expires_at: Option<i64>,
    /// When it was last used, as far as [`Store::touch_tokens`] was told.
    pub last_used_at: Option<i64>,
}

/// A token and whose it is, in one read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenWithUser {
    /// The token.
    pub token: Token,
    /// Its user.
    pub user: User,
}

/// One use of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenTouch {
    /// The token.
    pub token_id: Uuid,
    /// When it was used.
    pub used_at: i64,
}

impl Store {
    /// Makes a token.
    pub async fn create_token(&self, new: NewToken) -> Result<Token, StoreError> {
        let sql = "INSERT INTO tokens (id, user_id, sha256, name, scopes, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let sha256 = new.sha256;
        let token = Token {
            id: new.id,
            user_id: new.user_id,
            name: new.name,
            scopes: new.scopes,
            created_at: new.now_micros,
            expires_at: new.expires_at,
            last_used_at: None,
        };
        self.write(move |tx| {
            let params = (
                token.id,
                token.user_id,
                sha256,
                &token.name,
                &token.scopes,
                token.created_at,
                token.expires_at,
            );
            tx.db.execute(sql, params)?;
            Ok(token)
        })
        .await
    }

    /// The token with this digest and its user, if it is neither revoked nor expired at `now_micros`.
    /// A caller that keeps the answer has to look at `expires_at` itself and drop it when it revokes the token.
    pub async fn token_by_hash(
        &self,
        sha256: Digest,
        now_micros: i64,
    ) -> Result<Option<TokenWithUser>, StoreError> {
        let sql = format!("SELECT {TOKEN_COLUMNS}, u.id, u.name, u.operator, u.bio, u.profile_image_url, u.created_at
            FROM tokens t JOIN users u ON u.id = t.user_id
            WHERE t.sha256 = ?1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?2)");
        let take = |columns: &mut Columns<'_>| {
            Ok(TokenWithUser {
                token: Token::take(columns)?,
                user: User::take(columns)?,
            })
        };
        self.read(move |db| db.one(&sql, (sha256, now_micros), take))
            .await
    }

    /// A user's tokens that are not revoked (expired ones are listed), the newest first.
    pub async fn list_tokens(
        &self,
        user_id: Uuid,
        page: PageRequest,
    ) -> Result<Page<Token>, StoreError> {
        let sql = format!(
            "SELECT {TOKEN_COLUMNS} FROM tokens t WHERE t.user_id = ?1 AND t.revoked_at IS NULL
            ORDER BY t.created_at DESC, t.id DESC LIMIT ?2 OFFSET ?3"
        );
        let params = (user_id, page.sql_limit(), page.sql_offset());
        Ok(Page::cut(
            self.read(move |db| db.all(&sql, params, Token::take))
                .await?,
            page,
        ))
    }

    /// Ends a token for good. [`StoreError::NotFound`] if this user has no such token or it is revoked already.
    pub async fn revoke_token(
        &self,
        user_id: Uuid,
        token_id: Uuid,
        now_micros: i64,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET revoked_at = ?3 WHERE user_id = ?1 AND id = ?2 AND revoked_at IS NULL";
        self.write(
            move |tx| match tx.db.execute(sql, (user_id, token_id, now_micros))? {
                0 => Err(StoreError::NotFound(Entity::Token)),
                _ => Ok(()),
            },
        )
        .await
    }

    /// Notes when tokens were last used; an older time never replaces a newer one, unknown tokens are passed over.
    pub async fn touch_tokens(&self, touches: Vec<TokenTouch>) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";
        self.write(move |tx| {
            touches.iter().try_for_each(|touch| {
                tx.db
                    .execute(sql, (touch.token_id, touch.used_at))
                    .map(drop)
            })
        })
        .await
    }
}

/// The columns that [`Token::take`] reads, in its order.
const TOKEN_COLUMNS: &str =
    "t.id, t.user_id, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at";

impl Token {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            id: columns.take()?,
            user_id: columns.take()?,
            name: columns.take()?,
            scopes: columns.take()?,
            created_at: columns.take()?,
            expires_at: columns.take()?,
            last_used_at: columns.take()?,
        })
    }
}

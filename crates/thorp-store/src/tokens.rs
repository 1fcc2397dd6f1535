//! Tokens: only their SHA-256 is kept, never the text.

use crate::{Digest, Page, PageRequest, Store, StoreError, User};
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
        todo!()
    }

    /// The token with this digest and its user, if it is neither revoked nor expired at `now_micros`.
    /// A caller that keeps the answer has to look at `expires_at` itself and drop it when it revokes the token.
    pub async fn token_by_hash(
        &self,
        sha256: Digest,
        now_micros: i64,
    ) -> Result<Option<TokenWithUser>, StoreError> {
        todo!()
    }

    /// A user's tokens that are not revoked (expired ones are listed), the newest first.
    pub async fn list_tokens(
        &self,
        user_id: Uuid,
        page: PageRequest,
    ) -> Result<Page<Token>, StoreError> {
        todo!()
    }

    /// Ends a token for good. [`StoreError::NotFound`] if this user has no such token or it is revoked already.
    pub async fn revoke_token(
        &self,
        user_id: Uuid,
        token_id: Uuid,
        now_micros: i64,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Notes when tokens were last used; an older time never replaces a newer one, unknown tokens are passed over.
    pub async fn touch_tokens(&self, touches: Vec<TokenTouch>) -> Result<(), StoreError> {
        todo!()
    }
}

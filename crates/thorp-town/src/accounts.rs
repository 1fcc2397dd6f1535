//! Accounts and tokens: who somebody is, and what their token allows.

use crate::error::{ErrorCode, TownError};
use crate::limits::{TOKEN_NAME_CHARS_MAX, TOKENS_MAX};
use crate::names::{bare, check_user_name};
use crate::tokens::{Known, digest, is_well_formed, new_secret, scopes_from_text, scopes_to_text};
use crate::town::{Clock, Town, open_store};
use crate::view::{Caller, IssuedToken, NewToken, Page, Scope, Slice, TokenView, UserView};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use thorp_store::{PageRequest, Store, TokenTouch, TokenWithUser};
use uuid::Uuid;

const OWNER_NAME: &str = "owner";
const OWNER_TOKEN_FILE: &str = "owner.token";

/// The operator's account, and whether it was just made.
pub(crate) struct Owner {
    pub(crate) owner: UserView,
    pub(crate) is_new: bool,
    pub(crate) token_file: PathBuf,
}

/// Finds the operator's account, or makes it with a token in a file that only its owner can read.
pub(crate) async fn owner(store: &Store, data: &Path, now: i64) -> Result<Owner, TownError> {
    let token_file = data.join(OWNER_TOKEN_FILE);
    let users = store.list_users(PageRequest::first(1)).await?;
    if let Some(owner) = users.items.into_iter().next() {
        return Ok(Owner {
            owner: owner.into(),
            is_new: false,
            token_file,
        });
    }
    // The file first: a start that is killed in between begins again, and no account is left without a token.
    let secret = new_secret().map_err(TownError::internal)?;
    write_secret(&token_file, &secret).map_err(|error| TownError::unusable(&token_file, &error))?;
    let owner = create_user(store, OWNER_NAME, true, now).await?;
    let new = NewToken {
        name: Some("first".to_owned()),
        ..NewToken::default()
    };
    keep_token(store, &owner, new, Scope::all_of(true), &secret, now).await?;
    Ok(Owner {
        owner,
        is_new: true,
        token_file,
    })
}

fn write_secret(path: &Path, secret: &str) -> std::io::Result<()> {
    let unfinished = path.with_extension("new");
    let _ = fs::remove_file(&unfinished);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    fs::rename(unfinished, path)
}

async fn create_user(
    store: &Store,
    name: &str,
    operator: bool,
    now: i64,
) -> Result<UserView, TownError> {
    let new = thorp_store::NewUser {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        operator,
        bio: None,
        profile_image_url: None,
        now_micros: now,
    };
    Ok(store.create_user(new).await?.into())
}

async fn keep_token(
    store: &Store,
    user: &UserView,
    new: NewToken,
    scopes: Vec<Scope>,
    secret: &str,
    now: i64,
) -> Result<TokenView, TownError> {
    let lifetime = new
        .expires_in_seconds
        .map(|seconds| seconds.min(i64::MAX as u64 / 4_000_000) as i64 * 1_000_000);
    let token = store
        .create_token(thorp_store::NewToken {
            id: Uuid::now_v7(),
            user_id: user.id,
            sha256: digest(secret),
            name: new.name.unwrap_or_default(),
            scopes: scopes_to_text(&scopes),
            expires_at: lifetime.map(|lifetime| now + lifetime),
            now_micros: now,
        })
        .await?;
    Ok(token_view(token, None))
}

async fn issue(
    store: &Store,
    user: &UserView,
    new: NewToken,
    scopes: Vec<Scope>,
    now: i64,
) -> Result<IssuedToken, TownError> {
    let secret = new_secret().map_err(TownError::internal)?;
    let view = keep_token(store, user, new, scopes, &secret, now).await?;
    Ok(IssuedToken { view, secret })
}

async fn add_account(
    store: &Store,
    name: &str,
    now: i64,
) -> Result<(UserView, IssuedToken), TownError> {
    let name = bare(name);
    check_user_name(name)?;
    let user = create_user(store, name, false, now).await?;
    let new = NewToken {
        name: Some("first".to_owned()),
        ..NewToken::default()
    };
    let token = issue(store, &user, new, Scope::all_of(false), now).await?;
    Ok((user, token))
}

/// Makes an account in the data folder of a town that is not running.
///
/// # Errors
/// As [`Town::add_user`], and a refusal if a server has the folder.
pub async fn add_user_to_folder(
    data: &Path,
    name: &str,
    clock: Clock,
) -> Result<(UserView, IssuedToken), TownError> {
    let store = open_store(data)?;
    let added = async {
        owner(&store, data, clock()).await?;
        add_account(&store, name, clock()).await
    }
    .await;
    store.close().await?;
    added
}

impl Town {
    /// Who a request comes from. No token: an anonymous caller.
    ///
    /// # Errors
    /// `UNAUTHORIZED` for a token that was never made, is revoked or has expired.
    pub async fn authenticate(&self, bearer: Option<&str>) -> Result<Caller, TownError> {
        let Some(secret) = bearer else {
            return Ok(Caller::anonymous());
        };
        if !is_well_formed(secret) {
            return Err(bad_token());
        }
        let (digest, now) = (digest(secret), self.now());
        if let Some(hit) = self.0.tokens.get(&digest, now) {
            if hit.touch {
                self.touch_token(&hit.caller, now);
            }
            return Ok(hit.caller);
        }
        let asked = self.0.tokens.asks();
        let found = self
            .store()
            .token_by_hash(digest, now)
            .await?
            .ok_or_else(bad_token)?;
        let caller = Caller::from(found);
        self.touch_token(&caller, now);
        let known = Known::new(caller.clone(), now);
        self.0.tokens.put(digest, known, asked);
        Ok(caller)
    }

    fn touch_token(&self, caller: &Caller, now: i64) {
        let Some(token_id) = caller.token else { return };
        let store = self.store().clone();
        tokio::spawn(async move {
            let touch = TokenTouch {
                token_id,
                used_at: now,
            };
            if let Err(error) = store.touch_tokens(vec![touch]).await {
                tracing::warn!(%error, "the use of a token was not noted");
            }
        });
    }

    /// The caller's account.
    ///
    /// # Errors
    /// `UNAUTHORIZED` for anonymous callers.
    pub fn me(&self, caller: &Caller) -> Result<UserView, TownError> {
        caller.user(Scope::Read).cloned()
    }

    /// Makes an account with a first token. Operators only.
    ///
    /// # Errors
    /// `FORBIDDEN`, `NAME_INVALID`, and `NAME_TAKEN` for names that anybody ever had.
    pub async fn add_user(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(UserView, IssuedToken), TownError> {
        caller.user(Scope::Operator)?;
        add_account(self.store(), name, self.now()).await
    }

    /// All accounts, the oldest first. Operators only.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub async fn users(&self, caller: &Caller, slice: Slice) -> Result<Page<UserView>, TownError> {
        caller.user(Scope::Operator)?;
        Ok(Page::from_store(
            self.store().list_users(slice.into()).await?,
            UserView::from,
        ))
    }

    /// The account of that id.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn user(&self, id: Uuid) -> Result<UserView, TownError> {
        let user = self.store().user_by_id(id).await?;
        user.map(UserView::from)
            .ok_or_else(|| TownError::not_found(format!("there is no user `{id}`")))
    }

    /// The account of that name, with or without `@`.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn user_named(&self, name: &str) -> Result<UserView, TownError> {
        let name = bare(name);
        let user = self.store().user_by_name(name).await?;
        user.map(UserView::from)
            .ok_or_else(|| TownError::not_found(format!("there is no user `@{name}`")))
    }

    /// The caller's tokens, the newest first.
    ///
    /// # Errors
    /// `UNAUTHORIZED`, `FORBIDDEN`.
    pub async fn tokens(
        &self,
        caller: &Caller,
        slice: Slice,
    ) -> Result<Page<TokenView>, TownError> {
        let user = caller.user(Scope::Tokens)?;
        let page = self.store().list_tokens(user.id, slice.into()).await?;
        Ok(Page::from_store(page, |token| {
            token_view(token, caller.token)
        }))
    }

    /// Makes a token of the caller's. It never allows more than the one that asks, and does not outlive it.
    ///
    /// # Errors
    /// `FORBIDDEN` for scopes that the caller has not, `BAD_REQUEST` for a bad name or lifetime.
    pub async fn issue_token(
        &self,
        caller: &Caller,
        mut new: NewToken,
    ) -> Result<IssuedToken, TownError> {
        let user = caller.user(Scope::Tokens)?;
        check_new_token(&new)?;
        new.expires_in_seconds = lifetime(new.expires_in_seconds, caller.expires_at, self.now());
        let scopes = new.scopes.clone().unwrap_or_else(|| caller.scopes.clone());
        if let Some(missing) = scopes.iter().find(|scope| !caller.scopes.contains(scope)) {
            return Err(lacks(*missing));
        }
        let have = self
            .store()
            .list_tokens(
                user.id,
                PageRequest {
                    offset: TOKENS_MAX as u32 - 1,
                    limit: 1,
                },
            )
            .await?;
        if !have.items.is_empty() {
            return Err(TownError::hinted(
                ErrorCode::TooLarge,
                format!("an account has at most {TOKENS_MAX} tokens"),
                "revoke one that is not in use",
            ));
        }
        issue(self.store(), user, new, scopes, self.now()).await
    }

    /// Ends a token of the caller's at once.
    ///
    /// # Errors
    /// `NOT_FOUND` for tokens that are not the caller's.
    pub async fn revoke_token(&self, caller: &Caller, id: Uuid) -> Result<(), TownError> {
        let user = caller.user(Scope::Tokens)?;
        self.store().revoke_token(user.id, id, self.now()).await?;
        self.0.tokens.forget(id);
        Ok(())
    }
}

fn check_new_token(new: &NewToken) -> Result<(), TownError> {
    if new
        .name
        .as_ref()
        .is_some_and(|name| name.chars().count() > TOKEN_NAME_CHARS_MAX)
    {
        let message = format!("the name of a token has at most {TOKEN_NAME_CHARS_MAX} characters");
        return Err(TownError::refused(ErrorCode::BadRequest, message));
    }
    if new.scopes.as_ref().is_some_and(Vec::is_empty) {
        return Err(TownError::refused(
            ErrorCode::BadRequest,
            "a token needs at least one scope",
        ));
    }
    if new.expires_in_seconds == Some(0) {
        return Err(TownError::refused(
            ErrorCode::BadRequest,
            "a token has to live for at least one second",
        ));
    }
    Ok(())
}

/// How many seconds a new token lives that is made by one that expires then.
fn lifetime(wanted: Option<u64>, expires_at: Option<i64>, now: i64) -> Option<u64> {
    let left = expires_at.map(|end| u64::try_from((end - now) / 1_000_000).unwrap_or(0).max(1));
    match (wanted, left) {
        (Some(wanted), Some(left)) => Some(wanted.min(left)),
        (wanted, left) => wanted.or(left),
    }
}

impl Caller {
    /// A caller without a token.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            user: None,
            scopes: Vec::new(),
            token: None,
            expires_at: None,
        }
    }

    /// The account, if the token allows `scope`.
    pub(crate) fn user(&self, scope: Scope) -> Result<&UserView, TownError> {
        let user = self.user.as_ref().ok_or_else(needs_token)?;
        if self.scopes.contains(&scope) {
            Ok(user)
        } else {
            Err(lacks(scope))
        }
    }

    /// The account's id, if there is one and its token allows reading.
    pub(crate) fn reader(&self) -> Option<Uuid> {
        self.user(Scope::Read).ok().map(|user| user.id)
    }
}

fn lacks(scope: Scope) -> TownError {
    TownError::hinted(
        ErrorCode::Forbidden,
        format!("this token does not have the scope `{}`", scope.as_str()),
        "use a token that has it",
    )
}

fn needs_token() -> TownError {
    TownError::hinted(
        ErrorCode::Unauthorized,
        "this needs a token",
        "send `Authorization: Bearer <token>`",
    )
}

fn bad_token() -> TownError {
    TownError::hinted(
        ErrorCode::Unauthorized,
        "the token is not valid",
        "it may be mistyped, revoked or expired",
    )
}

fn token_view(token: thorp_store::Token, current: Option<Uuid>) -> TokenView {
    TokenView {
        id: token.id,
        name: token.name,
        scopes: scopes_from_text(&token.scopes),
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
        current: current == Some(token.id),
    }
}

impl From<TokenWithUser> for Caller {
    fn from(found: TokenWithUser) -> Self {
        Self {
            scopes: scopes_from_text(&found.token.scopes),
            token: Some(found.token.id),
            expires_at: found.token.expires_at,
            user: Some(found.user.into()),
        }
    }
}

impl From<thorp_store::User> for UserView {
    fn from(user: thorp_store::User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            bio: user.bio,
            profile_image_url: user.profile_image_url,
            operator: user.operator,
            created_at: user.created_at,
        }
    }
}

impl From<Slice> for PageRequest {
    fn from(slice: Slice) -> Self {
        Self {
            offset: slice.offset,
            limit: slice.limit,
        }
    }
}

impl<T> Page<T> {
    pub(crate) fn from_store<S>(page: thorp_store::Page<S>, make: impl FnMut(S) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(make).collect(),
            more: page.more,
        }
    }
}

//! Tokens: their text, what they allow, and a memory of those in use so that a request needs no query.

use crate::limits::{TOKEN_CACHE_MAX, TOKEN_TOUCH_MICROS};
use crate::view::{Caller, Scope};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use thorp_store::Digest;
use uuid::Uuid;

const PREFIX: &str = "thorp_";

impl Scope {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Write,
        Self::Run,
        Self::Tokens,
        Self::Operator,
    ];

    /// The scope's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Run => "run",
            Self::Tokens => "tokens",
            Self::Operator => "operator",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// All that an account may have.
    pub(crate) fn all_of(operator: bool) -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|scope| operator || *scope != Self::Operator)
            .collect()
    }
}

pub(crate) fn scopes_to_text(scopes: &[Scope]) -> String {
    scopes
        .iter()
        .map(|scope| scope.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

pub(crate) fn scopes_from_text(text: &str) -> Vec<Scope> {
    text.split_whitespace().filter_map(Scope::parse).collect()
}

/// The text of a new token: 256 random bits. Only its SHA-256 is kept.
pub(crate) fn new_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

pub(crate) fn digest(secret: &str) -> Digest {
    Digest::of(secret.as_bytes())
}

/// Whether a text has a token's form: whatever has not need not be looked up.
pub(crate) fn is_well_formed(secret: &str) -> bool {
    secret.strip_prefix(PREFIX).is_some_and(|text| {
        text.len() == 43
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

/// Callers by the digest of their token. Revoking a token must [`TokenCache::forget`] it.
#[derive(Default)]
pub(crate) struct TokenCache(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    callers: HashMap<Digest, Known>,
    /// How often something was forgotten.
    forgotten: u64,
}

/// What the store said of a token.
pub(crate) struct Known {
    caller: Caller,
    touched_at: i64,
}

impl Known {
    pub(crate) fn new(caller: Caller, now: i64) -> Self {
        Self {
            caller,
            touched_at: now,
        }
    }
}

/// The moment before the store was asked: what it said is out of date if a token was revoked since.
#[derive(Clone, Copy)]
pub(crate) struct Asked(u64);

/// A caller that was remembered.
pub(crate) struct Hit {
    pub(crate) caller: Caller,
    /// Whether the store should be told that the token is in use.
    pub(crate) touch: bool,
}

impl TokenCache {
    pub(crate) fn get(&self, digest: &Digest, now: i64) -> Option<Hit> {
        let known = &mut self.lock().callers;
        let entry = known.get_mut(digest)?;
        if entry.caller.expires_at.is_some_and(|end| end <= now) {
            known.remove(digest);
            return None;
        }
        let touch = now - entry.touched_at >= TOKEN_TOUCH_MICROS;
        if touch {
            entry.touched_at = now;
        }
        Some(Hit {
            caller: entry.caller.clone(),
            touch,
        })
    }

    /// To be called before the store is asked.
    pub(crate) fn asks(&self) -> Asked {
        Asked(self.lock().forgotten)
    }

    pub(crate) fn put(&self, digest: Digest, known: Known, asked: Asked) {
        let mut remembered = self.lock();
        if remembered.forgotten != asked.0 {
            return;
        }
        if remembered.callers.len() >= TOKEN_CACHE_MAX {
            remembered.callers.clear();
        }
        remembered.callers.insert(digest, known);
    }

    pub(crate) fn forget(&self, token: Uuid) {
        let mut remembered = self.lock();
        remembered.forgotten += 1;
        remembered
            .callers
            .retain(|_, known| known.caller.token != Some(token));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &TokenCache, key: Digest, token: Uuid, expires_at: Option<i64>) {
        let known = Known::new(caller(token, expires_at), 0);
        cache.put(key, known, cache.asks());
    }

    fn caller(token: Uuid, expires_at: Option<i64>) -> Caller {
        Caller {
            user: None,
            scopes: vec![Scope::Read],
            token: Some(token),
            expires_at,
        }
    }

    #[test]
    fn secrets_differ_and_have_the_form() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one, other);
        assert!(is_well_formed(&one) && !is_well_formed("thorp_") && !is_well_formed(&one[1..]));
    }

    #[test]
    fn a_remembered_token_expires_and_can_be_forgotten() {
        let cache = TokenCache::default();
        let (key, id) = (digest("a"), Uuid::now_v7());
        put(&cache, key, id, Some(100));
        assert!(cache.get(&key, 99).is_some());
        assert!(cache.get(&key, 100).is_none());
        put(&cache, key, id, None);
        cache.forget(Uuid::now_v7());
        assert!(cache.get(&key, 1).is_some());
        cache.forget(id);
        assert!(cache.get(&key, 1).is_none());
    }

    #[test]
    fn a_token_that_is_revoked_while_the_store_is_asked_is_not_remembered() {
        let cache = TokenCache::default();
        let (key, id) = (digest("a"), Uuid::now_v7());
        let asked = cache.asks();
        cache.forget(id);
        cache.put(key, Known::new(caller(id, None), 0), asked);
        assert!(cache.get(&key, 1).is_none());
    }

    #[test]
    fn use_is_told_once_in_a_while() {
        let cache = TokenCache::default();
        let key = digest("a");
        put(&cache, key, Uuid::now_v7(), None);
        assert!(!cache.get(&key, TOKEN_TOUCH_MICROS - 1).unwrap().touch);
        assert!(cache.get(&key, TOKEN_TOUCH_MICROS).unwrap().touch);
        assert!(!cache.get(&key, TOKEN_TOUCH_MICROS + 1).unwrap().touch);
    }

    #[test]
    fn scopes_survive_their_text() {
        assert_eq!(scopes_from_text(&scopes_to_text(&Scope::ALL)), Scope::ALL);
        assert!(!Scope::all_of(false).contains(&Scope::Operator));
    }
}

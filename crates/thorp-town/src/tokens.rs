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
pub(crate) struct TokenCache(Mutex<HashMap<Digest, Known>>);

struct Known {
    caller: Caller,
    expires_at: Option<i64>,
    touched_at: i64,
}

/// A caller that was remembered.
pub(crate) struct Hit {
    pub(crate) caller: Caller,
    /// Whether the store should be told that the token is in use.
    pub(crate) touch: bool,
}

impl TokenCache {
    pub(crate) fn get(&self, digest: &Digest, now: i64) -> Option<Hit> {
        let mut known = self.lock();
        let entry = known.get_mut(digest)?;
        if entry.expires_at.is_some_and(|end| end <= now) {
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

    pub(crate) fn put(&self, digest: Digest, caller: Caller, expires_at: Option<i64>, now: i64) {
        let mut known = self.lock();
        if known.len() >= TOKEN_CACHE_MAX {
            known.clear();
        }
        known.insert(
            digest,
            Known {
                caller,
                expires_at,
                touched_at: now,
            },
        );
    }

    pub(crate) fn forget(&self, token: Uuid) {
        self.lock()
            .retain(|_, known| known.caller.token != Some(token));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(token: Uuid) -> Caller {
        Caller {
            user: None,
            scopes: vec![Scope::Read],
            token: Some(token),
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
        cache.put(key, caller(id), Some(100), 0);
        assert!(cache.get(&key, 99).is_some());
        assert!(cache.get(&key, 100).is_none());
        cache.put(key, caller(id), None, 0);
        cache.forget(Uuid::now_v7());
        assert!(cache.get(&key, 1).is_some());
        cache.forget(id);
        assert!(cache.get(&key, 1).is_none());
    }

    #[test]
    fn use_is_told_once_in_a_while() {
        let cache = TokenCache::default();
        let key = digest("a");
        cache.put(key, caller(Uuid::now_v7()), None, 0);
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

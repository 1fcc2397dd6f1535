//! The opened secrets of users, kept in memory while they don't change, and which of them a program is given.

use super::key::{KeyError, KeyRing};
use super::mask::Masker;
use super::rotate::{self, KeyState};
use crate::error::{ErrorCode, TownError};
use crate::limits::SECRETS_USERS_CACHED_MAX;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thorp_runtime::Secret;
use thorp_store::Store;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The keys, and the secrets that they opened.
pub(crate) struct Vault {
    file: PathBuf,
    ring: Mutex<Result<Arc<KeyRing>, KeyError>>,
    known: Mutex<Known>,
}

struct Known {
    users: LruCache<Uuid, Arc<OwnSecrets>>,
    /// How often something was forgotten: what was read before is then out of date.
    forgotten: u64,
}

/// All secrets of one user, opened.
pub(crate) struct OwnSecrets {
    revision: i64,
    secrets: Vec<OwnSecret>,
    /// Names of those that no key opens.
    unreadable: Vec<String>,
    masker: Option<Masker>,
}

struct OwnSecret {
    name: Arc<str>,
    value: Arc<Zeroizing<String>>,
    packages: bool,
}

/// What one program is given of its user's secrets.
pub(crate) struct Given {
    pub(crate) secrets: Vec<Secret>,
    /// What packages of the program don't see of the user's.
    pub(crate) withheld: Vec<Arc<str>>,
    /// Names the state of the user's secrets, if it matters to the program.
    pub(crate) revision: Option<i64>,
    own: Option<Arc<OwnSecrets>>,
}

impl Given {
    /// What nobody's program is given.
    pub(crate) fn nothing() -> Self {
        Self {
            secrets: Vec::new(),
            withheld: Vec::new(),
            revision: None,
            own: None,
        }
    }

    /// Hides the user's secrets, if there are any.
    pub(crate) fn masker(&self) -> Option<&Masker> {
        self.own.as_ref()?.masker.as_ref()
    }
}

impl OwnSecrets {
    /// What a program is given that names these secrets: those, and if it imports packages, what is shared with packages.
    pub(crate) fn given(
        self: Arc<Self>,
        named: &[String],
        packages: bool,
    ) -> Result<Given, TownError> {
        if let Some(name) = named.iter().find(|name| self.unreadable.contains(name)) {
            return Err(unreadable(name));
        }
        let wanted = |secret: &&OwnSecret| {
            named.iter().any(|name| **name == *secret.name) || (packages && secret.packages)
        };
        let secrets: Vec<Secret> = self
            .secrets
            .iter()
            .filter(wanted)
            .map(|secret| Secret {
                name: Arc::clone(&secret.name),
                value: Arc::clone(&secret.value),
                shared: packages && secret.packages,
            })
            .collect();
        let of_others = self
            .secrets
            .iter()
            .filter(|secret| packages && !secret.packages);
        let withheld = of_others.map(|secret| Arc::clone(&secret.name)).collect();
        // Also where it is given none yet: one of that name may be set any time.
        let matters = !named.is_empty() || packages;
        Ok(Given {
            secrets,
            withheld,
            revision: matters.then_some(self.revision),
            own: Some(self),
        })
    }
}

fn unreadable(name: &str) -> TownError {
    TownError::hinted(
        ErrorCode::SecretUnreadable,
        format!("the secret `{name}` cannot be read: the town does not have its key"),
        "set it again, or ask the operator, whom `thorp doctor` tells more",
    )
}

impl Vault {
    pub(crate) fn new(file: PathBuf) -> Self {
        let users = NonZeroUsize::new(SECRETS_USERS_CACHED_MAX).unwrap_or(NonZeroUsize::MIN);
        Self {
            ring: Mutex::new(KeyRing::read(&file).map(Arc::new)),
            known: Mutex::new(Known {
                users: LruCache::new(users),
                forgotten: 0,
            }),
            file,
        }
    }

    /// The keys; a file that was no good is looked at again.
    fn ring(&self) -> Result<Arc<KeyRing>, KeyError> {
        let mut ring = lock(&self.ring);
        if ring.is_err() {
            *ring = KeyRing::read(&self.file).map(Arc::new);
        }
        ring.clone()
    }

    /// The keys to seal with. The first secret of a town makes its key file.
    pub(crate) async fn ring_to_seal(&self, store: &Store) -> Result<Arc<KeyRing>, TownError> {
        match self.ring() {
            Err(KeyError::Missing { .. }) if store.secret_keys().await?.is_empty() => {}
            ring => return Ok(ring?),
        }
        let mut ring = lock(&self.ring);
        if ring.is_err() {
            *ring = KeyRing::create(&self.file).map(Arc::new);
        }
        Ok(ring.clone()?)
    }

    pub(crate) fn has_key(&self, id: &str) -> bool {
        self.ring().is_ok_and(|ring| ring.has(id))
    }

    /// Whether the keys fit the secrets.
    pub(crate) async fn state(&self, store: &Store) -> Result<KeyState, TownError> {
        let ring = self.ring();
        rotate::state(store, &self.file, ring.as_deref()).await
    }

    /// To be called after every change of a user's secrets.
    pub(crate) fn forget(&self, user: Uuid) {
        let mut known = lock(&self.known);
        known.forgotten += 1;
        known.users.pop(&user);
    }

    /// All secrets of a user.
    pub(crate) async fn of(&self, store: &Store, user: Uuid) -> Result<Arc<OwnSecrets>, TownError> {
        let forgotten = {
            let mut known = lock(&self.known);
            if let Some(own) = known.users.get(&user) {
                return Ok(Arc::clone(own));
            }
            known.forgotten
        };
        let own = Arc::new(self.open(store.secrets_of(user).await?));
        let mut known = lock(&self.known);
        // The key may come back: what could not be opened is tried again.
        if known.forgotten == forgotten && own.unreadable.is_empty() {
            known.users.put(user, Arc::clone(&own));
        }
        Ok(own)
    }

    fn open(&self, stored: thorp_store::UserSecrets) -> OwnSecrets {
        let mut own = OwnSecrets {
            revision: stored.revision,
            secrets: Vec::new(),
            unreadable: Vec::new(),
            masker: None,
        };
        if stored.secrets.is_empty() {
            return own;
        }
        let ring = self.ring().ok();
        for secret in stored.secrets {
            match ring.as_ref().and_then(|ring| ring.open(&secret)) {
                Some(value) => own.secrets.push(OwnSecret {
                    name: secret.name.into(),
                    value: Arc::new(value),
                    packages: secret.packages,
                }),
                None => own.unreadable.push(secret.name),
            }
        }
        own.masker = Masker::new(
            own.secrets
                .iter()
                .map(|secret| (&*secret.name, secret.value.as_str())),
        );
        own
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_users_are_remembered() {
        let vault = Vault::new(PathBuf::from("/nonexistent"));
        let known = lock(&vault.known);
        assert_eq!(known.users.cap().get(), SECRETS_USERS_CACHED_MAX);
    }
}

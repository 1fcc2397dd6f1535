//! Changing the key of a town that is not running, and telling whether its keys open its secrets.
//!
//! Rotation is three steps, each whole or not at all: a file with the old keys and a new one; every secret sealed with the
//! new key, in one transaction; a file with the new key alone. Whatever is killed in between opens with the file that is
//! there, and a second rotation finishes it.

use super::key::{KEY_FILE, KeyError, KeyRing, place_of};
use crate::error::TownError;
use crate::limits::UNREADABLE_SHOWN_MAX;
use crate::town::open_store;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use thorp_store::Store;

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// Secrets that are sealed with the new key now.
    pub secrets: u64,
    /// Keys that are no longer in the file.
    pub retired: usize,
    /// The key file.
    pub file: PathBuf,
}

/// Whether the keys fit the secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// The key file.
    pub file: PathBuf,
    /// Why there are no keys.
    pub error: Option<KeyError>,
    /// How many secrets there are.
    pub secrets: u64,
    /// How many of them no key opens.
    pub unreadable: u64,
    /// Some of these, as `@user NAME`.
    pub examples: Vec<String>,
}

impl KeyState {
    /// Whether every secret can be read.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.unreadable == 0 && (self.error.is_none() || self.secrets == 0)
    }
}

/// Where the keys of a data folder are.
pub(crate) fn key_path(data: &Path, chosen: Option<&Path>) -> PathBuf {
    chosen.map_or_else(|| data.join(KEY_FILE), Path::to_owned)
}

/// Seals every secret of a town that is not running with a new key, then forgets the old ones.
///
/// # Errors
/// As [`crate::add_user_to_folder`]; `SECRETS_KEY_MISSING`, `SECRETS_KEY_UNUSABLE`, and `SECRET_UNREADABLE` for a secret that
/// no key opens: then no secret and no old key is changed.
pub async fn rotate_keys(data: &Path, key_file: Option<&Path>) -> Result<Rotated, TownError> {
    let file = key_path(data, key_file);
    let store = open_store(data)?;
    let rotated = rotate(&store, file).await;
    store.close().await?;
    rotated
}

async fn rotate(store: &Store, file: PathBuf) -> Result<Rotated, TownError> {
    let old = KeyRing::read(&file)?;
    let state = state_of(store, file.clone(), Ok(&old)).await?;
    if state.unreadable > 0 {
        return Err(unreadable(&state));
    }
    let ring = old.with_new(&file)?;
    let secrets = {
        let ring = KeyRing::read(&file)?;
        let reseal = move |secret: &thorp_store::StoredSecret| {
            let name = &secret.name;
            if ring.is_current(&secret.sealed.key_id) {
                return Ok(None);
            }
            let value = ring
                .open(secret)
                .ok_or_else(|| format!("no key opens the secret `{name}`"))?;
            let sealed = ring.seal(place_of(secret), &value);
            sealed
                .map(Some)
                .ok_or_else(|| format!("the secret `{name}` could not be sealed"))
        };
        store.reseal_secrets(reseal).await?.resealed
    };
    let retired = ring.count() - 1;
    ring.only_current(&file)?;
    Ok(Rotated {
        secrets,
        retired,
        file,
    })
}

/// Whether the keys of a town that is not running open its secrets, every one of which is tried.
///
/// # Errors
/// A refusal if a server has the folder.
pub async fn key_state(data: &Path, key_file: Option<&Path>) -> Result<KeyState, TownError> {
    let file = key_path(data, key_file);
    let store = open_store(data)?;
    let ring = KeyRing::read(&file);
    let state = tried(&store, file, ring).await;
    store.close().await?;
    state
}

async fn tried(
    store: &Store,
    file: PathBuf,
    ring: Result<KeyRing, KeyError>,
) -> Result<KeyState, TownError> {
    let mut state = state_of(store, file, ring.as_ref()).await?;
    let Ok(ring) = ring else { return Ok(state) };
    let failed = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&failed);
    let look = move |secret: &thorp_store::StoredSecret| {
        if ring.has(&secret.sealed.key_id) && ring.open(secret).is_none() {
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.push(format!("{} (damaged)", secret.name));
        }
        Ok(None)
    };
    store.reseal_secrets(look).await?;
    let failed = std::mem::take(&mut *failed.lock().unwrap_or_else(PoisonError::into_inner));
    state.unreadable += failed.len() as u64;
    state.examples.extend(failed);
    state.examples.truncate(UNREADABLE_SHOWN_MAX as usize);
    Ok(state)
}

async fn state_of(
    store: &Store,
    file: PathBuf,
    ring: Result<&KeyRing, &KeyError>,
) -> Result<KeyState, TownError> {
    let mut state = KeyState {
        file,
        error: ring.err().cloned(),
        secrets: 0,
        unreadable: 0,
        examples: Vec::new(),
    };
    for (id, count) in store.secret_keys().await? {
        state.secrets += count;
        if ring.is_ok_and(|ring| ring.has(&id)) {
            continue;
        }
        state.unreadable += count;
        let room = UNREADABLE_SHOWN_MAX
            .saturating_sub(u32::try_from(state.examples.len()).unwrap_or(u32::MAX));
        let some = store.secrets_of_key(id, room).await?;
        state.examples.extend(
            some.into_iter()
                .map(|(user, name)| format!("@{user} {name}")),
        );
    }
    Ok(state)
}

/// The state of a running town's keys.
pub(super) async fn state(
    store: &Store,
    file: &Path,
    ring: Result<&KeyRing, &KeyError>,
) -> Result<KeyState, TownError> {
    state_of(store, file.to_owned(), ring).await
}

fn unreadable(state: &KeyState) -> TownError {
    TownError::hinted(
        crate::ErrorCode::SecretUnreadable,
        format!(
            "{} of {} secrets cannot be read with the keys in `{}`: {}",
            state.unreadable,
            state.secrets,
            state.file.display(),
            state.examples.join(", ")
        ),
        "bring the right key file back from a copy, or remove these secrets",
    )
}

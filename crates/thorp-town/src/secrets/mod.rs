//! Secrets of users: who may set them, how they are kept, and what a program is given of them.
//!
//! Values leave this module only for a sandbox of the user whose they are.

mod given;
mod key;
mod mask;
mod rotate;
mod seal;

pub(crate) use given::{Given, Vault};
pub use key::KeyError;
pub(crate) use mask::Masker;
pub(crate) use rotate::key_path;
pub use rotate::{KeyState, Rotated, key_state, rotate_keys};

use crate::error::{ErrorCode, TownError};
use crate::limits::{
    SECRET_BYTES_MAX, SECRET_NAME_CHARS_MAX, SECRETS_MAX, SECRETS_SEALED_BYTES_MAX,
};
use crate::town::Town;
use crate::view::{Caller, Page, Scope, Slice};
use seal::Place;
use thorp_store::{SecretBounds, SecretChange, SecretInfo, StoreError};
use zeroize::Zeroizing;

/// A secret to set.
#[derive(Default)]
pub struct NewSecret {
    /// Its value; `None` leaves that of an existing one.
    pub value: Option<Zeroizing<String>>,
    /// Whether packages may see it; `None` leaves it as it is, which is `false` for a new one.
    pub packages: Option<bool>,
}

impl std::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSecret")
            .field("value", &self.value.as_ref().map(|_| "…"))
            .field("packages", &self.packages)
            .finish()
    }
}

/// What is told of a secret: never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretView {
    /// Its name; upper and lower case differ.
    pub name: String,
    /// Whether packages see it in the environment.
    pub packages: bool,
    /// Whether the town has the key that opens it.
    pub readable: bool,
    /// When it was made.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
}

/// Variables that steer Deno or libraries in the process: a secret of that name is not put there.
const RESERVED: [&str; 9] = [
    "ALL_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "HOME",
    "LANG",
    "PATH",
    "JSR_URL",
    "NO_COLOR",
];
const RESERVED_PREFIXES: [&str; 5] = ["DENO_", "NODE_", "NPM_", "LD_", "THORP_"];

impl Town {
    /// Makes a secret of the caller's or changes it. Runs that begin afterwards see it.
    ///
    /// # Errors
    /// `NAME_INVALID`, `BAD_REQUEST`, `TOO_LARGE`, `NOT_FOUND` if there is no value and no such secret, `SECRETS_KEY_MISSING`
    /// or `SECRETS_KEY_UNUSABLE` if the town cannot seal.
    pub async fn set_secret(
        &self,
        caller: &Caller,
        name: &str,
        new: NewSecret,
    ) -> Result<SecretView, TownError> {
        let user = caller.user(Scope::Write)?;
        check_name(name)?;
        if new.packages == Some(true) {
            check_shareable(name)?;
        }
        let change = SecretChange {
            user_id: user.id,
            name: name.to_owned(),
            packages: new.packages,
            bounds: SecretBounds {
                count: SECRETS_MAX,
                bytes: SECRETS_SEALED_BYTES_MAX,
            },
            now_micros: self.now(),
        };
        let vault = &self.0.secrets;
        let info = match new.value {
            None => self.store().share_secret(change).await,
            Some(value) => {
                check_value(&value)?;
                let (ring, name) = (vault.ring_to_seal(self.store()).await?, change.name.clone());
                let seal = move |revision| {
                    let place = Place {
                        user: change.user_id,
                        name: &name,
                        revision,
                    };
                    ring.seal(place, &value)
                        .ok_or_else(|| "the value could not be sealed".to_owned())
                };
                self.store().put_secret(change, seal).await
            }
        };
        vault.forget(user.id);
        Ok(self.secret_view(info?))
    }

    /// Removes a secret of the caller's, with its value.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn delete_secret(&self, caller: &Caller, name: &str) -> Result<(), TownError> {
        let user = caller.user(Scope::Write)?;
        let deleted = self.store().delete_secret(user.id, name.to_owned()).await;
        self.0.secrets.forget(user.id);
        deleted.map_err(|error| match error {
            StoreError::NotFound(_) => {
                TownError::not_found(format!("you have no secret `{}`", shown(name)))
            }
            error => error.into(),
        })
    }

    /// The caller's secrets by name, without values.
    ///
    /// # Errors
    /// `UNAUTHORIZED`, `FORBIDDEN`.
    pub async fn secrets(
        &self,
        caller: &Caller,
        slice: Slice,
    ) -> Result<Page<SecretView>, TownError> {
        let user = caller.user(Scope::Read)?;
        let page = self.store().list_secrets(user.id, slice.into()).await?;
        Ok(Page::from_store(page, |info| self.secret_view(info)))
    }

    fn secret_view(&self, info: SecretInfo) -> SecretView {
        SecretView {
            readable: self.0.secrets.has_key(&info.key_id),
            name: info.name,
            packages: info.packages,
            created_at: info.created_at,
            updated_at: info.updated_at,
        }
    }
}

fn check_name(name: &str) -> Result<(), TownError> {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins_well
        && name.len() <= SECRET_NAME_CHARS_MAX
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    {
        return Ok(());
    }
    Err(TownError::hinted(
        ErrorCode::NameInvalid,
        format!("`{}` cannot be the name of a secret", shown(name)),
        format!(
            "a name has letters, digits and `_`, begins with none of the digits, and has at most {SECRET_NAME_CHARS_MAX} characters"
        ),
    ))
}

/// As much of it as a message may have.
fn shown(name: &str) -> String {
    name.chars().take(SECRET_NAME_CHARS_MAX + 1).collect()
}

fn check_shareable(name: &str) -> Result<(), TownError> {
    let upper = name.to_ascii_uppercase();
    let is_reserved = RESERVED.contains(&upper.as_str())
        || RESERVED_PREFIXES
            .iter()
            .any(|prefix| upper.starts_with(prefix));
    if !is_reserved {
        return Ok(());
    }
    Err(TownError::hinted(
        ErrorCode::NameInvalid,
        format!("`{name}` cannot be shared with packages: it steers the runtime"),
        "give the secret another name, or pass it to the package as an argument",
    ))
}

fn check_value(value: &str) -> Result<(), TownError> {
    if value.len() > SECRET_BYTES_MAX {
        let message = format!("a secret has at most {} KiB", SECRET_BYTES_MAX >> 10);
        return Err(TownError::refused(ErrorCode::TooLarge, message));
    }
    let wrong = match value {
        "" => "a secret cannot be empty",
        value if value.contains('\0') => "a secret cannot contain the character NUL",
        _ => return Ok(()),
    };
    Err(TownError::refused(ErrorCode::BadRequest, wrong))
}

impl From<KeyError> for TownError {
    fn from(error: KeyError) -> Self {
        let code = match error {
            KeyError::Missing { .. } => ErrorCode::SecretsKeyMissing,
            KeyError::Open { .. } | KeyError::Unusable { .. } => ErrorCode::SecretsKeyUnusable,
        };
        Self::hinted(code, error.to_string(), error.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_variables() {
        for good in [
            "a",
            "_",
            "OPENAI_API_KEY",
            "__proto__",
            "constructor",
            &"x".repeat(SECRET_NAME_CHARS_MAX),
        ] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "1a",
            "a-b",
            "a.b",
            "ä",
            "a b",
            "a\0",
            &"x".repeat(SECRET_NAME_CHARS_MAX + 1),
        ] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_steers_the_runtime_is_not_shared() {
        for bad in ["ALL_PROXY", "all_proxy", "NODE_OPTIONS", "DENO_DIR", "PATH"] {
            assert!(check_shareable(bad).is_err(), "{bad}");
        }
        assert!(check_shareable("OPENAI_API_KEY").is_ok());
    }

    #[test]
    fn values_have_limits() {
        assert!(check_value(&"x".repeat(SECRET_BYTES_MAX)).is_ok());
        assert_eq!(
            check_value(&"x".repeat(SECRET_BYTES_MAX + 1))
                .unwrap_err()
                .code(),
            ErrorCode::TooLarge
        );
        assert!(check_value("").is_err() && check_value("a\0b").is_err());
        assert!(check_value("line\nünd \u{1f511}").is_ok());
    }
}

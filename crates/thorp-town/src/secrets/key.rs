//! The file with the keys that seal secrets: a line for each, `id key`, the last one in use. It is written whole, to a new
//! file that takes its place, so that a kill leaves the old one or the new one.

use super::seal::{self, Place};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use thorp_store::{Sealed, StoredSecret};
use zeroize::Zeroizing;

use crate::limits::KEY_FILE_BYTES_MAX;

/// The file's name in the data folder, unless it is elsewhere.
pub(crate) const KEY_FILE: &str = "secrets.key";
/// Its owner may read and write it, and nobody else anything.
const PRIVATE_FILE: u32 = 0o600;
const OTHERS: u32 = 0o077;
const ID_BYTES: usize = 8;
const HEAD: &str = "\
# The keys of this town's secrets; the last one is in use. Without this file nobody can read them, and with it and the
# database everybody can: keep a copy of it, apart from those of the database.
";

/// A key and its name.
pub(crate) struct SecretsKey {
    pub(crate) id: String,
    bytes: Zeroizing<[u8; 32]>,
}

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no such file.
    #[error("the key file `{}` is not there", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner may read or write it.
    #[error("the key file `{}` can be used by others (mode {mode:03o})", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It cannot be read or written.
    #[error("the key file `{}` cannot be used: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The system's reason, or which line is wrong.
        reason: String,
    },
}

impl KeyError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { .. } => "bring it back from a copy".to_owned(),
            Self::Open { path, .. } => format!("`chmod 600 {}`", path.display()),
            Self::Unusable { .. } => "make it readable, or bring it back from a copy".to_owned(),
        }
    }

    fn unusable(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Unusable {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// All keys of a file, the one in use last. Never empty.
pub(crate) struct KeyRing(Vec<SecretsKey>);

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.0.iter().map(|key| &key.id).collect();
        f.debug_tuple("KeyRing").field(&ids).finish()
    }
}

impl KeyRing {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self, KeyError> {
        let unusable = |error: std::io::Error| KeyError::unusable(path, error);
        let file = File::open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => KeyError::Missing {
                path: path.to_owned(),
            },
            _ => unusable(error),
        })?;
        let mode = file.metadata().map_err(unusable)?.mode() & 0o777;
        if mode & OTHERS != 0 {
            let path = path.to_owned();
            return Err(KeyError::Open { path, mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(KEY_FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(unusable)?;
        Self::parse(&text).map_err(|line| {
            KeyError::unusable(path, format!("line {line} is not a key (`id key`)"))
        })
    }

    /// The keys of a text, or the number of the line that is none.
    fn parse(text: &str) -> Result<Self, usize> {
        let mut keys = Vec::new();
        let lines = text.lines().enumerate();
        for (at, line) in
            lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        {
            keys.push(SecretsKey::parse(line).ok_or(at + 1)?);
        }
        match keys.is_empty() {
            true => Err(text.lines().count()),
            false => Ok(Self(keys)),
        }
    }

    /// A new key in a file of its own. An existing file is never replaced.
    pub(crate) fn create(path: &Path) -> Result<Self, KeyError> {
        let ring = Self(vec![
            SecretsKey::random().map_err(|error| KeyError::unusable(path, error))?,
        ]);
        if path.exists() {
            return Err(KeyError::unusable(path, "it is there already"));
        }
        ring.write(path)?;
        Ok(ring)
    }

    /// The same keys and a new one, which is in use from now on.
    pub(crate) fn with_new(mut self, path: &Path) -> Result<Self, KeyError> {
        let key = SecretsKey::random().map_err(|error| KeyError::unusable(path, error))?;
        self.0.push(key);
        self.write(path)?;
        Ok(self)
    }

    /// The key in use alone.
    pub(crate) fn only_current(mut self, path: &Path) -> Result<Self, KeyError> {
        self.0.drain(..self.0.len() - 1);
        self.write(path)?;
        Ok(self)
    }

    fn write(&self, path: &Path) -> Result<(), KeyError> {
        self.write_file(path)
            .map_err(|error| KeyError::unusable(path, error))
    }

    fn write_file(&self, path: &Path) -> std::io::Result<()> {
        let unfinished = path.with_extension("key-new");
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(PRIVATE_FILE)
            .open(&unfinished)?;
        file.write_all(HEAD.as_bytes())?;
        for key in &self.0 {
            file.write_all(key.line().as_bytes())?;
        }
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        // The new name has to outlive a power failure before anything is sealed with the new key.
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    /// How many keys.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id == id)
    }

    /// Whether this is the id of the key in use.
    pub(crate) fn is_current(&self, id: &str) -> bool {
        self.0.last().is_some_and(|key| key.id == id)
    }

    /// Seals with the key in use.
    pub(crate) fn seal(&self, place: Place<'_>, value: &str) -> Option<Sealed> {
        let key = self.0.last()?;
        Some(Sealed {
            key_id: key.id.clone(),
            bytes: seal::seal(&key.bytes, place, value)?,
        })
    }

    /// The value of a secret; `None` if none of the keys opens it.
    pub(crate) fn open(&self, secret: &StoredSecret) -> Option<Zeroizing<String>> {
        let key = self.0.iter().find(|key| key.id == secret.sealed.key_id)?;
        seal::open(&key.bytes, place_of(secret), &secret.sealed.bytes)
    }
}

/// Where a stored secret belongs.
pub(crate) fn place_of(secret: &StoredSecret) -> Place<'_> {
    Place {
        user: secret.user_id,
        name: &secret.name,
        revision: secret.revision,
    }
}

impl SecretsKey {
    fn random() -> Result<Self, getrandom::Error> {
        let mut id = [0; ID_BYTES];
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut id)?;
        getrandom::fill(bytes.as_mut())?;
        let id = id.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { id, bytes })
    }

    fn parse(line: &str) -> Option<Self> {
        let (id, key) = line.trim().split_once(' ')?;
        let is_id = id.len() == 2 * ID_BYTES && id.bytes().all(|b| b.is_ascii_hexdigit());
        let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(key.trim()).ok()?);
        let bytes = Zeroizing::new(<[u8; 32]>::try_from(decoded.as_slice()).ok()?);
        is_id.then(|| Self {
            id: id.to_owned(),
            bytes,
        })
    }

    fn line(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(URL_SAFE_NO_PAD.encode(self.bytes.as_ref()));
        Zeroizing::new(format!("{} {}\n", self.id, key.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn keys_survive_their_file_which_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        let first = KeyRing::create(&path).unwrap();
        assert_eq!(mode(&path), PRIVATE_FILE);
        let both = KeyRing::read(&path).unwrap().with_new(&path).unwrap();
        let read = KeyRing::read(&path).unwrap();
        assert_eq!(format!("{read:?}"), format!("{both:?}"));
        assert!(read.has(&first.0[0].id) && !read.is_current(&first.0[0].id));
        let last = read.only_current(&path).unwrap();
        assert_eq!((last.count(), last.has(&first.0[0].id)), (1, false));
        assert!(KeyRing::create(&path).is_err());
    }

    #[test]
    fn so_much_of_a_file_is_read() {
        use std::io::Write as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        KeyRing::create(&path).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        let most = usize::try_from(KEY_FILE_BYTES_MAX).unwrap();
        write!(file, "# {}\nno key", "x".repeat(most)).unwrap();
        assert_eq!(KeyRing::read(&path).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_no_good_is_told_how() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        assert!(matches!(
            KeyRing::read(&path),
            Err(KeyError::Missing { .. })
        ));
        KeyRing::create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let open = KeyRing::read(&path).unwrap_err();
        assert_eq!(
            open,
            KeyError::Open {
                path: path.clone(),
                mode: 0o640
            }
        );
        for bad in ["", "# only words\n", "0011223344556677 AAAA\n", "x\n"] {
            fs::remove_file(&path).unwrap();
            let mut file = File::options()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(PRIVATE_FILE)
                .open(&path)
                .unwrap();
            file.write_all(bad.as_bytes()).unwrap();
            assert!(
                matches!(KeyRing::read(&path), Err(KeyError::Unusable { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = SecretsKey::random().unwrap();
        let line = key.line();
        let shown = format!("{:?}", KeyRing(vec![key]));
        assert!(!shown.contains(line.trim().split_once(' ').unwrap().1));
    }
}

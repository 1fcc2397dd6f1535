//! `.thorp.json`: which val a file or folder was pushed to or pulled from, and at which version.
//!
//! One file in the folder, for all that lies in it: an entry under each file's name, and one under `.` for the folder
//! as a whole. Holds no secrets, so it can be shared with the code.

use crate::client::api::{FileText, Val};
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name of the file.
pub(crate) const FILE: &str = ".thorp.json";

/// The key of the folder as a whole.
pub(crate) const WHOLE_FOLDER: &str = ".";

/// What the folder's file says.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Links {
    vals: BTreeMap<String, Link>,
}

/// Where one file or folder belongs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Link {
    /// The town's URL.
    pub(crate) town: String,
    /// The val's id.
    pub(crate) id: String,
    /// Its name when it was last seen, such as `@alice/hello`.
    pub(crate) val: String,
    /// The version that the local text began with.
    pub(crate) version: i64,
    /// The hash of that version's text.
    pub(crate) hash: String,
}

impl Link {
    /// The link to what the town just told.
    pub(crate) fn new(town: &str, val: &Val, files: &[FileText]) -> Self {
        Self {
            town: town.to_owned(),
            id: val.id.clone(),
            val: val.full_name(),
            version: val.version,
            hash: hash(files),
        }
    }
}

impl Links {
    /// Reads the folder's file; what is not there is empty.
    pub(crate) fn load(folder: &Path) -> Result<Self, Failure> {
        let path = path(folder);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::file("read", &path, &error)),
        };
        serde_json::from_str(&text).map_err(|error| {
            Failure::usage(format!("cannot understand `{}`: {error}", path.display()))
                .hint("remove it: `thorp pull` and `thorp push` write a new one")
        })
    }

    /// The link of a file or folder to a val of this town.
    pub(crate) fn get(&self, key: &str, town: &str) -> Option<&Link> {
        self.vals.get(key).filter(|link| link.town == town)
    }

    /// Whether there is a link under this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.vals.contains_key(key)
    }

    /// Remembers a link and writes the folder's file.
    pub(crate) fn set(mut self, folder: &Path, key: &str, link: Link) -> Result<(), Failure> {
        self.vals.insert(key.to_owned(), link);
        let path = path(folder);
        let text = serde_json::to_string_pretty(&self).unwrap_or_default() + "\n";
        std::fs::write(&path, text).map_err(|error| Failure::file("write", &path, &error))
    }
}

/// The hash of some files' paths and texts.
pub(crate) fn hash(files: &[FileText]) -> String {
    let mut sorted: Vec<&FileText> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hasher = Sha256::new();
    for file in sorted {
        for part in [&file.path, &file.text] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_knows_paths_and_ignores_order() {
        let file = |path: &str, text: &str| FileText {
            path: path.into(),
            text: text.into(),
        };
        let both = hash(&[file("a", "bc"), file("d", "")]);
        assert_eq!(both, hash(&[file("d", ""), file("a", "bc")]));
        assert_ne!(both, hash(&[file("ab", "c"), file("d", "")]));
    }
}

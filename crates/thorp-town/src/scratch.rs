//! The folder of the sandboxes: short-lived, with a path short enough for sockets, and gone when the town is.
//!
//! Its path stands in the data folder, so that the next start can remove what a killed server left.

use crate::error::TownError;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const POINTER: &str = "scratch.path";
const PREFIX: &str = "thorp-";

/// Makes a new folder and removes the one of a server that was killed.
pub(crate) fn fresh(data: &Path) -> Result<PathBuf, TownError> {
    remove_left(data);
    let folder = std::env::temp_dir().join(format!(
        "{PREFIX}{}",
        &Uuid::now_v7().simple().to_string()[12..]
    ));
    fs::write(data.join(POINTER), folder.as_os_str().as_encoded_bytes())
        .map_err(|error| TownError::unusable(data, &error))?;
    fs::DirBuilder::new()
        .mode(0o711)
        .create(&folder)
        .map_err(|error| TownError::unusable(&folder, &error))?;
    Ok(folder)
}

/// Removes the folder that stands in the data folder.
pub(crate) fn remove_left(data: &Path) {
    if let Ok(left) = fs::read_to_string(data.join(POINTER)) {
        remove(data, Path::new(left.trim()));
    }
}

/// Removes the folder and the pointer to it.
pub(crate) fn remove(data: &Path, folder: &Path) {
    remove_folder(folder);
    let _ = fs::remove_file(data.join(POINTER));
}

fn remove_folder(folder: &Path) {
    let ours = folder
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
    let there = fs::symlink_metadata(folder).is_ok_and(|meta| meta.is_dir());
    if folder.is_absolute()
        && ours
        && there
        && let Err(error) = fs::remove_dir_all(folder)
    {
        tracing::warn!(folder = %folder.display(), %error, "a folder of sandboxes could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_server_left_is_removed() {
        let data = tempfile::tempdir().unwrap();
        let first = fresh(data.path()).unwrap();
        fs::write(first.join("file"), "x").unwrap();
        let second = fresh(data.path()).unwrap();
        assert!(!first.exists() && second.exists() && first != second);
        remove(data.path(), &second);
        assert!(!second.exists() && !data.path().join(POINTER).exists());
    }

    #[test]
    fn a_pointer_to_something_else_is_not_followed() {
        let data = tempfile::tempdir().unwrap();
        let precious = data.path().join("precious");
        fs::create_dir(&precious).unwrap();
        fs::write(data.path().join(POINTER), precious.to_str().unwrap()).unwrap();
        let folder = fresh(data.path()).unwrap();
        assert!(precious.exists());
        remove(data.path(), &folder);
    }
}

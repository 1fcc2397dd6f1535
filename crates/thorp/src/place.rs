//! The file or folder on this machine that holds a val's text.

use crate::client::{ENTRY, api::FileText};
use crate::failure::Failure;
use crate::limits::{FILE_BYTES_MAX, FILES_MAX};
use crate::link;
use std::path::{Component, Path, PathBuf};

/// Where the text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// One file that is the val's only module.
    File(PathBuf),
    /// A folder with all the val's modules.
    Folder(PathBuf),
}

impl Place {
    /// What is at this path now.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        let kind = std::fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?;
        Ok(if kind.is_dir() {
            Self::Folder(path.to_owned())
        } else {
            Self::File(path.to_owned())
        })
    }

    /// The path as it was given.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Folder(path) => path,
        }
    }

    /// The folder whose `.thorp.json` knows it, and its key there.
    pub(crate) fn link_key(&self) -> (PathBuf, String) {
        match self {
            Self::Folder(path) => (path.clone(), link::WHOLE_FOLDER.to_owned()),
            Self::File(path) => {
                let folder = path
                    .parent()
                    .filter(|parent| !parent.as_os_str().is_empty())
                    .unwrap_or(Path::new("."));
                (
                    folder.to_owned(),
                    path.file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned(),
                )
            }
        }
    }

    /// A name for a val that is made from it: the file's or folder's own, with `-`, `.` and spaces as `_`.
    pub(crate) fn val_name(&self) -> Option<String> {
        let full = std::path::absolute(self.path()).ok()?;
        let name = match self {
            Self::File(_) => full.file_stem()?,
            Self::Folder(_) => full.file_name()?,
        };
        Some(name.to_str()?.replace(['-', '.', ' '], "_"))
    }

    /// The files' texts; for one file, under the name that a val's only module has.
    pub(crate) fn read(&self) -> Result<Vec<FileText>, Failure> {
        match self {
            Self::File(path) => Ok(vec![FileText {
                path: ENTRY.to_owned(),
                text: read_text(path)?,
            }]),
            Self::Folder(path) => {
                let mut files = Vec::new();
                read_folder(path, path, &mut files)?;
                files.sort_by(|a, b| a.path.cmp(&b.path));
                Ok(files)
            }
        }
    }

    /// A val's files as [`Place::read`] would give them.
    pub(crate) fn as_read(&self, files: &[FileText]) -> Vec<FileText> {
        let mut files = files.to_vec();
        if let (Self::File(_), [only]) = (self, &mut files[..]) {
            ENTRY.clone_into(&mut only.path);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// Writes the files' texts over what is there.
    pub(crate) fn write(&self, files: &[FileText]) -> Result<(), Failure> {
        match self {
            Self::File(path) => write_text(path, files.first().map_or("", |file| &file.text)),
            Self::Folder(path) => files.iter().try_for_each(|file| {
                let to = path.join(inside(&file.path)?);
                let folder = to.parent().unwrap_or(path);
                std::fs::create_dir_all(folder)
                    .map_err(|error| Failure::file("create", folder, &error))?;
                write_text(&to, &file.text)
            }),
        }
    }

    /// Removes a file of the folder.
    pub(crate) fn remove(&self, file: &str) -> Result<(), Failure> {
        let path = self.path().join(inside(file)?);
        std::fs::remove_file(&path).map_err(|error| Failure::file("remove", &path, &error))
    }
}

/// A path that a town told, if it stays inside the folder it is for.
fn inside(path: &str) -> Result<&Path, Failure> {
    let parts: Vec<Component<'_>> = Path::new(path).components().collect();
    let hidden = |part: &Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
    if parts.is_empty()
        || parts
            .iter()
            .any(|part| !matches!(part, Component::Normal(_)) || hidden(part))
    {
        return Err(Failure::usage(format!(
            "the val has a file `{path}` that cannot be written here"
        )));
    }
    Ok(Path::new(path))
}

fn read_folder(root: &Path, folder: &Path, files: &mut Vec<FileText>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::file("read", folder, &error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            read_folder(root, &path, files)?;
            continue;
        }
        if files.len() == FILES_MAX {
            return Err(Failure::usage(format!(
                "`{}` holds more than {FILES_MAX} files",
                root.display()
            )));
        }
        let relative = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        files.push(FileText {
            path: relative,
            text: read_text(&path)?,
        });
    }
    Ok(())
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::file("read", path, &error);
    if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(Failure::usage(format!(
            "`{}` is larger than {} MiB",
            path.display(),
            FILE_BYTES_MAX >> 20
        )));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::usage(format!("`{}` is not UTF-8 text", path.display()))
            .hint("a val holds text files only")
    })
}

fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure::file("write", path, &error))
}

/// The module that a folder's val begins with, if it can be told from the files alone.
pub(crate) fn entry_of(files: &[FileText]) -> Option<&str> {
    const NAMES: [&str; 8] = [
        "main.tsx",
        "main.ts",
        "main.jsx",
        "main.js",
        "index.tsx",
        "index.ts",
        "index.jsx",
        "index.js",
    ];
    let has = |name: &str| files.iter().find(|file| file.path == name);
    let known = NAMES.iter().find_map(|name| has(name));
    known
        .or_else(|| (files.len() == 1).then(|| &files[0]))
        .map(|file| file.path.as_str())
}

/// Where `pull` puts a val unless it is told a place, or told a folder to put it in.
pub(crate) fn for_val(name: &str, entry: &str, files: &[FileText], given: Option<&Path>) -> Place {
    let linked =
        |folder: &Path| link::Links::load(folder).is_ok_and(|links| links.has(link::WHOLE_FOLDER));
    let single = files.len() == 1;
    let file_name = || {
        format!(
            "{name}.{}",
            entry
                .rsplit_once('.')
                .map_or("tsx", |(_, extension)| extension)
        )
    };
    match given {
        Some(path) if single && path.is_dir() && !linked(path) => {
            Place::File(path.join(file_name()))
        }
        Some(path) if single && !path.is_dir() => Place::File(path.to_owned()),
        Some(path) => Place::Folder(path.to_owned()),
        None if single => Place::File(PathBuf::from(file_name())),
        None => Place::Folder(PathBuf::from(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_town_cannot_write_outside_the_folder() {
        for path in [
            "../a",
            "/etc/passwd",
            "a/../b",
            "",
            ".ssh/x",
            "a/.git/hooks/x",
            "./a",
        ] {
            assert!(inside(path).is_err(), "{path}");
        }
        assert!(inside("lib/a.ts").is_ok());
    }

    #[test]
    fn folders_leave_out_what_is_hidden_and_installed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("my-val");
        let all = Place::Folder(root.clone());
        let file = |path: &str| FileText {
            path: path.into(),
            text: path.into(),
        };
        all.write(&[
            file("main.ts"),
            file("lib/a.ts"),
            file("node_modules/x/i.js"),
        ])
        .unwrap();
        std::fs::write(root.join(link::FILE), "{}").unwrap();
        assert_eq!(all.read().unwrap(), [file("lib/a.ts"), file("main.ts")]);
        assert_eq!(all.val_name().as_deref(), Some("my_val"));
        assert_eq!(entry_of(&all.read().unwrap()), Some("main.ts"));
    }
}

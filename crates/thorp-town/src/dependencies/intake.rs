//! Takes what the resolver made into the store of dependency folders: copies, measures, refuses and hashes.
//!
//! The resolver's folder is never trusted to stay as it is: what counts is the copy, and the hash is the copy's.

use crate::limits::{DEPENDENCY_BYTES_MAX, DEPENDENCY_DEPTH_MAX, DEPENDENCY_FILES_MAX};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path};
use thorp_store::Digest;

/// A copied folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Intake {
    /// SHA-256 of all paths and contents.
    pub(crate) hash: Digest,
    /// Bytes of all files.
    pub(crate) bytes: u64,
}

/// Why a folder was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IntakeError {
    #[error("the packages have more than {DEPENDENCY_FILES_MAX} files")]
    TooManyFiles,
    #[error("the packages have more than {} MiB", DEPENDENCY_BYTES_MAX >> 20)]
    TooManyBytes,
    #[error("the packages have folders nested more than {DEPENDENCY_DEPTH_MAX} deep")]
    TooDeep,
    #[error("`{0}` is neither a file, a folder, nor a link inside the packages")]
    Refused(String),
    #[error("the packages could not be copied: {0}")]
    Io(#[from] io::Error),
}

/// Copies `from` to `to`, which must not exist. Entries of `from` whose relative path `skip` names are left out.
pub(crate) fn take_in(
    from: &Path,
    to: &Path,
    skip: &dyn Fn(&Path) -> bool,
) -> Result<Intake, IntakeError> {
    let mut copy = Copy {
        from,
        to,
        skip,
        hash: Sha256::new(),
        bytes: 0,
        files: 0,
    };
    copy.folder(Path::new(""), 0)?;
    Ok(Intake {
        hash: Digest(copy.hash.finalize().into()),
        bytes: copy.bytes,
    })
}

struct Copy<'a> {
    from: &'a Path,
    to: &'a Path,
    skip: &'a dyn Fn(&Path) -> bool,
    hash: Sha256,
    bytes: u64,
    files: u64,
}

impl Copy<'_> {
    fn folder(&mut self, relative: &Path, depth: usize) -> Result<(), IntakeError> {
        if depth > DEPENDENCY_DEPTH_MAX {
            return Err(IntakeError::TooDeep);
        }
        fs::create_dir(self.to.join(relative))?;
        let mut names = fs::read_dir(self.from.join(relative))?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        for name in names {
            let path = relative.join(name);
            if !(self.skip)(&path) {
                self.entry(&path, depth)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, depth: usize) -> Result<(), IntakeError> {
        self.files += 1;
        if self.files > DEPENDENCY_FILES_MAX {
            return Err(IntakeError::TooManyFiles);
        }
        let kind = fs::symlink_metadata(self.from.join(path))?.file_type();
        if kind.is_dir() {
            self.folder(path, depth + 1)
        } else if kind.is_symlink() {
            self.link(path)
        } else if kind.is_file() {
            self.file(path)
        } else {
            Err(refused(path))
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), IntakeError> {
        let source = self.from.join(path);
        let budget = DEPENDENCY_BYTES_MAX - self.bytes;
        if fs::metadata(&source)?.len() > budget {
            return Err(IntakeError::TooManyBytes);
        }
        let contents = fs::read(&source)?;
        self.bytes += contents.len() as u64;
        self.note(b'f', path, &contents);
        let target = self.to.join(path);
        fs::write(&target, &contents)?;
        fs::set_permissions(&target, fs::Permissions::from_mode(0o444))?;
        Ok(())
    }

    fn link(&mut self, path: &Path) -> Result<(), IntakeError> {
        let target = fs::read_link(self.from.join(path))?;
        if !stays_inside(path, &target) {
            return Err(refused(path));
        }
        self.note(b'l', path, target.as_os_str().as_encoded_bytes());
        std::os::unix::fs::symlink(&target, self.to.join(path))?;
        Ok(())
    }

    fn note(&mut self, kind: u8, path: &Path, contents: &[u8]) {
        let name = path.as_os_str().as_encoded_bytes();
        self.hash.update([kind]);
        self.hash.update((name.len() as u64).to_le_bytes());
        self.hash.update(name);
        self.hash.update((contents.len() as u64).to_le_bytes());
        self.hash.update(contents);
    }
}

fn refused(path: &Path) -> IntakeError {
    IntakeError::Refused(path.display().to_string())
}

/// Whether a link at `path` (relative to the folder) leads to something inside the folder, by its text alone: first some
/// levels up, through real folders, then down. Behind a name, `..` may lead anywhere, since the name may be a link.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let up = target
        .components()
        .take_while(|part| *part == Component::ParentDir)
        .count();
    let down = target
        .components()
        .skip(up)
        .all(|part| matches!(part, Component::Normal(_)));
    down && up < path.components().count()
}

/// Removes a folder whose files may be read-only. A folder that is not there is no error.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    fn folder(build: impl FnOnce(&Path)) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        fs::create_dir(&from).unwrap();
        build(&from);
        (root, from, to)
    }

    fn take(build: impl FnOnce(&Path)) -> Result<Intake, IntakeError> {
        let (_root, from, to) = folder(build);
        take_in(&from, &to, &|path| path.ends_with("skipped"))
    }

    #[test]
    fn the_hash_is_that_of_names_and_contents() {
        let one = take(|at| fs::write(at.join("a"), "1").unwrap()).unwrap();
        let same = take(|at| fs::write(at.join("a"), "1").unwrap()).unwrap();
        let other_text = take(|at| fs::write(at.join("a"), "2").unwrap()).unwrap();
        let other_name = take(|at| fs::write(at.join("b"), "1").unwrap()).unwrap();
        assert_eq!(one, same);
        assert_ne!(one.hash, other_text.hash);
        assert_ne!(one.hash, other_name.hash);
    }

    #[test]
    fn what_is_skipped_does_not_count() {
        let without = take(|at| fs::write(at.join("a"), "1").unwrap()).unwrap();
        let with = take(|at| {
            fs::write(at.join("a"), "1").unwrap();
            fs::write(at.join("skipped"), "2").unwrap();
        })
        .unwrap();
        assert_eq!(with, without);
    }

    #[test]
    fn links_inside_are_kept_and_links_out_are_refused() {
        let (_root, from, to) = folder(|at| {
            fs::create_dir(at.join("d")).unwrap();
            fs::write(at.join("a"), "1").unwrap();
            symlink("../a", at.join("d/link")).unwrap();
        });
        take_in(&from, &to, &|_| false).unwrap();
        assert_eq!(fs::read_to_string(to.join("d/link")).unwrap(), "1");
        for target in [
            "../outside",
            "/etc/passwd",
            "d/../../outside",
            "d/../outside",
            ".",
        ] {
            let taken = take(|at| symlink(target, at.join("link")).unwrap());
            assert!(
                matches!(taken, Err(IntakeError::Refused(path)) if path == "link"),
                "{target}"
            );
        }
    }

    #[test]
    fn sockets_are_refused() {
        let taken = take(|at| drop(std::os::unix::net::UnixListener::bind(at.join("s")).unwrap()));
        assert!(matches!(taken, Err(IntakeError::Refused(path)) if path == "s"));
    }

    #[test]
    fn a_sparse_bomb_is_refused_before_it_is_read() {
        let taken = take(|at| {
            let file = fs::File::create(at.join("bomb")).unwrap();
            file.set_len(DEPENDENCY_BYTES_MAX + 1).unwrap();
        });
        assert!(matches!(taken, Err(IntakeError::TooManyBytes)));
    }

    #[test]
    fn too_many_files_are_refused() {
        let taken = take(|at| {
            for number in 0..=DEPENDENCY_FILES_MAX {
                fs::write(at.join(number.to_string()), "").unwrap();
            }
        });
        assert!(matches!(taken, Err(IntakeError::TooManyFiles)));
    }

    #[test]
    fn too_deep_folders_are_refused() {
        let nested = |depth| vec!["d"; depth].join("/");
        let deepest = take(|at| fs::create_dir_all(at.join(nested(DEPENDENCY_DEPTH_MAX))).unwrap());
        assert!(deepest.is_ok());
        let deeper =
            take(|at| fs::create_dir_all(at.join(nested(DEPENDENCY_DEPTH_MAX + 1))).unwrap());
        assert!(matches!(deeper, Err(IntakeError::TooDeep)));
    }

    #[test]
    fn copies_are_read_only_and_of_their_own() {
        let (_root, from, to) = folder(|at| fs::write(at.join("a"), "1").unwrap());
        take_in(&from, &to, &|_| false).unwrap();
        fs::write(from.join("a"), "changed").unwrap();
        assert_eq!(fs::read_to_string(to.join("a")).unwrap(), "1");
        assert_eq!(
            fs::metadata(to.join("a")).unwrap().permissions().mode() & 0o777,
            0o444
        );
    }
}

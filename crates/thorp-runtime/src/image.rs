//! A copy of the Deno binary that always lies at the same address.
//!
//! Deno is position-independent: at each start the dynamic linker chooses an address and corrects some 160 000 pointers,
//! in 2.5 MB of memory that every process then has for itself. Done once, in a copy of the file, this saves a fifth of a
//! start's processor time. The address is random, as the kernel's would be, and new whenever the runtime starts; what is
//! given up is that two sandboxes of one runtime have different ones.

mod relocate;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use relocate::Part;
use sha2::{Digest, Sha256};

use crate::guest;

/// Where the kernel puts programs of x86-64, and the pages among which it chooses, by default.
const ADDRESS_FIRST: u64 = 0x5555_5555_4000;
const PAGES: u64 = 1 << 28;
const PAGE_BYTES: u64 = 4096;
/// Readable and executable by the sandboxes' users.
const MODE: u32 = 0o755;
/// Of the folder of a copy.
const FOLDER: &str = "deno-image-";
/// Of the copy: processes are called by it.
const NAME: &str = "deno";

/// A copy, which nobody else changes while this lives.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) path: PathBuf,
    _lock: File,
}

impl Image {
    /// Makes the copy in `folder`, or moves one that is left from before to a new address. Copies that nobody uses and
    /// that are of no use are removed.
    ///
    /// # Errors
    /// If a file cannot be read or written, or `program` is of a kind that cannot be moved ahead of time: then it can
    /// still be started itself.
    pub(crate) fn make(program: &Path, folder: &Path) -> io::Result<Self> {
        let stock = File::open(program)?;
        let parts = relocate::parts(&stock, address()?)?;
        let prefix = format!("{FOLDER}{}-", identity(program, &stock)?);
        if let Some(image) = left(folder, &prefix, stock.metadata()?.len(), &parts)? {
            return Ok(image);
        }
        loop {
            let random = getrandom::u64().map_err(io::Error::other)?;
            let own = folder.join(format!("{prefix}{random:016x}"));
            fs::create_dir(&own)?;
            let path = own.join(NAME);
            File::create_new(&path)?;
            // Another runtime may have found it meanwhile, and taken or removed it.
            let Some(lock) = lock(&path) else { continue };
            return match copy(program, &path, &parts) {
                Ok(()) => Ok(Self { path, _lock: lock }),
                Err(error) => {
                    // What did not fit must not take the room of what would.
                    fs::remove_dir_all(&own)?;
                    Err(error)
                }
            };
        }
    }
}

fn copy(program: &Path, path: &Path, parts: &[Part]) -> io::Result<()> {
    fs::copy(program, path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    write(path, parts)
}

/// A copy of the same file that nobody uses, at its new address.
fn left(folder: &Path, prefix: &str, size: u64, parts: &[Part]) -> io::Result<Option<Image>> {
    let mut found = None;
    for entry in fs::read_dir(folder)? {
        let own = entry?.path();
        let name = own.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with(FOLDER) {
            continue;
        }
        let path = own.join(NAME);
        let Some(lock) = lock(&path) else { continue };
        // A shorter one was being copied when its host was killed.
        let is_whole = name.starts_with(prefix) && fs::metadata(&path)?.len() == size;
        if !is_whole || found.is_some() {
            fs::remove_dir_all(&own)?;
            continue;
        }
        match write(&path, parts) {
            Ok(()) => found = Some(Image { path, _lock: lock }),
            // A process that a killed host left still runs it.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The lock is the file opened for reading: one that is open for writing cannot be executed.
fn lock(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

fn write(path: &Path, parts: &[Part]) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    parts
        .iter()
        .try_for_each(|part| file.write_all_at(&part.bytes, part.offset))
}

fn address() -> io::Result<u64> {
    let random = getrandom::u64().map_err(io::Error::other)?;
    Ok(ADDRESS_FIRST + random % PAGES * PAGE_BYTES)
}

/// The same for the same file, another after it was replaced.
fn identity(program: &Path, file: &File) -> io::Result<String> {
    let metadata = file.metadata()?;
    let mut digest = Sha256::new();
    digest.update(program.as_os_str().as_encoded_bytes());
    for number in [
        metadata.dev(),
        metadata.ino(),
        metadata.size(),
        metadata.mtime().cast_unsigned(),
        metadata.mtime_nsec().cast_unsigned(),
    ] {
        digest.update(number.to_le_bytes());
    }
    Ok(guest::short(digest))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::FileExt;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    use super::Image;

    fn this_program() -> PathBuf {
        std::env::current_exe().unwrap()
    }

    /// Where the program lies: the entry point of its header.
    fn entry(path: &Path) -> u64 {
        let mut bytes = [0; 8];
        let file = fs::File::open(path).unwrap();
        file.read_exact_at(&mut bytes, 24).unwrap();
        u64::from_le_bytes(bytes)
    }

    fn listed(program: &Path) -> Vec<u8> {
        let output = Command::new(program).arg("--list").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }

    #[test]
    fn a_copy_at_one_address_runs_as_the_original_does() {
        let folder = tempfile::tempdir().unwrap();
        let copy = Image::make(&this_program(), folder.path()).unwrap();
        assert_eq!(listed(&copy.path), listed(&this_program()));
    }

    #[test]
    fn what_is_left_is_used_again_at_another_address() {
        let folder = tempfile::tempdir().unwrap();
        let first = Image::make(&this_program(), folder.path()).unwrap();
        let (path, was) = (first.path.clone(), entry(&first.path));
        drop(first);
        let second = Image::make(&this_program(), folder.path()).unwrap();
        assert_eq!(second.path, path);
        assert_ne!(entry(&path), was);
        assert_eq!(listed(&path), listed(&this_program()));
    }

    #[test]
    fn each_runtime_has_one_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let first = Image::make(&this_program(), folder.path()).unwrap();
        let was = entry(&first.path);
        let second = Image::make(&this_program(), folder.path()).unwrap();
        assert_ne!(first.path, second.path);
        assert_eq!(entry(&first.path), was);
    }

    #[test]
    fn one_that_an_orphan_runs_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let copy = Image::make(Path::new("/bin/cat"), folder.path()).unwrap();
        let path = copy.path.clone();
        let mut running = Command::new(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        drop(copy);
        let was = entry(&path);
        let again = Image::make(Path::new("/bin/cat"), folder.path()).unwrap();
        assert_ne!(again.path, path);
        assert_eq!(entry(&path), was);
        drop(running.stdin.take());
        assert!(running.wait().unwrap().success());
    }

    #[test]
    fn copies_of_other_programs_and_half_copies_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let first = Image::make(Path::new("/bin/cat"), folder.path()).unwrap();
        let other = first.path.clone();
        drop(first);
        let second = Image::make(&this_program(), folder.path()).unwrap();
        let half = second.path.clone();
        drop(second);
        fs::File::options()
            .write(true)
            .open(&half)
            .unwrap()
            .set_len(4096)
            .unwrap();
        let third = Image::make(&this_program(), folder.path()).unwrap();
        assert_eq!(listed(&third.path), listed(&this_program()));
        assert!(!other.exists() && !half.exists());
    }

    #[test]
    fn what_is_no_such_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        assert!(Image::make(&script, folder.path()).is_err());
        let mut cut = fs::read(this_program()).unwrap();
        cut.truncate(64 << 10);
        fs::write(&script, cut).unwrap();
        assert!(Image::make(&script, folder.path()).is_err());
    }
}

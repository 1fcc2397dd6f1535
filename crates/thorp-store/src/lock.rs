//! The lock of a data folder: one server a folder.

use crate::StoreError;
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

/// Takes the folder's lock. It is held until the returned file is dropped or the process ends, however it ends.
pub(crate) fn lock_folder(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("town.lock");
    let io = |source| StoreError::Io {
        path: path.clone(),
        source,
    };
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => write_pid(&mut file).map_err(io)?,
        Err(TryLockError::WouldBlock) => {
            return Err(StoreError::Locked {
                path: folder.to_owned(),
                pid: read_pid(&mut file),
            });
        }
        Err(TryLockError::Error(source)) => return Err(io(source)),
    }
    Ok(file)
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

//! The data folder and the folder of sandboxes: writable, roomy, free, and short enough for sockets.

use super::Check;
use crate::output::time::bytes;
use crate::serve::unsuitable;
use rustix::fs::statvfs;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Free space below which a town soon fails.
const SPACE_BYTES_MIN: u64 = 256 * 1024 * 1024;
/// Free space below which dependencies may not fit.
const SPACE_BYTES_WANTED: u64 = 2 * 1024 * 1024 * 1024;
/// The file that a server keeps locked in its data folder.
const LOCK_FILE: &str = "town.lock";
/// Bytes of a socket's path after that of the temporary folder: `/thorp-`, 20 digits, a number, `/c`.
const SOCKET_REST_BYTES: usize = 38;

/// All checks about folders.
pub(super) fn checks(data: &Path) -> Vec<Check> {
    let data = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    let scratch = std::env::temp_dir();
    vec![
        folder(&data),
        in_use(&data),
        space("disk space", &data),
        space("scratch space", &scratch),
        sockets(&scratch),
    ]
}

fn folder(data: &Path) -> Check {
    const NAME: &str = "data folder";
    let (place, at) = (existing(data), data.display());
    if let Some(wrong) = unsuitable(data) {
        return Check::failed(
            NAME,
            format!("{at} cannot be used: {wrong}"),
            "choose another folder with `--data`",
        );
    }
    let fix = format!(
        "`sudo chown -R \"$USER\" {}`, or choose another folder with `--data`",
        place.display()
    );
    if let Err(error) = tempfile_in(&place) {
        return Check::failed(
            NAME,
            format!("cannot write to {}: {error}", place.display()),
            fix,
        );
    }
    if place != data {
        return Check::ok(NAME, format!("{at} will be made"));
    }
    let open = std::fs::metadata(data).is_ok_and(|meta| meta.mode() & 0o077 != 0);
    match open {
        true => Check::warning(
            NAME,
            format!("{at} can be entered by others"),
            format!("`chmod 700 {at}`"),
        ),
        false => Check::ok(NAME, format!("{at}, writable")),
    }
}

/// Writes a file and removes it.
fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".thorp-doctor-{}", std::process::id()));
    std::fs::write(&path, "x")?;
    std::fs::remove_file(&path)
}

/// The nearest folder that is there.
fn existing(path: &Path) -> PathBuf {
    path.ancestors()
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("/"))
        .to_owned()
}

/// A server holds a lock on a file in its folder.
fn in_use(data: &Path) -> Check {
    const NAME: &str = "other server";
    let Ok(file) = File::open(data.join(LOCK_FILE)) else {
        return Check::ok(NAME, "none has the data folder");
    };
    match file.try_lock_shared() {
        Ok(()) => Check::ok(NAME, "none has the data folder"),
        Err(_) => Check::warning(
            NAME,
            "a running town has the data folder",
            "nothing to do, unless it should not run",
        ),
    }
}

fn space(name: &'static str, folder: &Path) -> Check {
    let place = existing(folder);
    let at = place.display();
    let Ok(stat) = statvfs(&place) else {
        return Check::warning(
            name,
            format!("cannot tell for {at}"),
            format!("`df -h {at}`"),
        );
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let finding = format!("{} free at {at}", bytes(free));
    let fix = format!("make room: `df -h {at}` and `du -sh {at}/*` show what is there");
    match free {
        ..SPACE_BYTES_MIN => Check::failed(name, finding, fix),
        SPACE_BYTES_MIN..SPACE_BYTES_WANTED => Check::warning(name, finding, fix),
        _ => Check::ok(name, finding),
    }
}

fn sockets(scratch: &Path) -> Check {
    const NAME: &str = "unix sockets";
    let length = scratch.as_os_str().len() + SOCKET_REST_BYTES;
    let most = thorp_runtime::limits::SOCKET_PATH_BYTES_MAX;
    let at = scratch.display();
    if length > most {
        let finding =
            format!("paths of sockets in {at} would have {length} bytes, and {most} are possible");
        return Check::failed(NAME, finding, "set a shorter folder: `export TMPDIR=/tmp`");
    }
    let path = scratch.join(format!("thorp-doctor-{}.sock", std::process::id()));
    let bound = UnixListener::bind(&path);
    let _ = std::fs::remove_file(&path);
    match bound {
        Ok(_) => Check::ok(NAME, format!("work in {at}, paths are short enough")),
        Err(error) => Check::failed(
            NAME,
            format!("cannot listen in {at}: {error}"),
            "set another folder: `export TMPDIR=/tmp`",
        ),
    }
}

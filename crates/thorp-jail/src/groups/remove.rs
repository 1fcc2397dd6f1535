//! Removing groups, whoever is in them.

use std::fs;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal};

use crate::groups::name::Owner;
use crate::groups::tree::{PROCESSES, TOWN};

/// How often it is looked whether killed processes have ended, and for how long.
const LOOK: Duration = Duration::from_millis(5);
const LOOKS_MAX: usize = 400;

/// Removes the groups of towns that have ended. What cannot be removed now is left for the next start.
pub(crate) fn stale(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !Owner::parse(&name).is_some_and(|owner| owner.is_gone()) {
            continue;
        }
        folder(&entry.path());
    }
}

/// Removes a group and those below it, and ends everybody in them; but not in a town's own group, where whoever is was
/// started by a town and is no sandbox.
pub(crate) fn folder(path: &Path) {
    if path.to_string_lossy().ends_with(TOWN) {
        let _ = fs::remove_dir(path);
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folder(&entry.path());
        }
    }
    for _ in 0..LOOKS_MAX {
        match fs::remove_dir(path) {
            // Somebody is in it, or is just ending.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => kill(path),
            _ => return,
        }
        sleep(LOOK);
    }
}

/// Ends everybody in a group, and waits for it. Whether nobody is left.
pub(crate) fn empty(path: &Path) -> bool {
    for _ in 0..LOOKS_MAX {
        match fs::read_to_string(path.join(PROCESSES)) {
            Ok(processes) if processes.is_empty() => return true,
            Ok(_) => kill(path),
            Err(_) => return false,
        }
        sleep(LOOK);
    }
    false
}

fn kill(path: &Path) {
    // The second version ends all at once.
    if fs::write(path.join("cgroup.kill"), "1").is_ok() {
        return;
    }
    for pid in processes(path) {
        let Ok(process) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        // The number may have been given to another since it was read.
        if processes(path).contains(&pid) {
            let _ = rustix::process::pidfd_send_signal(&process, Signal::KILL);
        }
    }
}

fn processes(path: &Path) -> Vec<Pid> {
    let text = fs::read_to_string(path.join(PROCESSES)).unwrap_or_default();
    text.lines()
        .filter_map(|line| Pid::from_raw(line.parse().ok()?))
        .collect()
}

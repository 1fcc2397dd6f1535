//! Memory, processors and limits of this process.

use super::Check;
use crate::output::time::bytes;
use rustix::process::{Resource, getrlimit};

/// Free memory below which hardly a sandbox starts.
const MEMORY_BYTES_MIN: u64 = 256 * 1024 * 1024;
/// Free memory for a small pool and some runs.
const MEMORY_BYTES_WANTED: u64 = 1024 * 1024 * 1024;
/// Open files below which a town is soon at its end.
const OPEN_FILES_MIN: u64 = 1024;
/// Open files for as many connections and sandboxes as a town takes.
const OPEN_FILES_WANTED: u64 = 8192;

/// All checks about the machine.
pub(super) fn checks() -> Vec<Check> {
    vec![memory(), open_files()]
}

fn memory() -> Check {
    const NAME: &str = "memory";
    let Some(free) = available() else {
        return Check::warning(NAME, "cannot tell from /proc/meminfo", "`free -m`");
    };
    let finding = format!("{} available", bytes(free));
    let fix = "end other programs, or keep a smaller pool with `thorp serve --pool-floor 1 --pool-ceiling 4`";
    match free {
        ..MEMORY_BYTES_MIN => Check::failed(NAME, finding, fix),
        MEMORY_BYTES_MIN..MEMORY_BYTES_WANTED => Check::warning(NAME, finding, fix),
        _ => Check::ok(NAME, finding),
    }
}

fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The hard limit counts: a town raises its own.
fn open_files() -> Check {
    const NAME: &str = "open files";
    let Some(most) = getrlimit(Resource::Nofile).maximum else {
        return Check::ok(NAME, "no limit");
    };
    let finding = format!("at most {most}");
    let fix = "`ulimit -Hn 65536`, or `LimitNOFILE=65536` in the service";
    match most {
        ..OPEN_FILES_MIN => Check::failed(NAME, finding, fix),
        OPEN_FILES_MIN..OPEN_FILES_WANTED => Check::warning(NAME, finding, fix),
        _ => Check::ok(NAME, finding),
    }
}

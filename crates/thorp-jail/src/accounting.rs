//! What the kernel counts about a process, and how it shares the processor, by `/proc`.

use std::{fs, io};

use rustix::process::Pid;

/// What a process holds in memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All resident pages.
    pub resident: u64,
    /// Resident pages that no file backs: what the process itself filled.
    pub private: u64,
}

pub(crate) fn memory(pid: Pid) -> io::Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/statm"))?;
    parse_statm(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

pub(crate) fn peak_resident_bytes(pid: Pid) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    parse_peak(&text).ok_or_else(|| io::ErrorKind::NotFound.into())
}

pub(crate) fn threads(pid: Pid) -> io::Result<Vec<i32>> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"))?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}

/// The least that a group can get.
pub(crate) const NICE_LEAST: i8 = 19;
/// What a group gets that nobody changed.
pub(crate) const NICE_NORMAL: i8 = 0;

/// Sets the share of a process's session where the kernel groups processes by it (`sched_autogroup_enabled`). There, a
/// scheduling class counts only within the session, so that a session of its own would undo `SCHED_IDLE`.
pub(crate) fn set_group_nice(pid: &str, nice: i8) {
    // Where there are no such groups, nothing is to be done.
    let _ = fs::write(format!("/proc/{pid}/autogroup"), nice.to_string());
}

/// The fields are pages: size, resident, shared, …
fn parse_statm(text: &str) -> Option<Memory> {
    let mut fields = text
        .split_ascii_whitespace()
        .skip(1)
        .map(|field| field.parse::<u64>().ok());
    let (resident, shared) = (fields.next()??, fields.next()??);
    let page = rustix::param::page_size() as u64;
    Some(Memory {
        resident: resident * page,
        private: resident.saturating_sub(shared) * page,
    })
}

fn parse_peak(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::{Memory, parse_peak, parse_statm};

    #[test]
    fn statm_is_in_pages() {
        let page = rustix::param::page_size() as u64;
        let expected = Memory {
            resident: 300 * page,
            private: 100 * page,
        };
        assert_eq!(parse_statm("1000 300 200 5 0 80 0\n"), Some(expected));
        assert_eq!(parse_statm(""), None);
    }

    #[test]
    fn peak_is_in_kibibytes() {
        assert_eq!(parse_peak("Name:\tx\nVmHWM:\t    2048 kB\n"), Some(2 << 20));
        assert_eq!(parse_peak("Name:\tzombie\n"), None);
    }
}

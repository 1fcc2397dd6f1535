//! The names of a town's groups: they say whose they are, so that the next town knows which ones nobody has any more.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU32, Ordering};

const PREFIX: &str = "thorp-";
/// Field 22 of `/proc/PID/stat`, counted from the one after the name.
const START_AT: usize = 22 - 3;

/// A process that has groups, and which of its sets they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// Which namespace the number is of.
    namespace: u64,
    pid: u32,
    /// When it started, in ticks since the machine did: numbers are given again.
    start: u64,
    set: u32,
}

impl Owner {
    /// This process, with a set of groups that it has not had before.
    pub(crate) fn own() -> io::Result<Self> {
        static SETS: AtomicU32 = AtomicU32::new(0);
        let pid = std::process::id();
        Ok(Self {
            namespace: namespace()?,
            pid,
            start: start(pid).ok_or(io::ErrorKind::NotFound)?,
            set: SETS.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// Whose a folder is, if it is a town's.
    pub(crate) fn parse(folder: &str) -> Option<Self> {
        let name = folder.strip_prefix(PREFIX)?.split('.').next()?;
        let mut numbers = name.split('-');
        let owner = Self {
            namespace: numbers.next()?.parse().ok()?,
            pid: numbers.next()?.parse().ok()?,
            start: numbers.next()?.parse().ok()?,
            set: numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(owner)
    }

    /// Whether both are of one process.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let process = |one: &Self| (one.namespace, one.pid, one.start);
        process(self) == process(other)
    }

    /// Whether the process has ended. Of those in other namespaces nobody here knows.
    pub(crate) fn is_gone(&self) -> bool {
        namespace().is_ok_and(|own| own == self.namespace) && start(self.pid) != Some(self.start)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            namespace,
            pid,
            start,
            set,
        } = self;
        write!(f, "{PREFIX}{namespace}-{pid}-{start}-{set}")
    }
}

fn namespace() -> io::Result<u64> {
    Ok(fs::metadata("/proc/self/ns/pid")?.ino())
}

/// When a process started, if it lives. One that has ended and that nobody has waited for holds nothing any more.
fn start(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(") ")?;
    if after.starts_with(['Z', 'X']) {
        return None;
    }
    after.split(' ').nth(START_AT)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Owner;

    #[test]
    fn a_name_says_whose_it_is() {
        let own = Owner::own().unwrap();
        assert!(!own.is_gone());
        assert_eq!(Owner::parse(&format!("{own}.7")), Some(own.clone()));
        assert_eq!(Owner::parse(&own.to_string()), Some(own.clone()));
        assert_ne!(Owner::own().unwrap(), own);
    }

    #[test]
    fn who_has_the_number_now_is_another() {
        let own = Owner::own().unwrap();
        let dead = Owner {
            start: own.start + 1,
            ..own.clone()
        };
        assert!(dead.is_gone());
        let unknown = Owner {
            namespace: 1,
            ..dead
        };
        assert!(!unknown.is_gone());
    }

    #[test]
    fn other_names_are_nobodys() {
        for name in [
            "",
            "thorp-",
            "thorp-1-2-3",
            "thorp-1-2-3-4-5",
            "thorp-a-2-3-4",
            "x-1-2-3-4",
        ] {
            assert_eq!(Owner::parse(name), None, "{name}");
        }
    }
}

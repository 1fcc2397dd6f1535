//! What many hostile processes, killed at any moment, leave behind: nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thorp_jail::limits::GROUPS_KEPT_MAX;
use tokio::task::JoinSet;

use crate::ground::{Ground, attack};
use crate::native;
use crate::setting::{Setting, alone, as_ordinary_user};

const COUNT: usize = 2_000;
const AT_ONCE: usize = 8;
/// The first processes fill what is kept: buffers of the allocator, pages of the zygote.
const WARM_UP: usize = 100;
/// For all processes together: what an allocator's buffers may vary by.
const GROWTH_BYTES_MAX: u64 = 8 << 20;
const LIFE_MICROS_MAX: u64 = 12_000;
/// In how many trees of the kernel a process may have groups.
const TREES_MAX: usize = 3;

/// What a host has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Holdings {
    processes: usize,
    mounts: usize,
    descriptors: usize,
    zygote_descriptors: usize,
    zygote_mounts: usize,
}

async fn check(setting: Setting, count: usize) {
    if !setting.is_here() {
        return;
    }
    let ground = native::ground(setting).await;
    start_and_kill(&ground, WARM_UP).await;
    let zygote = zygote();
    let before = settled(&ground, zygote, None).await;
    let memory = [resident("self"), resident(&zygote.to_string())];
    start_and_kill(&ground, count).await;
    let after = settled(&ground, zygote, Some(&before)).await;
    let grown = [resident("self"), resident(&zygote.to_string())]
        .iter()
        .zip(memory)
        .map(|(now, then)| now.saturating_sub(then))
        .collect::<Vec<_>>();
    println!("{setting:?}: {count} processes; {after:?}; host and zygote grew by {grown:?} bytes");
    assert_eq!(after, before);
    assert!(
        grown.iter().all(|bytes| *bytes < GROWTH_BYTES_MAX),
        "{grown:?}"
    );
    ground.is_unharmed();
    // And those around them, and the town's.
    let most = (GROUPS_KEPT_MAX + 1) * TREES_MAX + TREES_MAX;
    let mut held = groups();
    for _ in 0..200 {
        if held <= most {
            break;
        }
        // The last ones are on their way.
        tokio::time::sleep(Duration::from_millis(10)).await;
        held = groups();
    }
    println!("{held} groups for {:?}", ground.groups().held());
    assert!(held <= most, "{held}");
    ground.groups().close();
    drop(ground);
    assert_eq!(emptied().await, 0);
}

/// How many control groups of this process there are, without the one that it may be in itself.
fn groups() -> usize {
    fn count(folder: &Path, mark: &str) -> usize {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        folders
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_own = name.starts_with("thorp-") && name.contains(mark);
                let below = count(&entry.path(), mark);
                below
                    + usize::from(is_own && !name.ends_with(".town"))
                    + numbered(&name, folder, mark)
            })
            .sum()
    }
    count(
        Path::new("/sys/fs/cgroup"),
        &format!("-{}-", std::process::id()),
    )
}

/// Below the group around all, groups are numbers.
fn numbered(name: &str, folder: &Path, mark: &str) -> usize {
    let around = folder.file_name().unwrap_or_default().to_string_lossy();
    let is_own = around.starts_with("thorp-") && around.contains(mark);
    usize::from(is_own && name.parse::<u64>().is_ok())
}

/// What is left of them when the last process has ended.
async fn emptied() -> usize {
    for _ in 0..200 {
        if groups() == 0 {
            return 0;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    groups()
}

/// Every second one attacks, the others wait; all are killed after a random time.
async fn start_and_kill(ground: &Ground, count: usize) {
    let cases = native::cases();
    let mut random = Random(u64::from(std::process::id()));
    let mut running = JoinSet::new();
    for number in 0..count {
        if running.len() == AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
        let order = match number % 2 {
            0 => native::order(ground, &cases[random.below(cases.len() as u64) as usize]),
            _ => attack(&ground.attacker, vec!["wait".to_owned()]),
        };
        let sandbox = ground.start(&order).await;
        let life = Duration::from_micros(random.below(LIFE_MICROS_MAX));
        running.spawn(async move {
            tokio::time::sleep(life).await;
            drop(sandbox);
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

/// What is held once it is as expected, or no longer changes.
async fn settled(ground: &Ground, zygote: i32, expected: Option<&Holdings>) -> Holdings {
    let mut last = None;
    for _ in 0..200 {
        let now = holdings(&ground.attacker, zygote);
        let done = expected.map_or(last.as_ref() == Some(&now), |expected| *expected == now);
        if done {
            return now;
        }
        last = Some(now);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    last.unwrap()
}

fn holdings(attacker: &Path, zygote: i32) -> Holdings {
    let entries = |path: String| fs::read_dir(path).unwrap().count();
    let lines = |path: String| fs::read_to_string(path).unwrap().lines().count();
    Holdings {
        processes: processes(attacker).len() + children().len(),
        mounts: lines("/proc/self/mountinfo".to_owned()),
        descriptors: entries("/proc/self/fd".to_owned()),
        zygote_descriptors: entries(format!("/proc/{zygote}/fd")),
        zygote_mounts: lines(format!("/proc/{zygote}/mountinfo")),
    }
}

fn pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Everybody who runs this program, in whatever namespace.
fn processes(program: &Path) -> Vec<i32> {
    let runs = |pid: &i32| {
        let found: PathBuf = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        found == program
    };
    pids().into_iter().filter(runs).collect()
}

/// Children of this process, those included that have ended and that nobody has waited for.
fn children() -> Vec<i32> {
    let own = std::process::id().to_string();
    let is_child = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1));
        parent == Some(&own)
    };
    pids().into_iter().filter(is_child).collect()
}

fn zygote() -> i32 {
    let is_zygote = |pid: &i32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"thorp-zygote"))
    };
    children().into_iter().find(is_zygote).unwrap()
}

/// Pages in memory that no file backs.
fn resident(pid: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kibibytes = line.unwrap().trim().trim_end_matches(" kB");
    kibibytes.parse::<u64>().unwrap() << 10
}

/// Enough to be unpredictable for a process.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        // The constants of MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[tokio::test]
async fn killed_attackers_leave_nothing() {
    if !alone("leaks::killed_attackers_leave_nothing") {
        check(Setting::Root, COUNT).await;
    }
}

#[tokio::test]
async fn killed_attackers_leave_nothing_of_an_ordinary_user() {
    if !as_ordinary_user("leaks::killed_attackers_leave_nothing_of_an_ordinary_user") {
        check(Setting::Ordinary, COUNT).await;
    }
}

#[tokio::test]
async fn killed_attackers_leave_nothing_without_namespaces() {
    if !alone("leaks::killed_attackers_leave_nothing_without_namespaces") {
        check(Setting::NoNamespaces, COUNT).await;
    }
}

//! A folder that looks like the second version's tree, and the kernel's own, where this user may write it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::name::Owner;
use super::place::{Controller, Place, Version};
use super::tree::Tree;
use super::{GroupLimits, Part, remove};

const LIMITS: GroupLimits = GroupLimits {
    memory_bytes: 64 << 20,
    memory_percent_all: 50,
    threads: 20,
};
const FILES: [&str; 8] = [
    "cgroup.procs",
    "memory.max",
    "memory.swap.max",
    "memory.oom.group",
    "memory.events",
    "pids.max",
    "cpu.weight",
    "cpu.idle",
];

/// The kernel fills a folder with files when it is made; here they are there before.
fn group(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for file in FILES {
        fs::write(folder.join(file), "").unwrap();
    }
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap()
}

fn base(controllers: &str, enabled: &str) -> tempfile::TempDir {
    let base = tempfile::tempdir().unwrap();
    group(base.path());
    for (file, text) in [
        ("cgroup.controllers", controllers),
        ("cgroup.subtree_control", enabled),
    ] {
        fs::write(base.path().join(file), text).unwrap();
    }
    base
}

fn place(folder: &Path) -> Place {
    Place {
        version: Version::V2,
        controllers: Controller::ALL.to_vec(),
        folder: folder.to_owned(),
    }
}

fn numbered(base: &Path, owner: &Owner, number: u64) -> PathBuf {
    base.join(format!("{owner}.{number}"))
}

/// Opens a tree there, and says what cannot be had.
fn open(base: &Path, owner: &Owner) -> (Tree, Vec<&'static str>) {
    group(&numbered(base, owner, u64::MAX));
    let (tree, refused) = Tree::open(place(base), owner, &LIMITS);
    let refused = refused.iter().map(|(one, _)| one.name()).collect();
    (tree.unwrap(), refused)
}

#[test]
fn the_town_leaves_its_group_and_gives_limits_to_those_below() {
    let base = base("cpuset cpu io memory pids", "");
    let owner = Owner::own().unwrap();
    let town = base.path().join(format!("{owner}.town"));
    group(&town);
    let (tree, refused) = open(base.path(), &owner);
    assert_eq!(read(&town, "cgroup.procs"), "0");
    let enabled = read(base.path(), "cgroup.subtree_control");
    assert_eq!(enabled, "+memory\n+pids\n+cpu\n");
    assert_eq!(refused, [""; 0]);
    let folder = numbered(base.path(), &owner, 1);
    group(&folder);
    tree.make(1, &LIMITS).unwrap();
    tree.set_part(1, Part::Full, Part::Left).unwrap();
    let found = FILES.map(|file| format!("{file}={}", read(&folder, file)));
    assert_eq!(
        found,
        [
            "cgroup.procs=",
            "memory.max=67108864",
            "memory.swap.max=0",
            "memory.oom.group=1",
            "memory.events=",
            "pids.max=20",
            "cpu.weight=100",
            "cpu.idle=1",
        ]
    );
}

/// What the town's own group is told when the last set is closed, with somebody else's groups in it or without.
fn told_at_the_end(others: bool) -> (String, String) {
    let base = base("memory", "");
    let owner = Owner::own().unwrap();
    let town = base.path().join(format!("{owner}.town"));
    group(&town);
    let (tree, _) = open(base.path(), &owner);
    let further = Owner::own().unwrap();
    group(&numbered(base.path(), &further, u64::MAX));
    fs::write(base.path().join("cgroup.subtree_control"), "memory\n").unwrap();
    let (set, _) = open(base.path(), &further);
    for owner in [&owner, &further] {
        fs::remove_dir_all(numbered(base.path(), owner, u64::MAX)).unwrap();
    }
    if others {
        fs::create_dir(base.path().join("other")).unwrap();
    }
    tree.close();
    let control = || read(base.path(), "cgroup.subtree_control");
    assert_eq!(control(), "memory\n");
    set.close();
    (control(), read(base.path(), "cgroup.procs"))
}

#[test]
fn the_town_returns_to_its_group_with_the_last_set() {
    let told = ("memory\n-memory\n".to_owned(), "0".to_owned());
    assert_eq!(told_at_the_end(false), told);
    assert_eq!(
        told_at_the_end(true),
        ("memory\n".to_owned(), String::new())
    );
}

#[test]
fn what_is_enabled_already_moves_nobody() {
    let base = base("memory pids", "memory pids");
    let owner = Owner::own().unwrap();
    let (tree, refused) = open(base.path(), &owner);
    assert_eq!(tree.controllers, [Controller::Memory, Controller::Threads]);
    assert_eq!(refused, ["cpu"]);
    assert!(!base.path().join(format!("{owner}.town")).exists());
}

#[test]
fn a_town_that_was_moved_looks_one_above() {
    let base = base("memory", "memory");
    let owner = Owner::own().unwrap();
    let town = base.path().join(format!("{owner}.town"));
    fs::create_dir(&town).unwrap();
    group(&numbered(base.path(), &owner, u64::MAX));
    let (tree, _) = Tree::open(place(&town), &owner, &LIMITS);
    group(&numbered(base.path(), &owner, 1));
    tree.unwrap().make(1, &LIMITS).unwrap();
    let found = read(&numbered(base.path(), &owner, 1), "memory.max");
    assert_eq!(found, "67108864");
}

#[test]
fn nothing_can_be_had_where_nothing_is_delegated() {
    let owner = Owner::own().unwrap();
    let without = base("", "");
    let (tree, refused) = Tree::open(place(without.path()), &owner, &LIMITS);
    assert!(tree.is_none());
    assert_eq!(refused.len(), 3);
    let (tree, refused) = Tree::open(place(Path::new("/nonexistent")), &owner, &LIMITS);
    assert!(tree.is_none());
    assert_eq!(refused.len(), 3);
}

#[test]
fn the_second_version_tells_why_it_ended_a_process() {
    let base = base("memory", "memory");
    let owner = Owner::own().unwrap();
    let (tree, _) = open(base.path(), &owner);
    let folder = numbered(base.path(), &owner, 1);
    group(&folder);
    let check = |events: &str, expected| {
        fs::write(folder.join("memory.events"), events).unwrap();
        assert_eq!(tree.shortages(1), expected, "{events}");
    };
    check("low 0\nhigh 0\nmax 9\noom 0\noom_kill 0\n", (0, false));
    check(
        "low 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 1\n",
        (1, true),
    );
    check("low 0\nmax 0\noom 0\noom_kill 2\n", (2, false));
}

/// The second version's tree is not ours to limit here, but who is in a group of it can be ended.
#[test]
fn everybody_in_a_group_is_ended_with_it() {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let mut places =
        super::place::places(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"));
    places.push(place(Path::new("/sys/fs/cgroup/unified")));
    let mut tried = 0;
    for place in places {
        let folder = place.folder.join(format!("{}.test", Owner::own().unwrap()));
        if fs::create_dir(&folder).is_err() {
            continue;
        }
        tried += 1;
        let mut sleeper = Command::new("sleep")
            .arg("1000")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let entered = fs::write(folder.join("cgroup.procs"), sleeper.id().to_string());
        let ended = std::thread::spawn(move || sleeper.wait().unwrap());
        remove::folder(&folder);
        assert!(entered.is_err() || ended.join().unwrap().code().is_none());
        assert!(!folder.exists(), "{}", folder.display());
    }
    if tried == 0 {
        eprintln!("skipped: this user of this machine may make no control groups");
    }
}

#[test]
fn groups_of_ended_towns_are_removed_and_others_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let own = Owner::own().unwrap().to_string();
    let namespace = own.split('-').nth(1).unwrap();
    let dead = format!("thorp-{namespace}-1-1-0");
    let names = [dead.clone(), format!("{dead}.7"), own, "other".to_owned()];
    for name in &names {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::create_dir(folder.path().join(&dead).join("3")).unwrap();
    remove::stale(folder.path());
    let left: Vec<bool> = names
        .iter()
        .map(|name| folder.path().join(name).exists())
        .collect();
    assert_eq!(left, [false, false, true, true]);
}

/// The kernel's own second version, as far as this machine leaves it something to bound.
fn real_base() -> Option<(PathBuf, PathBuf)> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mounted = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    let root = PathBuf::from(mounted.split(' ').nth(4)?);
    let base = root.join(format!("thorp-test-{}", std::process::id()));
    fs::create_dir(&base).ok()?;
    let has = |folder: &Path| read(folder, "cgroup.controllers").contains("hugetlb");
    if has(&root) && !has(&base) {
        fs::write(root.join("cgroup.subtree_control"), "+hugetlb").unwrap();
    }
    if has(&base) {
        return Some((root, base));
    }
    fs::remove_dir(&base).unwrap();
    None
}

/// The group of this process, as the kernel says.
fn own_group() -> String {
    let text = fs::read_to_string("/proc/self/cgroup").unwrap();
    let line = text.lines().find(|line| line.starts_with("0::")).unwrap();
    line.trim_start_matches("0::").to_owned()
}

#[test]
fn the_kernels_second_version_takes_a_town_and_its_groups() {
    let Some((root, base)) = real_base() else {
        eprintln!("skipped: the second version has nothing to bound here, or not for this user");
        return;
    };
    fs::write(base.join("cgroup.procs"), "0").unwrap();
    let owner = Owner::own().unwrap();
    let place = Place {
        controllers: vec![Controller::HugePages],
        ..place(&base)
    };
    let (tree, refused) = Tree::open(place.clone(), &owner, &LIMITS);
    let tree = tree.unwrap();
    assert_eq!(refused.len(), 0, "{refused:?}");
    assert!(own_group().ends_with(&format!("{owner}.town")));
    assert_eq!(read(&base, "cgroup.subtree_control").trim(), "hugetlb");
    // A further set of this process finds it done.
    let (further, _) = Tree::open(place, &Owner::own().unwrap(), &LIMITS);
    let further = further.unwrap();
    tree.make(1, &LIMITS).unwrap();
    let group = numbered(&base, &owner, 1);
    assert_eq!(
        read(&group, "hugetlb.2MB.max").trim(),
        (64 << 20).to_string()
    );
    let mut sleeper = Command::new("sleep").arg("1000").spawn().unwrap();
    let id = sleeper.id().to_string();
    // A group that has groups takes no process.
    assert!(fs::write(base.join("cgroup.procs"), &id).is_err());
    fs::write(group.join("cgroup.procs"), &id).unwrap();
    assert!(read(&group, "cgroup.events").contains("populated 1"));
    // Also one that does not run.
    fs::write(group.join("cgroup.freeze"), "1").unwrap();
    assert!(tree.empty(1));
    assert_eq!(sleeper.wait().unwrap().code(), None);
    fs::write(group.join("cgroup.freeze"), "0").unwrap();
    assert!(read(&group, "cgroup.events").contains("populated 0"));
    tree.remove(1);
    assert!(!group.exists());
    tree.close();
    assert!(own_group().ends_with(".town"), "the further set is there");
    further.close();
    assert_eq!(
        own_group(),
        format!("/{}", base.file_name().unwrap().display())
    );
    assert_eq!(read(&base, "cgroup.subtree_control").trim(), "");
    fs::write(root.join("cgroup.procs"), "0").unwrap();
    fs::remove_dir(&base).unwrap();
}

//! Control groups of real processes, by the real kernel. Where this user of this machine may make none, a test says so and
//! ends.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use thorp_jail::{
    Command, Exit, GroupLimits, Groups, Input, Jail, Layers, Limits, Part, Sandbox, Shortage,
    Spawner,
};
use tokio::io::AsyncReadExt;

const CONFINE: &str = env!("CARGO_BIN_EXE_thorp-jail-confine");
/// Makes this program a host that starts a process and waits to be killed.
const HOST: &str = "THORP_TEST_HOST";

const LIMITS: GroupLimits = GroupLimits {
    memory_bytes: 64 << 20,
    memory_percent_all: 50,
    threads: 20,
};
/// Fills memory until it has this many MiB.
const FILL: &str = "head -c ${1}m /dev/zero | tail -c 1 | wc -c";

fn shell(script: &str, args: &[&str]) -> Command {
    let words = ["-c", script, "sh"].into_iter().chain(args.iter().copied());
    Command {
        program: "/bin/sh".into(),
        args: words.map(Into::into).collect(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        cwd: "/tmp".into(),
        private: None,
        stdin: Input::Empty,
        limits: Limits::default(),
    }
}

/// Groups that hold this, if there can be any.
fn groups(what: &str, limits: GroupLimits) -> Option<Groups> {
    let groups = Groups::open(limits);
    if groups.held().contains(&what) {
        return Some(groups);
    }
    println!(
        "skipped: no control groups for {what}: {:?}",
        groups.refused()
    );
    None
}

fn spawner(groups: &Groups) -> Spawner {
    Spawner::with_groups(PathBuf::from(CONFINE), Jail::none(), groups.clone()).unwrap()
}

async fn output(sandbox: &Sandbox) -> (String, Exit) {
    let mut text = String::new();
    let mut stdout = sandbox.take_stdout().unwrap().unwrap();
    stdout.read_to_string(&mut text).await.unwrap();
    (text, sandbox.wait().await.unwrap())
}

/// The groups that a process has of its host's.
fn own(sandbox: &Sandbox) -> BTreeSet<String> {
    let text = fs::read_to_string(format!("/proc/{}/cgroup", sandbox.pid())).unwrap();
    let mark = mark(std::process::id());
    text.lines()
        .filter(|line| line.contains(&mark) && !line.ends_with(".town"))
        .map(str::to_owned)
        .collect()
}

/// All groups of the machine that have this in their names.
fn named(name: &str) -> Vec<PathBuf> {
    fn search(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if entry.file_name().to_string_lossy().contains(name) {
                found.push(entry.path());
            }
            search(&entry.path(), name, found);
        }
    }
    let mut found = Vec::new();
    search(Path::new("/sys/fs/cgroup"), name, &mut found);
    found
}

/// What the groups of a process have in their names.
fn mark(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, after) = stat.rsplit_once(") ").unwrap();
    format!("-{pid}-{}-", after.split(' ').nth(19).unwrap())
}

async fn holds(condition: impl Fn() -> bool) -> bool {
    for _ in 0..500 {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn memory_is_bounded_for_all_of_a_process_together() {
    let Some(groups) = groups("memory", LIMITS) else {
        return;
    };
    let spawner = spawner(&groups);
    let neighbour = spawner.spawn(&shell("sleep 1000", &[])).await.unwrap();
    let fits = spawner.spawn(&shell(FILL, &["8"])).await.unwrap();
    assert_eq!(output(&fits).await, ("1\n".to_owned(), Exit::Code(0)));
    assert_eq!(fits.shortage(), None);
    // Each by itself would fit.
    let script = r#"for i in 1 2 3 4; do sh -c 'a=$(head -c 24m /dev/zero | tr "\0" x); sleep 5' & done; wait"#;
    for script in ["a=$(head -c 200m /dev/zero | tr '\\0' x)", script] {
        let bomb = spawner.spawn(&shell(script, &[])).await.unwrap();
        assert!(holds(|| bomb.shortage().is_some()).await, "{script}");
        assert_eq!(bomb.shortage(), Some(Shortage::Own), "{script}");
    }
    assert_eq!(neighbour.exit().unwrap(), None);
    assert_eq!(neighbour.shortage(), None);
}

#[tokio::test]
async fn memory_is_bounded_for_all_processes_together() {
    let total = rustix::system::sysinfo().totalram;
    // One hundredth of the machine's: more than what one needs, and less than what all want.
    let limits = GroupLimits {
        memory_bytes: total,
        memory_percent_all: 1,
        ..LIMITS
    };
    let Some(groups) = groups("memory", limits) else {
        return;
    };
    let spawner = spawner(&groups);
    let first = spawner.spawn(&shell("sleep 1000", &[])).await.unwrap();
    if !own(&first).iter().any(|group| group.contains(":memory:")) {
        println!("skipped: the second version has no group around all");
        return;
    }
    let script = "a=$(head -c ${1} /dev/zero | tr '\\0' x)";
    let much = (total / 50).to_string();
    let bomb = spawner.spawn(&shell(script, &[&much])).await.unwrap();
    assert!(holds(|| bomb.shortage().is_some()).await);
    assert_eq!(bomb.shortage(), Some(Shortage::Together));
    assert_eq!(first.exit().unwrap(), None);
}

#[tokio::test]
async fn threads_are_bounded() {
    let Some(groups) = groups("threads", LIMITS) else {
        return;
    };
    let script = "for i in $(seq 40); do sleep 1000 >/dev/null 2>&1 & done; echo all";
    let sandbox = spawner(&groups).spawn(&shell(script, &[])).await.unwrap();
    let (text, exit) = output(&sandbox).await;
    assert_ne!((text.as_str(), exit), ("all\n", Exit::Code(0)));
}

#[tokio::test]
async fn who_comes_after_a_flood_of_threads_feels_nothing_of_it() {
    let Some(groups) = groups("threads", LIMITS) else {
        return;
    };
    let spawner = spawner(&groups);
    let flood = "for i in $(seq 40); do sleep 1000 >/dev/null 2>&1 & done; wait";
    for _ in 0..10 {
        let sandbox = spawner.spawn(&shell(flood, &[])).await.unwrap();
        output(&sandbox).await;
        sandbox.destroy();
        let next = "for i in 1 2 3 4 5; do /bin/true || exit 1; done; echo done";
        let sandbox = spawner.spawn(&shell(next, &[])).await.unwrap();
        assert_eq!(output(&sandbox).await.0, "done\n");
    }
}

#[tokio::test]
async fn processor_time_is_shared_by_processes_not_by_threads() {
    let Some(groups) = groups("processor time", LIMITS) else {
        return;
    };
    let background = Command {
        limits: Limits {
            idle_priority: true,
            ..Limits::default()
        },
        ..shell("echo ready; exec sleep 1000", &[])
    };
    let sandbox = spawner(&groups).spawn(&background).await.unwrap();
    let read = |sandbox: &Sandbox, file: &str| {
        let group = own(sandbox).into_iter().find(|line| {
            let names = line.split(':').nth(1).unwrap();
            names.is_empty() || names.split(',').any(|name| name == "cpu")
        });
        let name = group.unwrap().rsplit('/').next().unwrap().to_owned();
        let mut texts = named(&name)
            .into_iter()
            .map(|folder| fs::read_to_string(folder.join(file)));
        texts
            .find_map(Result::ok)
            .map(|text| text.trim().to_owned())
    };
    let full = |shares: &str| match read(&sandbox, "cpu.shares") {
        Some(found) => assert_eq!(found, shares),
        None => assert!(read(&sandbox, "cpu.weight").is_some()),
    };
    let mut ready = [0; 6];
    let mut stdout = sandbox.take_stdout().unwrap().unwrap();
    stdout.read_exact(&mut ready).await.unwrap();
    let idle = || read(&sandbox, "cpu.idle");
    let has_idle = idle().is_some();
    let when = |is_idle: &str| has_idle.then(|| is_idle.to_owned());
    assert_eq!(idle(), when("0"));
    full("64");
    sandbox.raise_priority().unwrap();
    full("1024");
    sandbox.set_part(Part::Left).unwrap();
    assert_eq!(idle(), when("1"));
    sandbox.set_part(Part::Full).unwrap();
    assert_eq!(idle(), when("0"));
    full("1024");
}

#[tokio::test]
async fn groups_are_used_again_and_leave_nothing() {
    let Some(groups) = groups("memory", LIMITS) else {
        return;
    };
    let spawner = spawner(&groups);
    let mut seen = BTreeSet::new();
    for _ in 0..50 {
        let sandbox = spawner.spawn(&shell("exec sleep 1000", &[])).await.unwrap();
        assert!(holds(|| !own(&sandbox).is_empty()).await);
        assert_eq!(sandbox.exit().unwrap(), None);
        seen.extend(own(&sandbox));
        sandbox.destroy();
    }
    let trees: BTreeSet<&str> = seen
        .iter()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    // Now and then another is taken, as the kernel counts ended threads for a while.
    assert!(seen.len() <= 10 * trees.len(), "{seen:?}");
    assert!(!named(&mark(std::process::id())).is_empty());
    groups.close();
    let left = named(&mark(std::process::id()));
    let left: Vec<_> = left
        .iter()
        .filter(|path| !path.ends_with(".town"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(spawner.spawn(&shell("true", &[])).await.is_err());
}

#[tokio::test]
async fn one_set_has_groups_of_several_sizes() {
    let Some(groups) = groups("memory", LIMITS) else {
        return;
    };
    let small = groups.with_limits(12 << 20, 4);
    let (large, small) = (spawner(&groups), spawner(&small));
    let fill = shell(
        "exec dd if=/dev/zero of=/dev/null bs=24M count=1 2>/dev/null",
        &[],
    );
    let flood = "for i in $(seq 12); do sleep 1000 >/dev/null 2>&1 & done; echo all";
    for _ in 0..10 {
        let fits = large.spawn(&fill).await.unwrap();
        assert_eq!(output(&fits).await.1, Exit::Code(0));
        let bomb = small.spawn(&fill).await.unwrap();
        assert!(holds(|| bomb.shortage().is_some()).await);
        assert_eq!(bomb.shortage(), Some(Shortage::Own));
        let (text, exit) = output(&small.spawn(&shell(flood, &[])).await.unwrap()).await;
        if groups.held().contains(&"threads") {
            assert_ne!((text.as_str(), exit), ("all\n", Exit::Code(0)));
        }
        let (text, _) = output(&large.spawn(&shell(flood, &[])).await.unwrap()).await;
        assert_eq!(text, "all\n");
    }
    drop((large, small));
    groups.close();
    // Processes that were dropped are waited for by others.
    let own = mark(std::process::id());
    assert!(holds(|| named(&own).is_empty()).await, "{:?}", named(&own));
}

#[tokio::test]
async fn who_leaves_its_session_ends_with_its_group() {
    let Some(groups) = groups("threads", LIMITS) else {
        return;
    };
    let script = "setsid sleep 1000 & echo $!; exec sleep 1000";
    let sandbox = spawner(&groups).spawn(&shell(script, &[])).await.unwrap();
    let mut line = [0; 16];
    let mut stdout = sandbox.take_stdout().unwrap().unwrap();
    let length = stdout.read(&mut line).await.unwrap();
    let pid = std::str::from_utf8(&line[..length]).unwrap().trim();
    let stat = format!("/proc/{pid}/stat");
    assert!(Path::new(&stat).exists());
    sandbox.destroy();
    let ended = || fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z "));
    assert!(holds(ended).await);
}

#[tokio::test]
async fn the_groups_of_a_killed_host_are_removed_by_the_next() {
    if std::env::var_os(HOST).is_some() {
        return host().await;
    }
    let Some(_groups) = groups("memory", LIMITS) else {
        return;
    };
    let test = "the_groups_of_a_killed_host_are_removed_by_the_next";
    let mut host = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(HOST, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(host.stdout.take().unwrap()).lines();
    let started = |line: &String| line.contains("started");
    assert!(lines.map(Result::unwrap).any(|line| started(&line)));
    let mark = mark(host.id());
    assert!(!named(&mark).is_empty());
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(!named(&mark).is_empty());
    let _next = Groups::open(LIMITS);
    let left = named(&mark);
    assert!(left.is_empty(), "{left:?}");
}

async fn host() {
    let groups = Groups::open(LIMITS);
    let sandbox = spawner(&groups)
        .spawn(&shell("sleep 1000", &[]))
        .await
        .unwrap();
    assert!(holds(|| !own(&sandbox).is_empty()).await);
    println!("started");
    std::future::pending().await
}

#[tokio::test]
async fn without_groups_a_process_is_where_its_host_is() {
    let sandbox = spawner(&Groups::none())
        .spawn(&shell("sleep 1000", &[]))
        .await
        .unwrap();
    assert!(own(&sandbox).is_empty());
    assert_eq!(sandbox.shortage(), None);
}

#[tokio::test]
async fn it_is_in_its_groups_before_it_is_the_program() {
    let Some(groups) = groups("memory", LIMITS) else {
        return;
    };
    let jail = Jail {
        layers: Layers::NONE,
        ..Jail::none()
    };
    let spawner = Spawner::with_groups(CONFINE.into(), jail, groups).unwrap();
    for _ in 0..20 {
        let sandbox = spawner
            .spawn(&shell("cat /proc/self/cgroup", &[]))
            .await
            .unwrap();
        let (text, _) = output(&sandbox).await;
        assert!(text.contains(&mark(std::process::id())), "{text}");
    }
}

#[tokio::test]
async fn the_kernel_takes_processes_before_their_host() {
    let sandbox = spawner(&Groups::none())
        .spawn(&shell("cat /proc/self/oom_score_adj", &[]))
        .await
        .unwrap();
    assert_eq!(output(&sandbox).await.0, "500\n");
}

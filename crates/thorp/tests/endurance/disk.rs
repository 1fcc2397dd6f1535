//! A data folder that takes no more.
//!
//! Its file system is small, and made in a mount namespace of the test's own. Where the system allows none, there is
//! nothing to test.

use super::caller::Caller;
use super::support::{eventually, town_command};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const UNSHARE: [&str; 4] = ["--user", "--map-root-user", "--mount", "--"];
/// Mounts the data folder with room for a ballast, then becomes the town.
const MOUNT: &str = r#"mount -t tmpfs -o size=10m none "$THORP_DATA" && head -c 5M /dev/zero > "$THORP_DATA/ballast" && exec "$@""#;
/// Mounts the data folder so that nobody writes there, then becomes the town.
const MOUNT_READ_ONLY: &str = r#"mount -t tmpfs -o ro none "$THORP_DATA" && exec "$@""#;
/// More than the log and the file of the database have room for.
const FULL_AFTER_MAX: usize = 100;

/// Runs a town behind a script.
fn behind(script: &str, folder: &Path) -> Command {
    let town = town_command(folder, &[]);
    let data = town
        .get_envs()
        .find(|(name, _)| *name == "THORP_DATA")
        .unwrap()
        .1
        .unwrap();
    std::fs::create_dir_all(data).unwrap();
    let mut command = Command::new("unshare");
    command
        .args(UNSHARE)
        .args(["sh", "-c", script, "sh"])
        .arg(town.get_program())
        .args(town.get_args())
        .env_clear();
    command.envs(
        town.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Whether a test may have file systems of its own.
fn may_mount() -> bool {
    let script = "mount -t tmpfs -o size=1m none /tmp";
    let tried = Command::new("unshare")
        .args(UNSHARE)
        .args(["sh", "-c", script])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

/// A town in a mount namespace of its own. Dropping it kills it.
struct Confined(Child);

impl Confined {
    fn signal(&self, signal: Signal) {
        kill_process(
            Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap(),
            signal,
        )
        .unwrap();
    }

    /// A path as the town sees it.
    fn path(&self, path: &Path) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.0.id())).join(path.strip_prefix("/").unwrap())
    }

    fn stop(mut self) -> String {
        self.signal(Signal::TERM);
        eventually("the town ends", || self.0.try_wait().unwrap().is_some());
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
        let mut log = String::new();
        self.0
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        log
    }
}

impl Drop for Confined {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    line.trim_end().to_owned()
}

/// Evaluates until the disk is full; the texts that were answered, by run.
fn fill(caller: &Caller) -> HashMap<String, String> {
    let mut answered = HashMap::new();
    for number in 0..FULL_AFTER_MAX {
        let answer = caller.eval(&format!("'{number} '.repeat(100000)"));
        if answer.status != 200 {
            assert_eq!(
                (answer.status, answer.code()),
                (500, "INTERNAL"),
                "{answer:?}"
            );
            return answered;
        }
        let text = answer.body.as_str().unwrap().to_owned();
        assert!(text == format!("{number} ").repeat(100000));
        answered.insert(answer.run.unwrap(), text);
    }
    panic!("the disk never gets full");
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = super::support::town_data(folder.path());
    let mut child = behind(MOUNT, folder.path()).spawn().unwrap();
    let url = first_line(&mut child);
    let town = Confined(child);
    let caller = Caller::new(
        &url,
        &std::fs::read_to_string(town.path(&data.join("owner.token"))).unwrap(),
    );
    let answered = fill(&caller);
    let kept = |runs: &HashMap<String, String>| {
        runs.iter()
            .all(|(run, text)| caller.run(run)["returnValue"] == text.as_str())
    };
    assert!(!answered.is_empty() && kept(&answered));
    std::fs::remove_file(town.path(&data.join("ballast"))).unwrap();
    // Nothing has to be started again.
    let number = caller.eval("6 * 7");
    assert_eq!((number.status, &number.body), (200, &serde_json::json!(42)));
    assert_eq!(caller.run(&number.run.unwrap())["returnValue"], 42);
    assert_eq!(caller.runs().len(), (answered.len() + 1).min(100));
    assert!(kept(&answered));
    let log = town.stop();
    assert!(log.contains("disk is full"), "{log}");
}

#[test]
fn a_folder_that_cannot_be_written_is_told_at_the_start() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = behind(MOUNT_READ_ONLY, folder.path()).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(stdout.is_empty() && !status.success(), "{status}: {stderr}");
    assert!(
        stderr.contains("Read-only file system") && stderr.contains("data"),
        "{stderr}"
    );
    let left: Vec<_> = std::fs::read_dir(folder.path().join("tmp"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

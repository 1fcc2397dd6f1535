//! Confined processes, with real ones.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thorp_jail::{Command, Exit, Input, Jail, Limits, Sandbox, Spawner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CONFINE: &str = env!("CARGO_BIN_EXE_thorp-jail-confine");

fn shell(script: &str) -> Command {
    Command {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: vec![(OsString::from("PATH"), OsString::from("/usr/bin:/bin"))],
        cwd: "/tmp".into(),
        private: None,
        stdin: Input::Empty,
        limits: Limits::default(),
    }
}

fn spawner() -> Spawner {
    Spawner::new(PathBuf::from(CONFINE), Jail::none()).unwrap()
}

async fn output(sandbox: &Sandbox) -> (String, String, Exit) {
    let (mut out, mut err) = (String::new(), String::new());
    sandbox
        .take_stdout()
        .unwrap()
        .unwrap()
        .read_to_string(&mut out)
        .await
        .unwrap();
    sandbox
        .take_stderr()
        .unwrap()
        .unwrap()
        .read_to_string(&mut err)
        .await
        .unwrap();
    (out, err, sandbox.wait().await.unwrap())
}

async fn check(command: Command, expected: (&str, &str, Exit)) {
    let sandbox = spawner().spawn(&command).await.unwrap();
    let (out, err, exit) = output(&sandbox).await;
    assert_eq!((out.as_str(), err.as_str(), exit), expected);
}

fn exists(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
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

/// Whether a process ends soon. Nobody may reap an orphan of a test, so that a zombie counts as ended.
async fn gone(pid: i32) -> bool {
    let stat = format!("/proc/{pid}/stat");
    holds(|| fs::read_to_string(&stat).is_ok_and(|text| text.contains(") Z ")) || !exists(pid))
        .await
}

#[tokio::test]
async fn output_and_exit_code_are_passed_on() {
    check(
        shell("echo out; echo err >&2; exit 3"),
        ("out\n", "err\n", Exit::Code(3)),
    )
    .await;
    check(shell("kill -TERM $$"), ("", "", Exit::Signal(15))).await;
}

#[tokio::test]
async fn the_environment_is_only_what_was_given() {
    let command = Command {
        program: "/usr/bin/env".into(),
        args: Vec::new(),
        ..shell("")
    };
    check(command, ("PATH=/usr/bin:/bin\n", "", Exit::Code(0))).await;
}

#[tokio::test]
async fn no_descriptor_is_inherited() {
    let _file = fs::File::open("/proc/self/status").unwrap();
    check(
        shell("exec ls /proc/self/fd"),
        ("0\n1\n2\n3\n", "", Exit::Code(0)),
    )
    .await;
}

#[tokio::test]
async fn limits_are_applied() {
    let limits = Limits {
        data_bytes: Some(256 << 20),
        data_bytes_in_group: Some(256 << 20),
        file_bytes: 1 << 20,
        open_files: 64,
        idle_priority: false,
    };
    let script =
        "ulimit -c; ulimit -d; ulimit -f; ulimit -n; umask; grep NoNewPrivs /proc/self/status";
    let expected = "0\n262144\n2048\n64\n0077\nNoNewPrivs:\t1\n";
    check(
        Command {
            limits,
            ..shell(script)
        },
        (expected, "", Exit::Code(0)),
    )
    .await;
}

#[tokio::test]
async fn the_session_is_its_own() {
    let sandbox = spawner()
        .spawn(&shell("ps -o sid= -p $$ || cut -d' ' -f6 /proc/$$/stat"))
        .await
        .unwrap();
    let (out, _, _) = output(&sandbox).await;
    assert_eq!(out.trim(), sandbox.pid().to_string());
}

#[tokio::test]
async fn input_is_a_pipe_if_asked_for() {
    let sandbox = spawner()
        .spawn(&Command {
            private: None,
            stdin: Input::Pipe,
            ..shell("cat")
        })
        .await
        .unwrap();
    let mut stdin = sandbox.take_stdin().unwrap().unwrap();
    stdin.write_all(b"hello").await.unwrap();
    drop(stdin);
    assert_eq!(output(&sandbox).await.0, "hello");
}

#[tokio::test]
async fn a_failing_step_is_named() {
    let command = Command {
        program: "/nonexistent".into(),
        ..shell("")
    };
    check(
        command,
        (
            "",
            "confine: execve: No such file or directory (os error 2)\n",
            Exit::Code(119),
        ),
    )
    .await;
    let command = Command {
        cwd: "/nonexistent".into(),
        ..shell("")
    };
    check(
        command,
        (
            "",
            "confine: chdir: No such file or directory (os error 2)\n",
            Exit::Code(119),
        ),
    )
    .await;
}

#[tokio::test]
async fn dropping_ends_the_whole_session() {
    let sandbox = spawner()
        .spawn(&shell("sleep 1000 & echo $!; sleep 1000"))
        .await
        .unwrap();
    let mut stdout = sandbox.take_stdout().unwrap().unwrap();
    let mut line = vec![0; 32];
    let length = stdout.read(&mut line).await.unwrap();
    let grandchild: i32 = std::str::from_utf8(&line[..length])
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let child = sandbox.pid();
    assert!(exists(child) && exists(grandchild));
    drop(sandbox);
    assert!(gone(child).await && gone(grandchild).await);
}

#[tokio::test]
async fn destroying_leaves_no_zombie() {
    let sandbox = spawner().spawn(&shell("sleep 1000")).await.unwrap();
    let pid = sandbox.pid();
    sandbox.destroy();
    assert!(!exists(pid));
    sandbox.destroy();
    assert!(sandbox.wait().await.is_err());
}

#[tokio::test]
async fn an_ended_process_can_still_be_measured() {
    let sandbox = spawner()
        .spawn(&shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"))
        .await
        .unwrap();
    assert_eq!(sandbox.wait().await.unwrap(), Exit::Code(0));
    assert!(sandbox.cpu_time().unwrap() > Duration::from_millis(1));
    assert_eq!(sandbox.memory().unwrap().resident, 0);
}

#[tokio::test]
async fn a_process_is_measured() {
    let sandbox = spawner()
        .spawn(&shell("echo up; while :; do sleep 1000; done"))
        .await
        .unwrap();
    let mut line = [0; 3];
    sandbox
        .take_stdout()
        .unwrap()
        .unwrap()
        .read_exact(&mut line)
        .await
        .unwrap();
    let memory = sandbox.memory().unwrap();
    assert!(memory.resident > 0 && memory.private < memory.resident);
    assert!(sandbox.peak_resident_bytes().unwrap() >= memory.private);
}

#[tokio::test]
async fn priority_is_raised() {
    let limits = Limits {
        idle_priority: true,
        ..Limits::default()
    };
    let sandbox = spawner()
        .spawn(&Command {
            limits,
            ..shell("echo up; exec sleep 1000")
        })
        .await
        .unwrap();
    let mut line = [0; 3];
    sandbox
        .take_stdout()
        .unwrap()
        .unwrap()
        .read_exact(&mut line)
        .await
        .unwrap();
    assert_eq!(policy(sandbox.pid()), "5");
    if sandbox.raise_priority().is_ok() {
        assert_eq!(policy(sandbox.pid()), "0");
    }
}

/// Field 41 of `/proc/pid/stat`; 5 is `SCHED_IDLE`.
fn policy(pid: i32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    after_name.split(' ').nth(41 - 3).unwrap().to_owned()
}

#[tokio::test]
async fn a_process_dies_with_its_host() {
    // The host is a confined shell's child here: this test's own binary, which spawns and then waits to be killed.
    let test = std::env::current_exe().unwrap();
    let host = Command {
        program: test,
        args: ["--exact", "be_a_host", "--ignored", "--nocapture"]
            .map(OsString::from)
            .to_vec(),
        ..shell("")
    };
    let host = spawner().spawn(&host).await.unwrap();
    let mut stdout = host.take_stdout().unwrap().unwrap();
    let mut text = String::new();
    let child: i32 = loop {
        let mut chunk = [0; 256];
        let length = stdout.read(&mut chunk).await.unwrap();
        assert_ne!(length, 0, "the host ended: {text}");
        text.push_str(std::str::from_utf8(&chunk[..length]).unwrap());
        let found = text
            .split("child=")
            .nth(1)
            .and_then(|rest| rest.split_once(';'));
        if let Some((pid, _)) = found {
            break pid.parse().unwrap();
        }
    };
    assert!(exists(child));
    host.kill();
    assert!(gone(child).await);
}

#[tokio::test]
#[ignore = "is the host of another test"]
async fn be_a_host() {
    let sandbox = spawner().spawn(&shell("sleep 1000")).await.unwrap();
    println!("child={};", sandbox.pid());
    sandbox.wait().await.unwrap();
}

#[tokio::test]
async fn many_cycles_leak_no_descriptors() {
    let spawner = spawner();
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    spawner.spawn(&shell("true")).await.unwrap().destroy();
    let before = descriptors();
    for _ in 0..200 {
        let sandbox = spawner.spawn(&shell("sleep 1000")).await.unwrap();
        sandbox.destroy();
    }
    assert!(
        holds(|| descriptors() <= before).await,
        "{} descriptors, {before} before",
        descriptors()
    );
}

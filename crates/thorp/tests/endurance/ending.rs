//! Runs whose town is told to stop, or whose caller goes away.

use super::caller::Caller;
use super::support::{Options, Town, descendants, eventually, town_command, town_data};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;
use std::thread::{ScopedJoinHandle, scope};

const SHORT: &str =
    "(async () => { await new Promise((done) => setTimeout(done, 2000)); return 'short'; })()";
const LONG: &str = "(async () => { console.log('begun'); await new Promise((done) => setTimeout(done, 50000)); })()";
const ENDLESS: &str = "(() => { console.log('begun'); while (true) {} })()";

/// Waits until that many runs have a sandbox or are next: beside them there is the one that the idle pool keeps.
fn taken(town: &Town, runs: usize) {
    let is_sandbox = |process: &u32| {
        std::fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name == "deno\n")
    };
    eventually("the runs are taken", || {
        descendants(town.id())
            .iter()
            .filter(|process| is_sandbox(process))
            .count()
            > runs
    });
}

fn unreachable(town: &Town) -> bool {
    TcpStream::connect(town.url().trim_start_matches("http://")).is_err()
}

/// Was told to stop, ends well and leaves nothing; the runs that it recorded, the newest first.
fn check_ended(town: Town) -> Vec<Value> {
    let ended = town.wait();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let left: Vec<_> = std::fs::read_dir(ended.folder.path().join("tmp"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!town_data(ended.folder.path()).join("scratch.path").exists());
    let town = Town::start_in(ended.folder, &Options::default());
    let caller = Caller::owner(&town);
    caller
        .runs()
        .iter()
        .map(|run| caller.run(run["id"].as_str().unwrap()))
        .collect()
}

/// A run that was ended with the town, with what it had logged so far.
fn check_lost(run: &Value) {
    assert_eq!(run["error"]["code"], "WORKER_LOST", "{run}");
    assert_eq!(run["logs"][0]["text"], "begun", "{run}");
}

#[test]
fn runs_that_do_not_end_in_time_are_ended_and_told() {
    let town = Town::start();
    let caller = Caller::owner(&town);
    let [short, long] = scope(|scope| {
        let runs = [SHORT, LONG].map(|code| scope.spawn(|| caller.eval(code)));
        taken(&town, 2);
        town.signal(Signal::TERM);
        runs.map(|run: ScopedJoinHandle<'_, _>| run.join().unwrap())
    });
    assert_eq!((short.status, &short.body), (200, &json!("short")));
    assert_eq!((long.status, long.code()), (502, "WORKER_LOST"), "{long:?}");
    let runs = check_ended(town);
    assert_eq!(runs.len(), 2);
    let kept = |id: &str| runs.iter().find(|run| run["id"] == id).unwrap();
    assert_eq!(kept(&short.run.unwrap())["returnValue"], "short");
    check_lost(kept(long.body["runId"].as_str().unwrap()));
}

#[test]
fn a_second_signal_ends_runs_at_once() {
    let town = Town::start();
    let caller = Caller::owner(&town);
    scope(|scope| {
        // Nobody hears of them: the connections are gone before the runs are.
        let runs = [LONG, ENDLESS].map(|code| scope.spawn(|| caller.try_eval(code)));
        taken(&town, 2);
        town.signal(Signal::TERM);
        eventually("it takes no more", || unreachable(&town));
        town.signal(Signal::TERM);
        assert!(runs.into_iter().all(|run| run.join().unwrap().is_err()));
    });
    let runs = check_ended(town);
    assert_eq!(runs.len(), 2);
    runs.iter().for_each(check_lost);
}

#[test]
fn a_run_is_recorded_whose_caller_goes_away() {
    let town = Town::start();
    let host = town.url().trim_start_matches("http://");
    let (token, length) = (town.token(), SHORT.len());
    let head = format!(
        "POST /v1/eval HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n",
        token.trim()
    );
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "{head}Content-Length: {length}\r\n\r\n{SHORT}").unwrap();
    taken(&town, 1);
    drop(stream);
    let caller = Caller::owner(&town);
    eventually("it is recorded", || !caller.runs().is_empty());
    town.signal(Signal::TERM);
    let runs = check_ended(town);
    assert_eq!(
        (runs.len(), &runs[0]["returnValue"]),
        (1, &json!("short")),
        "{runs:?}"
    );
}

#[test]
fn a_start_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = town_command(folder.path(), &["--deno", "/bin/sh"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let left: Vec<_> = std::fs::read_dir(folder.path().join("tmp"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

//! A process that is killed while it writes: all that it had acknowledged is there.

use crate::support::new_run;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::str::FromStr;
use tempfile::TempDir;
use thorp_store::{NewRun, Store, StoreConfig};
use uuid::Uuid;

/// Set in the process that is to be killed: the data folder.
const FOLDER_VARIABLE: &str = "THORP_STORE_CRASH_FOLDER";
const ACKNOWLEDGED_MIN: usize = 2_000;

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
        return insert_for_ever(folder).await;
    }
    let folder = TempDir::new().unwrap();
    for _ in 0..3 {
        let acknowledged = run_and_kill(folder.path());
        assert!(acknowledged.len() >= ACKNOWLEDGED_MIN);
        let store = Store::open(StoreConfig::new(folder.path())).unwrap();
        store.integrity_check().await.unwrap();
        for id in acknowledged {
            assert!(
                store.run_by_id(id).await.unwrap().is_some(),
                "{id} was acknowledged and is lost"
            );
        }
    }
}

/// Runs this very test in a process of its own, kills it in the middle, and answers the ids that it had printed.
fn run_and_kill(folder: &std::path::Path) -> Vec<Uuid> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "crash::what_was_acknowledged_survives_a_kill",
        "--exact",
        "--nocapture",
    ]);
    let mut child = command
        .env(FOLDER_VARIABLE, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let ids = |lines: &mut dyn Iterator<Item = String>| -> Vec<Uuid> {
        lines
            .filter_map(|line| Uuid::from_str(line.strip_prefix("ack ")?).ok())
            .collect()
    };
    let mut acknowledged = ids(&mut lines.by_ref().take(ACKNOWLEDGED_MIN + 100));
    child.kill().unwrap();
    acknowledged.extend(ids(&mut lines));
    child.wait().unwrap();
    acknowledged
}

async fn insert_for_ever(folder: std::ffi::OsString) {
    let store = Store::open(StoreConfig::new(folder)).unwrap();
    let mut inserts = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let store = store.clone();
        inserts.spawn(async move {
            loop {
                let run = NewRun {
                    logs: "x".repeat(500),
                    ..new_run(1)
                };
                let id = run.id;
                store.insert_run(run).await.unwrap();
                // One write call a line, so that a line is never cut; a closed pipe means that the parent is gone.
                if std::io::stdout()
                    .write_all(format!("ack {id}\n").as_bytes())
                    .is_err()
                {
                    std::process::exit(0);
                }
            }
        });
    }
    inserts.join_all().await;
}

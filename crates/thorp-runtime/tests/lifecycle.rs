//! Sandboxes from start to end: many at once, cancelled, dying, and nothing left of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use support::{HOARDER, Town, body_of, show};
use thorp_runtime::{Failure, Runtime, RuntimeError};

/// The processes whose command line holds a text.
fn processes(text: &str) -> Vec<i32> {
    let of = |pid: i32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .filter(|pid| {
            String::from_utf8_lossy(&of(*pid)).contains(text)
                && *pid != std::process::id().cast_signed()
        })
        .collect()
}

/// What stands in the command line of a town's sandboxes, wherever they see their own folders.
fn mark(town: &Town) -> String {
    town.folder.path().join("deps").to_str().unwrap().to_owned()
}

fn scratch(town: &Town) -> String {
    town.folder.path().join("s").to_str().unwrap().to_owned()
}

async fn holds(condition: impl Fn() -> bool) -> bool {
    for _ in 0..1000 {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

fn is_empty(folder: &str) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test]
async fn two_hundred_at_once_leave_nothing() {
    let town = Arc::new(Town::start().await);
    let scratch = scratch(&town);
    let runs: Vec<_> = (0..200)
        .map(|number| {
            let town = Arc::clone(&town);
            tokio::spawn(async move { show(&town.body(&format!("return {number}")).await) })
        })
        .collect();
    for (number, run) in runs.into_iter().enumerate() {
        assert_eq!(run.await.unwrap(), number.to_string());
    }
    town.runtime.shutdown(Duration::from_secs(5)).await;
    assert!(processes(&mark(&town)).is_empty());
    assert!(is_empty(&scratch));
    assert_eq!(town.runtime.status().ready, 0);
    assert_eq!(
        town.body("return 1").await.result,
        Err(Failure::ShuttingDown)
    );
}

#[tokio::test]
async fn a_dropped_run_ends_its_sandbox() {
    let town = Town::with(|config| {
        config.pool.floor = 0;
        config.pool.ceiling = 0;
    })
    .await;
    let scratch = scratch(&town);
    let run = town.body("await new Promise((r) => setTimeout(r, 60_000))");
    assert!(
        tokio::time::timeout(Duration::from_secs(1), run)
            .await
            .is_err()
    );
    assert!(holds(|| processes(&mark(&town)).is_empty()).await);
    assert_eq!(town.runtime.status().running, 0);
    town.runtime.shutdown(Duration::ZERO).await;
    assert!(is_empty(&scratch));
}

#[tokio::test]
async fn shutting_down_waits_for_the_grace_and_ends_the_rest() {
    let town = Town::with(|config| config.pool.floor = 2).await;
    assert!(holds(|| town.runtime.status().ready == 2).await);
    let short = town.body("await new Promise((r) => setTimeout(r, 1500)); return 1");
    let long = town.body("await new Promise((r) => setTimeout(r, 60_000))");
    let shutdown = async {
        assert!(holds(|| town.runtime.status().running == 2).await);
        town.runtime.shutdown(Duration::from_secs(4)).await;
    };
    let (short, long, ()) = tokio::join!(short, long, shutdown);
    assert_eq!(show(&short), "1");
    assert_eq!(show(&long), "! the sandbox was lost: the town stopped");
    assert!(processes(&mark(&town)).is_empty());
}

#[tokio::test]
async fn a_prepared_sandbox_that_dies_is_replaced() {
    let town = Town::start().await;
    assert!(holds(|| town.runtime.status().ready == 1).await);
    for pid in processes(&mark(&town)) {
        Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .unwrap();
    }
    assert!(holds(|| town.runtime.status().failed_total == 1).await);
    assert!(holds(|| town.runtime.status().ready == 1).await);
    assert_eq!(show(&town.body("return 1").await), "1");
    town.stop().await;
}

#[tokio::test]
async fn waiting_is_bounded() {
    let town = Town::with(|config| {
        config.pool.floor = 0;
        config.pool.sandboxes_max = 1;
        config.pool.waiting_max = 1;
        config.pool.wait_max = Duration::from_millis(300);
    })
    .await;
    let first = town.body("await new Promise((r) => setTimeout(r, 3000)); return 1");
    let others = async {
        assert!(holds(|| town.runtime.status().running == 1).await);
        let second = town.body("return 2");
        let third = async {
            assert!(holds(|| town.runtime.status().waiting == 1).await);
            town.body("return 3").await
        };
        tokio::join!(second, third)
    };
    let (first, (second, third)) = tokio::join!(first, others);
    assert_eq!(show(&first), "1");
    assert_eq!(
        second.result,
        Err(Failure::PoolFull {
            retry_after_secs: 1
        })
    );
    assert_eq!(
        third.result,
        Err(Failure::PoolFull {
            retry_after_secs: 1
        })
    );
    assert!(second.usage.queue_micros >= 300_000 && third.usage.queue_micros < 300_000);
    town.stop().await;
}

#[tokio::test]
async fn one_user_leaves_sandboxes_to_others() {
    let town = Town::with(|config| config.pool.sandboxes_max = 4).await;
    let long = "await new Promise((r) => setTimeout(r, 60_000))";
    let hoarder = || town.runtime.run(body_of(HOARDER, long));
    let hoarding = async { tokio::join!(hoarder(), hoarder(), hoarder()) };
    let others = async {
        let waits = || {
            let status = town.runtime.status();
            (status.running, status.waiting) == (2, 1)
        };
        assert!(holds(waits).await, "{:?}", town.runtime.status());
        assert_eq!(show(&town.body("return 1").await), "1");
        assert!(waits(), "{:?}", town.runtime.status());
    };
    tokio::select! {
        _ = hoarding => panic!("nobody ends them"),
        () = others => {}
    }
    town.stop().await;
}

#[tokio::test]
async fn one_user_leaves_places_to_wait_to_others() {
    let town = Town::with(|config| {
        config.pool.floor = 0;
        config.pool.sandboxes_max = 1;
        config.pool.waiting_max = 4;
    })
    .await;
    let long = "await new Promise((r) => setTimeout(r, 3000))";
    let hoarder = || town.runtime.run(body_of(HOARDER, long));
    let hoarding = async { tokio::join!(hoarder(), hoarder(), hoarder()) };
    let others = async {
        assert!(holds(|| town.runtime.status().waiting == 2).await);
        let refused = town.runtime.run(body_of(HOARDER, "return 1")).await;
        let full = Failure::PoolFull {
            retry_after_secs: 1,
        };
        assert_eq!(refused.result, Err(full));
        assert_eq!(show(&town.body("return 1").await), "1");
    };
    tokio::select! {
        _ = hoarding => panic!("the other one was to be first: it has no sandbox yet"),
        () = others => {}
    }
    town.stop().await;
}

#[tokio::test]
async fn an_idle_pool_shrinks_to_its_floor() {
    let town = Town::with(|config| {
        config.pool.ceiling = 4;
        config.pool.idle_shrink = Duration::from_millis(500);
    })
    .await;
    let runs: Vec<_> = (0..20).map(|_| town.body("return 1")).collect();
    for run in runs {
        assert_eq!(show(&run.await), "1");
    }
    assert!(
        holds(|| town.runtime.status().ready == 1 && town.runtime.status().starting == 0).await
    );
    town.stop().await;
}

#[tokio::test]
async fn a_killed_host_leaves_no_processes() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("deps").to_str().unwrap().to_owned();
    let mut host = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "be_a_host", "--ignored", "--nocapture"])
        .env("THORP_TEST_FOLDER", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert!(holds(|| processes(&mark).len() >= 2).await);
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(holds(|| processes(&mark).is_empty()).await);
}

#[tokio::test]
#[ignore = "is the host of another test"]
async fn be_a_host() {
    let folder = std::env::var("THORP_TEST_FOLDER").unwrap();
    let mut config = support::config(Path::new(&folder));
    config.pool.floor = 2;
    let _runtime = Runtime::start(config).await.unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_wrong_deno_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let start = async |deno: &Path| {
        let mut config = support::config(folder.path());
        config.deno = deno.to_owned();
        Runtime::start(config).await.err().unwrap()
    };
    let error = start(Path::new("/nonexistent/deno")).await;
    assert!(matches!(error, RuntimeError::DenoNotRunnable { .. }) && error.hint().is_some());
    let old = folder.path().join("deno");
    fs::write(&old, "#!/bin/sh\necho deno 2.8.0 '(stable)'\n").unwrap();
    fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let error = start(&old).await;
    assert!(matches!(error, RuntimeError::DenoVersion { .. }), "{error}");
}

#[tokio::test]
async fn a_deno_that_never_gets_ready_is_no_hot_loop() {
    let folder = tempfile::tempdir().unwrap();
    let fake = folder.path().join("deno");
    fs::write(
        &fake,
        "#!/bin/sh\n[ \"$1\" = --version ] && echo deno 2.9.6 '(stable)'\nexit 1\n",
    )
    .unwrap();
    fs::set_permissions(&fake, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut config = support::config(folder.path());
    config.deno = fake;
    config.state_dir = folder.path().join("state");
    let error = Runtime::start(config).await.err().unwrap();
    assert!(matches!(error, RuntimeError::Start(_)), "{error}");
}

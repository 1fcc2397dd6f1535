//! Prints how fast runs are recorded: one at a time, and by many concurrent callers. `cargo run --release --example insert_rate`

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::time::{Duration, Instant};
use thorp_store::{NewRun, RunStatus, RunUsage, Store, StoreConfig, Trigger};
use uuid::Uuid;

const ALONE: u32 = 5_000;
const TOGETHER: u32 = 100_000;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(measure(folder.path()))
}

async fn measure(folder: &std::path::Path) -> Outcome<()> {
    let store = Store::open(StoreConfig::new(folder))?;
    one_at_a_time(&store).await?;
    for callers in [1, 16, 64, 256, 1024] {
        together(&store, callers).await?;
    }
    reads(&store).await?;
    store.integrity_check().await?;
    Ok(store.close().await?)
}

async fn one_at_a_time(store: &Store) -> Outcome<()> {
    let mut times = Vec::new();
    for number in 0..ALONE {
        let start = Instant::now();
        store.insert_run(run(number)).await?;
        times.push(start.elapsed());
    }
    print_times("insert alone", &mut times);
    Ok(())
}

async fn together(store: &Store, callers: u32) -> Outcome<()> {
    let start = Instant::now();
    let mut inserts = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let store = store.clone();
        inserts.spawn(async move {
            for number in 0..TOGETHER / callers {
                store.insert_run(run(number)).await?;
            }
            Outcome::Ok(())
        });
    }
    inserts
        .join_all()
        .await
        .into_iter()
        .collect::<Outcome<()>>()?;
    println!(
        "{callers:>5} callers: {:>8.0} inserts/s",
        f64::from(TOGETHER) / start.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn reads(store: &Store) -> Outcome<()> {
    let mut times = Vec::new();
    for _ in 0..ALONE {
        let start = Instant::now();
        store.user_by_name("nobody").await?;
        times.push(start.elapsed());
    }
    print_times("read alone", &mut times);
    Ok(())
}

fn print_times(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 100].as_micros();
    println!(
        "{what}: p50 {} µs, p90 {} µs, p99 {} µs",
        at(50),
        at(90),
        at(99)
    );
}

fn run(number: u32) -> NewRun {
    let user = Uuid::from_u128(u128::from(number % 50));
    NewRun {
        id: Uuid::now_v7(),
        val_id: Some(Uuid::from_u128(u128::from(number % 500))),
        version: Some(1),
        code: Some("(a, b) => a + b".into()),
        caller_id: Some(user),
        run_as_id: Some(user),
        trigger: Trigger::Eval,
        status: RunStatus::Ok,
        args: "[1,2]".into(),
        result: Some("3".into()),
        result_undefined: false,
        logs: r#"[{"at":1795000000000000,"level":"info","text":"adding"}]"#.into(),
        logs_truncated: false,
        egress: None,
        denied: None,
        error: None,
        started_at: 1_795_000_000_000_000 + i64::from(number),
        ended_at: 1_795_000_000_000_500 + i64::from(number),
        usage: RunUsage {
            queue_micros: 3,
            start_micros: 20,
            run_micros: 300,
            cpu_micros: 250,
            memory_bytes: 9_000_000,
        },
        parent_id: None,
        http: None,
    }
}

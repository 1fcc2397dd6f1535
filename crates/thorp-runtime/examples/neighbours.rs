//! What a small run feels of its neighbours, as JSON: its time beside quiet, and beside bombs of one tenant.
//!
//! Usage: `neighbours --deno PATH [--runs N] [--groups none|full] [--only NAME]`. Ratios to quiet count; absolute figures drift with the
//! machine.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for people"
)]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thorp_runtime::confined::Layers;
use thorp_runtime::gateway::{Gateway, GatewayConfig};
use thorp_runtime::{Job, PoolLimits, Program, RunLimits, Runtime, RuntimeConfig};
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const RUNS_DEFAULT: usize = 300;
const NEIGHBOUR: Uuid = Uuid::from_u128(1);
const BOMBER: Uuid = Uuid::from_u128(2);
/// Twenty a second, which a pool on two processors holds with ease.
const PACE: Duration = Duration::from_millis(50);
/// Until bombs are under way.
const BEFORE: Duration = Duration::from_millis(300);
const SMALL: &str = "return [1,2,3].map((x) => x * 2)";
const SPIN: &str = "while (true) {}";
const FILL: &str = "const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))";
const WORKERS: &str = "for (let i = 0; i < 8; i++) new Worker('data:text/javascript,while(true){}', { type: 'module' });
    await new Promise((r) => setTimeout(r, 1e6))";
/// What goes on beside, and how often at once.
const BESIDE: [(&str, &str, usize); 6] = [
    ("quiet", "", 0),
    ("cpu1", SPIN, 1),
    ("cpu4", SPIN, 4),
    ("cpu16", SPIN, 16),
    ("memory2", FILL, 2),
    ("workers1x8", WORKERS, 1),
];

fn main() -> ExitCode {
    if let Some(code) = thorp_jail::confine_main(std::env::args_os()) {
        return code;
    }
    let measured = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Box::from)
        .and_then(|runtime| runtime.block_on(measure()));
    match measured {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{}", json!({ "error": error.to_string() }));
            ExitCode::FAILURE
        }
    }
}

async fn measure() -> Result<Value> {
    let (mut deno, mut runs, mut groups) = (PathBuf::new(), RUNS_DEFAULT, true);
    let mut only = None;
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().ok_or(format!("`{name}` needs a value"))?;
        match name.as_str() {
            "--deno" => deno = PathBuf::from(value),
            "--runs" => runs = value.parse()?,
            "--groups" => groups = value == "full",
            "--only" => only = Some(value),
            _ => return Err(format!("there is no option `{name}`").into()),
        }
    }
    let folder = tempfile::tempdir()?;
    let scratch = tempfile::tempdir()?;
    let runtime = Runtime::start(RuntimeConfig {
        deno,
        confine: std::env::current_exe()?,
        state_dir: folder.path().join("runtime"),
        scratch_dir: scratch.path().join("s"),
        readable: Vec::new(),
        jsr_registry: None,
        layers: Layers::full(),
        groups,
        gateway: Gateway::new(GatewayConfig::default())?,
        pool: PoolLimits::default(),
        clock: || 0,
    })
    .await?;
    let mut found = serde_json::Map::new();
    for (name, bomb, count) in BESIDE {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        found.insert(name.to_owned(), beside(&runtime, bomb, count, runs).await?);
    }
    runtime.shutdown(Duration::ZERO).await;
    Ok(found.into())
}

/// Small runs, while so many bombs go off again and again.
async fn beside(runtime: &Runtime, bomb: &str, count: usize, runs: usize) -> Result<Value> {
    let bombs: Vec<_> = (0..count)
        .map(|_| {
            let (runtime, bomb) = (runtime.clone(), bomb.to_owned());
            tokio::spawn(async move {
                loop {
                    let _ = runtime.run(job(BOMBER, &bomb)).await;
                }
            })
        })
        .collect();
    tokio::time::sleep(BEFORE).await;
    let (mut times, mut failed) = (Vec::new(), 0);
    for _ in 0..runs {
        tokio::time::sleep(PACE).await;
        let start = Instant::now();
        failed += usize::from(runtime.run(job(NEIGHBOUR, SMALL)).await.result.is_err());
        times.push(start.elapsed());
    }
    for bomb in bombs {
        bomb.abort();
    }
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        time.map(|time| time.as_secs_f64() * 1e3)
    };
    Ok(json!({ "p50": at(50), "p90": at(90), "p99": at(99), "failed": failed }))
}

fn job(user: Uuid, code: &str) -> Job {
    Job {
        run: Uuid::now_v7(),
        user,
        program: Program::Body { code: code.into() },
        args: "[]".to_owned(),
        limits: RunLimits::default(),
        sight: thorp_runtime::Sight::default(),
        host: None,
        worker: None,
        secrets: Vec::new(),
        withheld: Vec::new(),
    }
}

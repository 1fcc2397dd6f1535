//! How fast fresh evaluations are, as JSON: paced with a prepared pool, sustained, and against starting bare Deno.
//!
//! Usage: `fresh_rate --deno PATH [--evaluations N] [--seconds N] [--jail none|full]
//! [--groups none|full]`. Ratios of one run count; absolute figures drift with
//! the machine.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for people"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thorp_runtime::confined::Layers;
use thorp_runtime::gateway::{Gateway, GatewayConfig};
use thorp_runtime::{
    Job, ModuleProgram, Outcome, PoolLimits, Program, RunLimits, Runtime, RuntimeConfig,
};
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SECONDS_DEFAULT: u64 = 2;
const PACED_DEFAULT: usize = 100;
const PACE: Duration = Duration::from_millis(60);
const EXPRESSION: &str = "return ([1,2,3].map(x => x*2))";
const VALUE: &str = "export default [1,2,3].map(x => x*2)";
const FUNCTION: &str = "export default () => [1,2,3].map(x => x*2)";
const TICK_MILLIS: f64 = 10.0;
const PARALLEL: [usize; 4] = [1, 2, 3, 4];

fn main() -> ExitCode {
    if let Some(code) = thorp_jail::confine_main(std::env::args_os()) {
        return code;
    }
    match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map(|runtime| runtime.block_on(measure()))
    {
        Ok(Ok(figures)) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Ok(Err(error)) => fail(&*error),
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn Error) -> ExitCode {
    println!("{}", json!({ "error": error.to_string() }));
    ExitCode::FAILURE
}

/// What the command line says.
struct Arguments {
    deno: PathBuf,
    evaluations: usize,
    seconds: u64,
    layers: Layers,
    groups: bool,
}

fn arguments() -> Result<Arguments> {
    let mut given = Arguments {
        deno: PathBuf::new(),
        evaluations: PACED_DEFAULT,
        seconds: SECONDS_DEFAULT,
        layers: Layers::NONE,
        groups: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().ok_or(format!("`{name}` needs a value"))?;
        match name.as_str() {
            "--deno" => given.deno = PathBuf::from(value),
            "--evaluations" => given.evaluations = value.parse()?,
            "--groups" => given.groups = groups(&value)?,
            "--jail" => given.layers = layers(&value)?,
            "--seconds" => given.seconds = value.parse()?,
            _ => return Err(format!("there is no option `{name}`").into()),
        }
    }
    Ok(given)
}

fn layers(name: &str) -> Result<Layers> {
    match name {
        "none" => Ok(Layers::NONE),
        "full" => Ok(Layers::full()),
        _ => Err(format!("there is no jail `{name}`").into()),
    }
}

fn groups(name: &str) -> Result<bool> {
    match name {
        "none" => Ok(false),
        "full" => Ok(true),
        _ => Err(format!("there are no groups `{name}`").into()),
    }
}

async fn measure() -> Result<Value> {
    let Arguments {
        deno,
        evaluations: paced,
        seconds,
        layers,
        groups,
    } = arguments()?;
    let folder = tempfile::tempdir()?;
    let scratch = tempfile::tempdir()?;
    let config = RuntimeConfig {
        deno: deno.clone(),
        confine: std::env::current_exe()?,
        state_dir: folder.path().join("runtime"),
        scratch_dir: scratch.path().join("s"),
        readable: Vec::new(),
        jsr_registry: None,
        layers,
        groups,
        gateway: Gateway::new(GatewayConfig::default())?,
        pool: PoolLimits::default(),
        clock: || 0,
    };
    let runtime = Runtime::start(config).await?;
    let times = paced_runs(&runtime, paced, &body()).await?;
    let samples: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e6).collect();
    let body = percentiles(times);
    let module = percentiles(paced_runs(&runtime, paced, &module(VALUE)).await?);
    let (first, again) = paced_calls(&runtime, paced).await?;
    let time = Duration::from_secs(seconds);
    let sustained = best(
        async |parallel| sustained_runs(&runtime, time, parallel).await,
        time,
    )
    .await?;
    runtime.shutdown(Duration::ZERO).await;
    let script = folder.path().join("empty.js");
    std::fs::write(&script, "")?;
    let bare = best(
        async |parallel| bare_starts(&deno, &script, folder.path(), time, parallel).await,
        time,
    )
    .await?;
    Ok(json!({
        "samples": samples,
        "pacedBodyMillis": body,
        "pacedModuleMillis": module,
        "pacedFirstCallMillis": percentiles(first),
        "pacedNextCallMillis": percentiles(again),
        "sustainedPerSecond": sustained.1,
        "sustainedParallel": sustained.0,
        "bareDenoPerSecond": bare.1,
        "bareDenoParallel": bare.0,
        "sustainedToBare": sustained.1 / bare.1,
        "sustainedCpuMillis": sustained.2,
        "bareDenoCpuMillis": bare.2,
    }))
}

fn body() -> Program {
    Program::Body {
        code: EXPRESSION.into(),
    }
}

fn module(text: &str) -> Program {
    let files = vec![("main.js".to_owned(), text.to_owned())];
    Program::Module(Arc::new(ModuleProgram {
        files,
        entry: "main.js".to_owned(),
        ..ModuleProgram::default()
    }))
}

fn job(program: &Program) -> Job {
    Job {
        run: Uuid::now_v7(),
        user: Uuid::nil(),
        program: program.clone(),
        args: "[]".to_owned(),
        limits: RunLimits::default(),
        sight: thorp_runtime::Sight::default(),
        host: None,
        worker: None,
        secrets: Vec::new(),
        withheld: Vec::new(),
    }
}

async fn run(runtime: &Runtime, program: &Program) -> Result<()> {
    checked(runtime.run(job(program)).await)
}

fn checked(outcome: Outcome) -> Result<()> {
    match outcome.result {
        Ok(value) if value.json == "[2,4,6]" => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// Calls of a program that a worker keeps: the first, which loads it, and one after it.
async fn paced_calls(runtime: &Runtime, count: usize) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let (mut first, mut again) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for number in 0..count {
        for times in [&mut first, &mut again] {
            prepared(runtime).await;
            let job = Job {
                sight: thorp_runtime::Sight::default(),
                host: None,
                worker: Some(number.to_string().into()),
                secrets: Vec::new(),
                withheld: Vec::new(),
                ..job(&module(FUNCTION))
            };
            let start = Instant::now();
            checked(runtime.run(job).await)?;
            times.push(start.elapsed());
        }
    }
    Ok((first, again))
}

/// The pool is prepared again: the hand-off is measured, not the start.
async fn prepared(runtime: &Runtime) {
    while runtime.status().ready < PoolLimits::default().floor {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(PACE).await;
}

async fn paced_runs(runtime: &Runtime, count: usize, program: &Program) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        prepared(runtime).await;
        let start = Instant::now();
        run(runtime, program).await?;
        times.push(start.elapsed());
    }
    Ok(times)
}

fn percentiles(mut times: Vec<Duration>) -> Value {
    times.sort_unstable();
    let at = |percent: usize| {
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
    };
    let millis = |percent| at(percent).map(|time| time.as_secs_f64() * 1e3);
    json!({ "p50": millis(50), "p90": millis(90), "p99": millis(99), "n": times.len() })
}

/// The parallelism with the best rate, that rate, and the processor time of one turn there: the host's and its children's.
async fn best(
    rate: impl AsyncFn(usize) -> Result<f64>,
    time: Duration,
) -> Result<(usize, f64, f64)> {
    let mut best = (0, 0.0, 0.0);
    for parallel in PARALLEL {
        let before = cpu_ticks()?;
        let found = rate(parallel).await?;
        let turns = found * time.as_secs_f64();
        if found > best.1 {
            best = (
                parallel,
                found,
                (cpu_ticks()? - before) as f64 * TICK_MILLIS / turns,
            );
        }
    }
    Ok(best)
}

/// Fields 14 to 17 of `/proc/self/stat`: user and system time of this process and of its ended children.
fn cpu_ticks() -> Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(") ").ok_or("no name")?.1;
    let fields: Vec<u64> = after_name
        .split(' ')
        .skip(14 - 3)
        .take(4)
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()?;
    Ok(fields.iter().sum())
}

async fn sustained_runs(runtime: &Runtime, time: Duration, parallel: usize) -> Result<f64> {
    let done = AtomicUsize::new(0);
    let program = body();
    // What was prepared before is not sustained: it is used up first.
    while runtime.status().ready > 0 {
        run(runtime, &program).await?;
    }
    let start = Instant::now();
    let worker = async || -> Result<()> {
        while start.elapsed() < time {
            run(runtime, &program).await?;
            done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    match parallel {
        1 => worker().await?,
        2 => drop(tokio::try_join!(worker(), worker())?),
        3 => drop(tokio::try_join!(worker(), worker(), worker())?),
        _ => drop(tokio::try_join!(worker(), worker(), worker(), worker())?),
    }
    Ok(done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
}

async fn bare_starts(
    deno: &Path,
    script: &Path,
    folder: &Path,
    time: Duration,
    parallel: usize,
) -> Result<f64> {
    let (deno, script, cache) = (deno.to_owned(), script.to_owned(), folder.join("bare"));
    let rate = tokio::task::spawn_blocking(move || {
        let start = Instant::now();
        let done = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..parallel {
                scope.spawn(|| {
                    while start.elapsed() < time {
                        if start_bare(&deno, &script, &cache) {
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
    });
    Ok(rate.await?)
}

fn start_bare(deno: &Path, script: &Path, cache: &Path) -> bool {
    std::process::Command::new(deno)
        .args(["run", "--no-config", "--no-lock"])
        .arg(script)
        .env_clear()
        .env("DENO_DIR", cache)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

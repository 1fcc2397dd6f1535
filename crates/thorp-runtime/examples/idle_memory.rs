//! What a prepared sandbox holds in memory while it waits, as the kernel counts it for its process alone.
//! `cargo run --release -p thorp-runtime --example idle_memory -- PATH_OF_DENO`
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use thorp_runtime::confined::Layers;
use thorp_runtime::gateway::{Gateway, GatewayConfig};
use thorp_runtime::{PoolLimits, Runtime, RuntimeConfig};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SANDBOXES: usize = 8;
const LOOK: Duration = Duration::from_millis(50);
const LOOKS_MAX: usize = 600;

fn main() -> ExitCode {
    if let Some(code) = thorp_jail::confine_main(std::env::args_os()) {
        return code;
    }
    let built = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match built.map(|runtime| runtime.block_on(measure())) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => fail(&*error),
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn Error) -> ExitCode {
    println!("{error}");
    ExitCode::FAILURE
}

async fn measure() -> Result<()> {
    let deno = std::env::args_os().nth(1).ok_or("where is Deno?")?;
    let folder = tempfile::tempdir()?;
    let config = RuntimeConfig {
        deno: deno.into(),
        confine: std::env::current_exe()?,
        state_dir: folder.path().join("runtime"),
        scratch_dir: folder.path().join("s"),
        readable: Vec::new(),
        jsr_registry: None,
        layers: Layers::full(),
        groups: true,
        gateway: Gateway::new(GatewayConfig::default())?,
        pool: PoolLimits {
            floor: SANDBOXES,
            ceiling: SANDBOXES,
            ..PoolLimits::default()
        },
        clock: || 0,
    };
    let runtime = Runtime::start(config).await?;
    for _ in 0..LOOKS_MAX {
        if runtime.status().ready == SANDBOXES {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    let mut found: Vec<u64> = children()?.iter().filter_map(|pid| private(pid)).collect();
    found.sort_unstable();
    runtime.shutdown(Duration::ZERO).await;
    let middle = found.get(found.len() / 2).ok_or("no sandbox got ready")?;
    println!(
        "{} sandboxes, {:.1} MiB of private memory each",
        found.len(),
        *middle as f64 / 1024.0
    );
    Ok(())
}

/// The processes that this one has started.
fn children() -> Result<Vec<String>> {
    let own = std::process::id().to_string();
    let names = fs::read_dir("/proc")?.flatten();
    let pids = names.filter_map(|entry| entry.file_name().into_string().ok());
    let is_child = |pid: &String| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1));
        parent == Some(own.as_str())
    };
    Ok(pids.filter(is_child).collect())
}

/// What a sandbox's process has in memory that no other has, in KiB; nothing of helpers, which have less.
fn private(pid: &str) -> Option<u64> {
    const LEAST_KIB: u64 = 4 << 10;
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let of = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    let kibibytes = of("Private_Dirty:")?;
    (kibibytes > LEAST_KIB).then_some(kibibytes)
}

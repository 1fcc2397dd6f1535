//! A sandbox that starts and answers, without a town around it.

use super::Check;
use crate::serve::{OWN_EXECUTABLE, async_runtime, clock};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use thorp_runtime::confined::Layers;
use thorp_runtime::gateway::{Gateway, GatewayConfig};
use thorp_runtime::{Job, PoolLimits, Program, RunLimits, Runtime, RuntimeConfig};

const NAME: &str = "sandbox";

/// Starts a sandbox in a folder of its own and evaluates `1 + 1` in it.
pub(super) fn check(deno: Option<PathBuf>, layers: Layers) -> Check {
    let Some(deno) = deno else {
        return Check::failed(NAME, "not tried without Deno", "see `deno` above");
    };
    let folder = std::env::temp_dir().join(format!("thorp-doctor-{}", std::process::id()));
    let tried = std::fs::create_dir(&folder)
        .map_err(|error| error.to_string())
        .and_then(|()| evaluate(deno, layers, &folder));
    let _ = std::fs::remove_dir_all(&folder);
    let fix = "`THORP_LOG=debug thorp serve` tells more";
    match tried {
        Ok((answer, took)) if answer == "2" => {
            Check::ok(NAME, format!("1 + 1 is 2, in {} ms", took.as_millis()))
        }
        Ok((answer, _)) => Check::failed(NAME, format!("1 + 1 is {answer}"), fix),
        Err(error) => Check::failed(NAME, format!("cannot evaluate 1 + 1: {error}"), fix),
    }
}

fn evaluate(deno: PathBuf, layers: Layers, folder: &Path) -> Result<(String, Duration), String> {
    let runtime = async_runtime().map_err(|failure| failure.message)?;
    let config = config(deno, layers, folder).map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let sandboxes = Runtime::start(config)
            .await
            .map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let outcome = sandboxes.run(job()).await;
        let took = begun.elapsed();
        sandboxes.shutdown(Duration::ZERO).await;
        outcome
            .result
            .map(|value| (value.json, took))
            .map_err(|failure| failure.to_string())
    })
}

fn config(deno: PathBuf, layers: Layers, folder: &Path) -> std::io::Result<RuntimeConfig> {
    let scratch_dir = folder.join("s");
    std::fs::create_dir(&scratch_dir)?;
    Ok(RuntimeConfig {
        deno,
        confine: PathBuf::from(OWN_EXECUTABLE),
        state_dir: folder.join("state"),
        scratch_dir,
        readable: Vec::new(),
        jsr_registry: None,
        layers,
        gateway: Gateway::new(GatewayConfig::default()).map_err(std::io::Error::other)?,
        pool: PoolLimits {
            floor: 1,
            ceiling: 1,
            ..PoolLimits::default()
        },
        clock: clock::now_micros,
    })
}

fn job() -> Job {
    Job {
        run: uuid::Uuid::now_v7(),
        user: uuid::Uuid::nil(),
        program: Program::Body {
            code: "return (1 + 1)".into(),
        },
        args: "[]".to_owned(),
        limits: RunLimits::default(),
        worker: None,
    }
}

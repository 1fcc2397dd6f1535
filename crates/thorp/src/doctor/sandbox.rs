//! A sandbox that starts and answers, without a town around it.

use super::Check;
use super::attacks::{self, Tried};
use super::isolation::Jail;
use crate::serve::{OWN_EXECUTABLE, async_runtime, clock};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use thorp_runtime::confined::Layers;
use thorp_runtime::gateway::{Gateway, GatewayConfig};
use thorp_runtime::{Job, PoolLimits, Program, RunLimits, Runtime, RuntimeConfig};

const NAME: &str = "sandbox";

/// What came of the attacks, if there was a sandbox's jail to attack.
type Attacks = Option<Result<Vec<Tried>, String>>;

/// Starts a sandbox in a folder of its own and evaluates `1 + 1` in it; then its jail is attacked.
pub(super) fn check(deno: Option<PathBuf>, jail: Jail) -> (Check, Attacks) {
    let Some(deno) = deno else {
        let check = Check::failed(NAME, "not tried without Deno", "see `deno` above");
        return (check, None);
    };
    let folder = std::env::temp_dir().join(format!("thorp-doctor-{}", std::process::id()));
    let tried = std::fs::create_dir(&folder)
        .map_err(|error| error.to_string())
        .and_then(|()| evaluate(deno, jail, &folder));
    let _ = std::fs::remove_dir_all(&folder);
    let fix = "`THORP_LOG=debug thorp serve` tells more";
    match tried {
        Ok(found) => (found.check(fix), Some(found.attacks)),
        Err(error) => {
            let finding = format!("cannot evaluate 1 + 1: {error}");
            (Check::failed(NAME, finding, fix), None)
        }
    }
}

/// A sandbox that was there.
struct Found {
    answer: Result<String, String>,
    took: Duration,
    attacks: Result<Vec<Tried>, String>,
}

impl Found {
    fn check(&self, fix: &str) -> Check {
        match self.answer.as_deref() {
            Ok("2") => Check::ok(NAME, format!("1 + 1 is 2, in {} ms", self.took.as_millis())),
            Ok(answer) => Check::failed(NAME, format!("1 + 1 is {answer}"), fix),
            Err(error) => Check::failed(NAME, format!("cannot evaluate 1 + 1: {error}"), fix),
        }
    }
}

fn evaluate(deno: PathBuf, jail: Jail, folder: &Path) -> Result<Found, String> {
    let runtime = async_runtime().map_err(|failure| failure.message)?;
    let config = config(deno, jail.layers, folder).map_err(|error| error.to_string())?;
    let scratch = config.scratch_dir.clone();
    runtime.block_on(async {
        let sandboxes = Runtime::start(config)
            .await
            .map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let outcome = sandboxes.run(job()).await;
        let took = begun.elapsed();
        let attacks = attacks::attack(&sandboxes, jail.tier, folder, &scratch).await;
        sandboxes.shutdown(Duration::ZERO).await;
        let answer = outcome.result.map(|value| value.json);
        Ok(Found {
            answer: answer.map_err(|failure| failure.to_string()),
            took,
            attacks,
        })
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
        groups: true,
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
        sight: thorp_runtime::Sight::default(),
        host: None,
        worker: None,
        secrets: Vec::new(),
        withheld: Vec::new(),
    }
}

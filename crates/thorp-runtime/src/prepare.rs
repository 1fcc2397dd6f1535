//! Everything that is done once, before the first sandbox of the pool: Deno is asked for its version, folders are made,
//! and Deno's cache is filled.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};

use thorp_jail::Spawner;
use tokio::sync::watch;

use crate::boot::Starter;
use crate::cleaner::Cleaner;
use crate::config::RuntimeConfig;
use crate::deno::{self, Deno};
use crate::error::RuntimeError;
use crate::folder::Cache;
use crate::guest;
use crate::limits::SOCKET_PATH_BYTES_MAX;
use crate::policy::Urgency;

/// With an empty cache, a start takes 10 ms longer; after this many starts it has all that it ever gets.
const CACHE_STARTS: u32 = 3;
/// Below these, Deno wants `--allow-all`.
const FORBIDDEN: [&str; 4] = ["/dev", "/etc", "/proc", "/sys"];
const CACHE_MARK: &str = "prepared";
/// The longest name that a sandbox adds to the scratch folder's path: `/`, a number, `/c`.
const SOCKET_NAME_BYTES_MAX: usize = 23;

/// Makes all that starting sandboxes needs.
pub(crate) async fn prepare(config: &RuntimeConfig) -> Result<Starter, RuntimeError> {
    check_paths(config)?;
    let start = |error: std::io::Error| RuntimeError::Start(error.to_string());
    let spawner = Spawner::new(config.confine.clone()).map_err(start)?;
    let version = deno::version(&spawner, &config.deno).await?;
    make(&config.state_dir)?;
    make(&config.scratch_dir)?;
    clear(&config.scratch_dir)?;
    let deno = Deno::new(config, guest::install(&config.state_dir)?);
    let cache = config.state_dir.join(deno.cache_name(&version));
    let mut starter = Starter {
        deno,
        spawner,
        cleaner: Cleaner::start(cache.clone()).map_err(start)?,
        cache: Cache::Filling(cache.clone()),
        scratch: config.scratch_dir.clone(),
        raises_priority: AtomicBool::new(true),
        numbers: AtomicU64::new(0),
        hurry: watch::Sender::new(()),
    };
    fill(&starter, &cache).await?;
    starter.cache = Cache::Prepared(cache);
    Ok(starter)
}

fn make(path: &Path) -> Result<(), RuntimeError> {
    fs::create_dir_all(path).map_err(|source| RuntimeError::Prepare {
        path: path.to_owned(),
        source,
    })
}

/// Removes the folders of sandboxes that a killed host left.
fn clear(scratch: &Path) -> Result<(), RuntimeError> {
    let failed = |source| RuntimeError::Prepare {
        path: scratch.to_owned(),
        source,
    };
    for entry in fs::read_dir(scratch).map_err(failed)?.flatten() {
        if entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.parse::<u64>().is_ok())
        {
            fs::remove_dir_all(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Lets Deno fill its cache, unless it has.
async fn fill(starter: &Starter, cache: &Path) -> Result<(), RuntimeError> {
    if cache.join(CACHE_MARK).exists() {
        return Ok(());
    }
    make(cache)?;
    for _ in 0..CACHE_STARTS {
        let ready = starter
            .start(Urgency::Now)
            .await
            .map_err(|error| RuntimeError::Start(error.to_string()))?;
        drop(ready);
        starter.cleaner.finished().await;
    }
    let mark = cache.join(CACHE_MARK);
    fs::write(&mark, "").map_err(|source| RuntimeError::Prepare { path: mark, source })
}

fn check_paths(config: &RuntimeConfig) -> Result<(), RuntimeError> {
    let own = [&config.state_dir, &config.scratch_dir];
    for path in own.into_iter().chain(&config.readable) {
        check_path(path)?;
    }
    let longest = config.scratch_dir.as_os_str().len() + SOCKET_NAME_BYTES_MAX;
    if longest > SOCKET_PATH_BYTES_MAX {
        let path: PathBuf = config.scratch_dir.clone();
        return Err(RuntimeError::BadPath {
            path,
            reason: "it is too long for a socket",
        });
    }
    Ok(())
}

/// Paths become parts of URLs and of comma-separated flags, where nothing is escaped.
fn check_path(path: &Path) -> Result<(), RuntimeError> {
    let bad = |reason| {
        Err(RuntimeError::BadPath {
            path: path.to_owned(),
            reason,
        })
    };
    if !path.is_absolute() {
        return bad("it is not absolute");
    }
    if FORBIDDEN.iter().any(|folder| path.starts_with(folder)) {
        return bad("Deno asks for every permission to use it");
    }
    match path.to_str() {
        Some(text)
            if text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"/-_.@+".contains(&byte)) =>
        {
            Ok(())
        }
        _ => bad("it has characters other than letters, digits and `/-_.@+`"),
    }
}

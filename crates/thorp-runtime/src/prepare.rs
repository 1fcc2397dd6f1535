//! Everything that is done once, before the first sandbox of the pool: Deno is asked for its version, folders are made,
//! and Deno's cache is filled.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};

use thorp_jail::limits::THREADS_MAX;
use thorp_jail::{GroupLimits, Groups, Jail, Mount, Spawner};
use tokio::sync::watch;

use crate::boot::Starter;
use crate::cleaner::Cleaner;
use crate::config::RuntimeConfig;
use crate::deno::{self, Deno};
use crate::error::RuntimeError;
use crate::folder::Cache;
use crate::guest;
use crate::image::Image;
use crate::limits::{GROUP_BYTES_ABOVE, SANDBOXES_MEMORY_PERCENT_MAX, SOCKET_PATH_BYTES_MAX};
use crate::policy::Urgency;

/// With an empty cache, a start takes 10 ms longer; after this many starts it has all that it ever gets.
const CACHE_STARTS: u32 = 3;
/// Below these, Deno wants `--allow-all`.
const FORBIDDEN: [&str; 4] = ["/dev", "/etc", "/proc", "/sys"];
/// Where Deno keeps what it made of TypeScript from elsewhere.
const FOREIGN_CODE: &str = "gen/https";
const AUTHORITIES: &str = "authorities.pem";
const CACHE_MARK: &str = "prepared-for-all";
/// The longest name that a sandbox adds to the scratch folder's path: `/h/`, a number, `/c`.
const SOCKET_NAME_BYTES_MAX: usize = 25;
/// The folder of the hardened sandboxes in that of the others.
const HARDENED_SCRATCH: &str = "h";
/// And of those that answer web requests.
const WEB_SCRATCH: &str = "w";

/// Makes all that starting sandboxes needs.
pub(crate) async fn prepare(config: &RuntimeConfig) -> Result<Starter, RuntimeError> {
    check_paths(config)?;
    let spawn = |jail| Spawner::new(config.confine.clone(), jail);
    let plain = spawn(Jail {
        private: Some(config.scratch_dir.clone()),
        ..Jail::none()
    })?;
    let version = deno::version(&plain, &config.deno).await?;
    make(&config.state_dir)?;
    make(&config.scratch_dir)?;
    clear(&config.scratch_dir)?;
    let image = image(config, &plain).await;
    let guest = guest::install(&config.state_dir)?;
    let authorities = authorities(config)?;
    let deno = Deno::new(config, image, guest, version, authorities);
    starter(config, deno, plain, groups(config)).await
}

/// Makes all that starting hardened sandboxes needs: as the plain ones, but each with a guest, a cache and a folder of
/// their own.
pub(crate) async fn prepare_hardened(
    config: &RuntimeConfig,
    plain: &Starter,
) -> Result<Starter, RuntimeError> {
    prepare_more(config, plain, HARDENED_SCRATCH, plain.deno.hardened()).await
}

/// Makes all that starting sandboxes needs that answer web requests: as the plain ones, each in a folder of their own.
pub(crate) async fn prepare_web(
    config: &RuntimeConfig,
    plain: &Starter,
) -> Result<Starter, RuntimeError> {
    prepare_more(config, plain, WEB_SCRATCH, plain.deno.web()).await
}

async fn prepare_more(
    config: &RuntimeConfig,
    plain: &Starter,
    folder: &str,
    deno: Deno,
) -> Result<Starter, RuntimeError> {
    let config = RuntimeConfig {
        scratch_dir: config.scratch_dir.join(folder),
        ..config.clone()
    };
    make(&config.scratch_dir)?;
    clear(&config.scratch_dir)?;
    let spawner = Spawner::new(
        config.confine.clone(),
        Jail {
            private: Some(config.scratch_dir.clone()),
            ..Jail::none()
        },
    )?;
    let groups = plain.spawner.groups().clone();
    starter(&config, deno, spawner, groups).await
}

/// Fills the cache, outside of the jail, and finds out whether the jail works.
async fn starter(
    config: &RuntimeConfig,
    deno: Deno,
    plain: Spawner,
    groups: Groups,
) -> Result<Starter, RuntimeError> {
    let start = |error: std::io::Error| RuntimeError::Start(error.to_string());
    let cache = config.state_dir.join(deno.cache_name());
    let mut starter = Starter {
        deno,
        spawner: plain,
        gateway: config.gateway.clone(),
        cleaner: Cleaner::start(cache.clone()).map_err(start)?,
        cache: Cache::Filling(cache.clone()),
        scratch: config.scratch_dir.clone(),
        raises_priority: AtomicBool::new(true),
        numbers: AtomicU64::new(0),
        hurry: watch::Sender::new(()),
    };
    fill(&starter, &cache).await?;
    let jail = jail(config, &starter.deno, &cache)?;
    starter.spawner = Spawner::with_groups(config.confine.clone(), jail, groups)?;
    starter.cache = Cache::Prepared(cache);
    // Whether the layers work is found by doing.
    start_and_end(&starter).await?;
    Ok(starter)
}

/// The copy of Deno that starts sooner, if there can be one and it runs.
async fn image(config: &RuntimeConfig, plain: &Spawner) -> Option<Image> {
    let (deno, folder) = (config.deno.clone(), config.state_dir.clone());
    let made = tokio::task::spawn_blocking(move || Image::make(&deno, &folder)).await;
    let found = match made.map_err(std::io::Error::other).flatten() {
        Ok(image) => match deno::version(plain, &image.path).await {
            Ok(_) => return Some(image),
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    tracing::warn!(
        reason = found,
        "sandboxes start more slowly: there is no copy of Deno at an address of its own"
    );
    None
}

async fn start_and_end(starter: &Starter) -> Result<(), RuntimeError> {
    let ready = starter
        .start(Urgency::Now)
        .await
        .map_err(|error| RuntimeError::Start(error.to_string()))?;
    if starter.spawner.jail().has_network() && !ready.has_network {
        tracing::warn!(
            "sandboxes get no network of their own here: raw connections (node:net, node:http) fail"
        );
    }
    drop(ready);
    starter.cleaner.finished().await;
    Ok(())
}

/// What a sandbox sees: Deno, the guest, the prepared cache, and what all may read. Nothing of it can be written but what
/// Deno keeps of foreign TypeScript, each sandbox for itself.
fn jail(config: &RuntimeConfig, deno: &Deno, cache: &Path) -> Result<Jail, RuntimeError> {
    let foreign = cache.join(FOREIGN_CODE);
    make(&foreign)?;
    let program = deno.binary();
    let mut jail = Jail::of_programs(config.layers, [program]).map_err(|source| {
        let path = program.to_owned();
        RuntimeError::Prepare { path, source }
    })?;
    let readable = config.readable.iter().map(PathBuf::as_path);
    let files = [deno.guest.as_path(), cache]
        .into_iter()
        .chain(deno.authorities.as_deref())
        .chain(readable);
    jail.mounts.extend(files.map(Mount::read));
    Ok(Jail {
        program: Some(program.to_owned()),
        scratch: vec![foreign],
        private: Some(config.scratch_dir.clone()),
        ports: config.gateway.ports().to_vec(),
        ..jail
    })
}

/// Writes down whom sandboxes are to trust beside whom Deno does, if anybody.
fn authorities(config: &RuntimeConfig) -> Result<Option<PathBuf>, RuntimeError> {
    let Some(text) = config.gateway.authorities() else {
        return Ok(None);
    };
    let path = config.state_dir.join(AUTHORITIES);
    let written = fs::write(&path, text).and_then(|()| readable_by_all(&path));
    written.map_err(|source| RuntimeError::Prepare {
        path: path.clone(),
        source,
    })?;
    Ok(Some(path))
}

/// What bounds sandboxes from outside, as far as this machine gives it.
fn groups(config: &RuntimeConfig) -> Groups {
    if !config.groups {
        return Groups::none();
    }
    let groups = Groups::open(GroupLimits {
        memory_bytes: config.pool.memory_bytes + GROUP_BYTES_ABOVE,
        memory_percent_all: SANDBOXES_MEMORY_PERCENT_MAX,
        threads: THREADS_MAX,
    });
    tracing::debug!(bound = ?groups.held(), refused = ?groups.refused(), "control groups");
    groups
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
        start_and_end(starter).await?;
    }
    readable_by_all(cache).map_err(|source| RuntimeError::Prepare {
        path: cache.to_owned(),
        source,
    })?;
    let mark = cache.join(CACHE_MARK);
    fs::write(&mark, "").map_err(|source| RuntimeError::Prepare { path: mark, source })
}

/// Sandboxes may have users of their own.
fn readable_by_all(path: &Path) -> std::io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(());
    }
    if !metadata.is_dir() {
        return fs::set_permissions(path, fs::Permissions::from_mode(0o644));
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    fs::read_dir(path)?.try_for_each(|entry| readable_by_all(&entry?.path()))
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

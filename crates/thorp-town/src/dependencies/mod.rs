//! Packages and modules from outside: found out and downloaded when a version is saved, so that a run downloads nothing.
//!
//! What was resolved lies in folders named by the hash of their contents, never changed afterwards. Which needs led to which
//! folder stands in the store, and is used again for the same user only.

mod bundle;
mod collect;
mod downloader;
mod explain;
mod intake;
mod manifest;
mod registries;
mod resolver;

pub use bundle::esbuild_beside;
pub(crate) use bundle::{installed, read_within};
pub(crate) use manifest::Manifest;
use manifest::requirement;

use crate::error::TownError;
use crate::limits::{DEPENDENCY_TOUCH_MICROS, RESOLUTIONS_MAX};
use crate::save::{OnProgress, ProgressStep, tell};
use crate::town::{DEPENDENCIES, TownConfig};
use crate::vals::{from_json, to_json};
use crate::view::{DependencyView, DiagnosticView};
use crate::workshop;
use bundle::Bundler;
use downloader::Downloader;
pub(crate) use intake::remove_folder;
pub(crate) use resolver::Room;
use resolver::{Asking, Resolver};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use thorp_lang::{Facts, Import, ImportKind};
use thorp_runtime::Runtime;
use thorp_store::{DependencySet, Digest, NewDependencySet, Store};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// The folder beside that of packages in which bundles are made.
const BUNDLING: &str = "bundling";
const UNAVAILABLE: &str = "DEPENDENCY_UNAVAILABLE";
const TOO_LARGE: &str = "DEPENDENCY_TOO_LARGE";

/// The folders, and what makes new ones.
pub(crate) struct Dependencies {
    folders: PathBuf,
    resolver: Resolver,
    store: Store,
    permits: Semaphore,
}

/// Needs that were met.
#[derive(Clone, Debug)]
pub(crate) struct Locked {
    /// The row in the store.
    pub(crate) set: Uuid,
    /// The folder.
    pub(crate) folder: PathBuf,
    /// Aliases and addresses to what they stand for, such as `zod__4` to `zod@4.1.0`.
    pub(crate) resolved: Arc<BTreeMap<String, String>>,
    touched_at: Arc<AtomicI64>,
}

/// Needs that can't be met.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: &'static str,
    /// What of the manifest is to blame, such as `npm:zod@4` or an address, if that is known.
    pub(crate) culprit: Option<String>,
}

impl Dependencies {
    pub(crate) fn new(
        config: &TownConfig,
        runtime: Runtime,
        store: Store,
        scratch: &Path,
    ) -> Result<Self, TownError> {
        let folders = config.data.join(DEPENDENCIES);
        std::fs::create_dir_all(&folders).map_err(|error| TownError::unusable(&folders, &error))?;
        let folders = folders
            .canonicalize()
            .map_err(|error| TownError::unusable(&folders, &error))?;
        // Beside the folders of packages and not in it: that one sandboxes may read.
        let (work, closed) = (folders.join("work"), folders.with_file_name(BUNDLING));
        for left in [&work, &closed] {
            remove_folder(left)
                .and_then(|()| std::fs::create_dir_all(left))
                .map_err(|error| TownError::unusable(left, &error))?;
        }
        let groups = runtime.groups();
        let bundler = config
            .esbuild
            .as_ref()
            .map(|esbuild| {
                let spawner = workshop::of_bundler(config, &groups, esbuild, &work, &closed)?;
                Ok::<_, TownError>((esbuild.clone(), spawner))
            })
            .transpose()?;
        let bundler = Bundler::new(bundler, closed, runtime, &config.bounds);
        let downloader = Downloader::new(config, &groups, work, scratch)?;
        let resolver = Resolver::new(config.clock, downloader, bundler);
        Ok(Self {
            folders,
            resolver,
            store,
            permits: Semaphore::new(RESOLUTIONS_MAX),
        })
    }

    /// The folder for these needs of this user: the one that was made before, or a new one.
    pub(crate) async fn ensure(
        &self,
        user: Uuid,
        manifest: &Manifest,
        progress: OnProgress<'_>,
        now: i64,
    ) -> Result<Result<Locked, Failure>, TownError> {
        let key = manifest.key();
        if let Some(locked) = self.known(user, &key, now).await? {
            return Ok(Ok(locked));
        }
        tell(progress, ProgressStep::Resolve, "resolving packages");
        let _permit = self.permit().await?;
        if let Some(locked) = self.known(user, &key, now).await? {
            return Ok(Ok(locked));
        }
        let asking = Asking { user, progress };
        let resolution = match self.resolver.resolve(manifest, asking).await {
            Ok(resolution) => resolution,
            Err(failure) => return Ok(Err(failure)),
        };
        let new = NewDependencySet {
            id: Uuid::now_v7(),
            user_id: user,
            manifest_key: key,
            folder_hash: resolution.hash,
            lock: to_json(&resolution.resolved)?,
            bytes: i64::try_from(resolution.bytes).unwrap_or(i64::MAX),
            now_micros: now,
        };
        // The folder is in place before the row that names it, and both before another save may collect folders.
        resolution.put_in(&self.folders)?;
        let set = self.store.insert_dependency_set(new).await?;
        Ok(Ok(self.locked_set(&set)?))
    }

    /// Where packages are, and where bundles are made of them.
    pub(crate) fn places(&self) -> (&Path, PathBuf) {
        (&self.folders, self.folders.with_file_name(BUNDLING))
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>, TownError> {
        self.permits.acquire().await.map_err(TownError::internal)
    }

    async fn known(&self, user: Uuid, key: &str, now: i64) -> Result<Option<Locked>, TownError> {
        let Some(set) = self.store.dependency_set(user, key).await? else {
            return Ok(None);
        };
        if !self.folder(set.folder_hash).is_dir() {
            return Ok(None);
        }
        self.store.touch_dependency_sets(vec![set.id], now).await?;
        Ok(Some(self.locked_set(&set)?))
    }

    /// The folder of a version that was saved with one.
    pub(crate) async fn locked(&self, set: Uuid) -> Result<Locked, TownError> {
        let found = self.store.dependency_set_by_id(set).await?;
        let set = found
            .ok_or_else(|| TownError::internal(format!("the dependency set `{set}` is gone")))?;
        self.locked_set(&set)
    }

    fn locked_set(&self, set: &DependencySet) -> Result<Locked, TownError> {
        Ok(Locked {
            set: set.id,
            folder: self.folder(set.folder_hash),
            resolved: Arc::new(from_json(&set.lock)?),
            touched_at: Arc::new(AtomicI64::new(set.last_used_at)),
        })
    }

    fn folder(&self, hash: Digest) -> PathBuf {
        self.folders.join(hash.to_string())
    }

    /// Notes that a folder is in use, once in a while.
    pub(crate) fn touch(&self, locked: &Locked, now: i64) {
        if now - locked.touched_at.load(Ordering::Relaxed) < DEPENDENCY_TOUCH_MICROS {
            return;
        }
        locked.touched_at.store(now, Ordering::Relaxed);
        let (store, set) = (self.store.clone(), locked.set);
        tokio::spawn(async move {
            if let Err(error) = store.touch_dependency_sets(vec![set], now).await {
                tracing::warn!(%error, "the use of packages was not noted");
            }
        });
    }
}

impl Locked {
    /// What each import stands for, each once.
    pub(crate) fn views(&self, facts: &Facts) -> Vec<DependencyView> {
        let mut views: Vec<DependencyView> = facts
            .imports
            .iter()
            .filter_map(|import| {
                let resolved = self.resolved.get(wanted(import)?)?.clone();
                Some(DependencyView {
                    specifier: import.specifier.clone(),
                    resolved,
                    pin: None,
                })
            })
            .collect();
        views.sort_by(|one, other| one.specifier.cmp(&other.specifier));
        views.dedup();
        views
    }
}

/// What an import is called in a lock: the package's alias, or the address.
fn wanted(import: &Import) -> Option<&str> {
    match &import.kind {
        ImportKind::Npm { alias, .. } => Some(alias),
        ImportKind::Jsr | ImportKind::Https => Some(&import.specifier),
        _ => None,
    }
}

impl Failure {
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self {
            code: UNAVAILABLE,
            message: message.into(),
            hint: "check the name and the version, then save again",
            culprit: None,
        }
    }

    /// The gateway did not let Deno ask for it.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self {
            hint: "packages and modules come from registries, public addresses, and what the operator of this town allows with `--egress-allow`",
            ..Self::unavailable(message)
        }
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self {
            code: TOO_LARGE,
            message: message.into(),
            hint: "import less, or smaller packages",
            culprit: None,
        }
    }

    /// One diagnostic on each import that is to blame; on the first from outside if none is known to be.
    pub(crate) fn diagnostics(&self, facts: &Facts) -> Vec<DiagnosticView> {
        let outside = || {
            facts
                .imports
                .iter()
                .filter(|import| wanted(import).is_some())
        };
        let mut found: Vec<DiagnosticView> = outside()
            .filter(|import| self.blames(import))
            .map(|import| self.diagnostic(import))
            .collect();
        if found.is_empty() {
            found.extend(outside().next().map(|import| self.diagnostic(import)));
        }
        found
    }

    fn blames(&self, import: &Import) -> bool {
        let Some(culprit) = &self.culprit else {
            return false;
        };
        match &import.kind {
            ImportKind::Npm { name, range, .. } => requirement(name, range) == *culprit,
            _ => import.specifier == *culprit,
        }
    }

    fn diagnostic(&self, import: &Import) -> DiagnosticView {
        let width = u32::try_from(import.specifier.chars().count()).unwrap_or(0);
        DiagnosticView {
            severity: "error".to_owned(),
            code: self.code.to_owned(),
            message: format!("`{}` cannot be had: {}", import.specifier, self.message),
            hint: Some(self.hint.to_owned()),
            file: import.file.clone(),
            line: import.line,
            column: import.column,
            end_line: import.line,
            end_column: import.column + width,
        }
    }
}

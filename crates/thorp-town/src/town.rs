//! The town itself: its parts, how it opens and how it closes.

use crate::compiler::Compiler;
use crate::dependencies::Dependencies;
use crate::error::TownError;
use crate::foreign::{Bundler, Library};
use crate::health::HealthCheck;
use crate::limits;
use crate::mail::{Courier, SmtpConfig};
use crate::programs::Cache;
use crate::secrets::{self, Vault};
use crate::state::Locks;
use crate::tokens::TokenCache;
use crate::view::UserView;
use crate::web::{Gates, Sites};
use crate::{keeper, scratch, workshop};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use thorp_runtime::confined::Layers;
use thorp_runtime::gateway::{Gateway, GatewayConfig, Rules};
use thorp_runtime::{PoolLimits, Runtime, RuntimeConfig};
use thorp_store::{Store, StoreConfig};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// The folder of packages in the data folder.
pub(crate) const DEPENDENCIES: &str = "dependencies";

/// Microseconds since 1970.
pub type Clock = fn() -> i64;

/// What a town is told at start.
#[derive(Clone, Debug)]
pub struct TownConfig {
    /// The data folder. Made, readable by its owner alone, if it is not there.
    pub data: PathBuf,
    /// The Deno binary.
    pub deno: PathBuf,
    /// The `thorp` binary: it runs itself again as a compile worker, and to confine sandboxes.
    pub executable: PathBuf,
    /// What confines every sandbox.
    pub layers: Layers,
    /// What vals may reach beside public addresses, and what not.
    pub egress: Rules,
    /// Where the town itself listens: vals reach it there no more than anything else of this machine.
    pub own: Vec<SocketAddr>,
    /// Whether callers without a token may evaluate.
    pub anonymous: bool,
    /// How many sandboxes are kept ready.
    pub pool: PoolLimits,
    /// Evaluations older than this are forgotten.
    pub runs_kept: Duration,
    /// The oldest evaluations are forgotten when all together need more.
    pub runs_bytes_max: u64,
    /// The esbuild binary. Without it, packages stay as they are installed, and load more slowly, and no other user's code can
    /// be imported.
    pub esbuild: Option<PathBuf>,
    /// The file with the keys of secrets, if not `secrets.key` in the data folder.
    pub key_file: Option<PathBuf>,
    /// The registry of `npm:` packages, if not the usual one.
    pub npm_registry: Option<String>,
    /// The registry of `jsr:` packages, if not the usual one.
    pub jsr_registry: Option<String>,
    /// Limits that take long or much to meet.
    pub bounds: limits::Bounds,
    /// The mail server that takes the mail of vals. Without it, mail stays in the outbox.
    pub smtp: Option<SmtpConfig>,
    /// The time.
    pub clock: Clock,
}

impl TownConfig {
    /// A town with the usual limits.
    #[must_use]
    pub fn new(data: PathBuf, deno: PathBuf, executable: PathBuf, clock: Clock) -> Self {
        Self {
            data,
            deno,
            executable,
            layers: Layers::NONE,
            egress: Rules::default(),
            own: Vec::new(),
            anonymous: true,
            pool: PoolLimits::default(),
            runs_kept: limits::RUNS_KEPT,
            runs_bytes_max: limits::RUNS_BYTES_MAX,
            esbuild: None,
            key_file: None,
            npm_registry: None,
            jsr_registry: None,
            bounds: limits::Bounds::default(),
            smtp: None,
            clock,
        }
    }
}

/// A town that was just opened.
#[derive(Debug)]
pub struct Opened {
    /// The town.
    pub town: Town,
    /// Whether the data folder was new.
    pub first_start: bool,
    /// The operator's account.
    pub owner: UserView,
    /// Where the operator's token was put at the first start.
    pub owner_token_file: PathBuf,
}

/// The town. Clones are the same town.
#[derive(Clone)]
pub struct Town(pub(crate) Arc<Parts>);

impl std::fmt::Debug for Town {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Town")
            .field("data", &self.0.config.data)
            .finish_non_exhaustive()
    }
}

pub(crate) struct Parts {
    pub(crate) config: TownConfig,
    pub(crate) store: Store,
    pub(crate) runtime: Runtime,
    pub(crate) compiler: Compiler,
    pub(crate) dependencies: Dependencies,
    pub(crate) tokens: TokenCache,
    pub(crate) secrets: Vault,
    pub(crate) expressions: Cache<(Option<Uuid>, [u8; 32])>,
    pub(crate) versions: Cache<(Uuid, i64)>,
    pub(crate) graphs: Cache<[u8; 32]>,
    pub(crate) bundler: Bundler,
    pub(crate) library: Library,
    pub(crate) locks: Locks,
    pub(crate) sites: Sites,
    pub(crate) gates: Gates,
    pub(crate) health: HealthCheck,
    pub(crate) courier: Courier,
    pub(crate) anonymous: Arc<Semaphore>,
    scratch: PathBuf,
    keeper: OnceLock<tokio::task::AbortHandle>,
}

impl Town {
    /// Opens the data folder, or makes it, and starts the sandboxes.
    ///
    /// # Errors
    /// `TownError::Refused` with a hint if another server has the folder, `TownError::Internal` for everything else.
    pub async fn open(config: TownConfig) -> Result<Opened, TownError> {
        let data = config.data.clone();
        let store = open_store(&data)?;
        let opened = Self::open_parts(config, store.clone()).await;
        if opened.is_err() {
            scratch::remove_left(&data);
            let _ = store.close().await;
        }
        opened
    }

    async fn open_parts(config: TownConfig, store: Store) -> Result<Opened, TownError> {
        let first = crate::accounts::owner(&store, &config.data, (config.clock)()).await?;
        let scratch = scratch::fresh(&config.data)?;
        if config.layers.own_user && !config.layers.namespaces {
            // Sandboxes have users of their own and no root of their own: they must get through to what they may read.
            // All other files there are their owner's alone.
            let_through(&config.data).map_err(|error| TownError::unusable(&config.data, &error))?;
        }
        let packages = config.data.join(DEPENDENCIES);
        std::fs::create_dir_all(&packages)
            .map_err(|error| TownError::unusable(&packages, &error))?;
        let gateway = Gateway::new(GatewayConfig {
            rules: config.egress.clone(),
            own: config.own.clone(),
            ..GatewayConfig::default()
        })
        .map_err(TownError::internal)?;
        let runtime = Runtime::start(runtime_config(&config, gateway, &scratch))
            .await
            .map_err(TownError::internal)?;
        // Another name of it, such as `/proc/self/exe`, leads elsewhere in a jail.
        let program = config
            .executable
            .canonicalize()
            .map_err(TownError::internal)?;
        let secrets = open_vault(&config, &store).await?;
        let dependencies = Dependencies::new(&config, runtime.clone(), store.clone(), &scratch)?;
        let (packages, closed) = dependencies.places();
        let bundler = Bundler::new(&config, &runtime.groups(), packages, closed)?;
        let parts = Parts {
            compiler: Compiler::new(
                workshop::of_compiler(&config, &runtime.groups(), &program)?,
                program,
                &config.bounds,
            ),
            dependencies,
            bundler,
            library: Library::new(&config.data)?,
            tokens: TokenCache::default(),
            secrets,
            expressions: Cache::new(),
            versions: Cache::new(),
            graphs: Cache::new(),
            locks: Locks::default(),
            sites: Sites::default(),
            gates: Gates::default(),
            health: HealthCheck::default(),
            courier: Courier::default(),
            anonymous: Arc::new(Semaphore::new(limits::ANONYMOUS_RUNS_MAX)),
            keeper: OnceLock::new(),
            store,
            runtime,
            scratch,
            config,
        };
        let town = Self(Arc::new(parts));
        let _ = town.0.keeper.set(keeper::start(&town));
        if let Some(smtp) = town.0.config.smtp.clone() {
            town.0.courier.start(&town, smtp)?;
        }
        Ok(Opened {
            first_start: first.is_new,
            owner: first.owner,
            owner_token_file: first.token_file,
            town,
        })
    }

    /// Takes no more runs and kills those that run. They are recorded, and their callers are told.
    pub async fn end_runs(&self) {
        self.0.runtime.shutdown(Duration::ZERO).await;
    }

    /// Ends: runs get `grace` to end by themselves, then everything is killed and removed.
    pub async fn close(&self, grace: Duration) {
        if let Some(keeper) = self.0.keeper.get() {
            keeper.abort();
        }
        self.0.runtime.shutdown(grace).await;
        self.0.courier.close().await;
        self.0.compiler.close().await;
        if let Err(error) = self.0.store.close().await {
            tracing::error!(%error, "the store did not close well");
        }
        scratch::remove(&self.0.config.data, &self.0.scratch);
    }

    pub(crate) fn now(&self) -> i64 {
        (self.0.config.clock)()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }
}

/// The secrets' keys. A town whose keys are not there starts all the same, and says what it cannot read.
async fn open_vault(config: &TownConfig, store: &Store) -> Result<Vault, TownError> {
    let file = secrets::key_path(&config.data, config.key_file.as_deref());
    let vault = Vault::new(file);
    let state = vault.state(store).await?;
    if let Some(error) = state.error.as_ref().filter(|_| state.secrets > 0) {
        tracing::warn!("{error}: {}", error.hint());
    }
    if !state.is_well() {
        let (unreadable, all, some) = (state.unreadable, state.secrets, state.examples.join(", "));
        tracing::warn!("{unreadable} of {all} secrets cannot be read: {some}");
    }
    Ok(vault)
}

fn let_through(folder: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711))
}

fn runtime_config(config: &TownConfig, gateway: Gateway, scratch: &Path) -> RuntimeConfig {
    RuntimeConfig {
        deno: config.deno.clone(),
        confine: config.executable.clone(),
        state_dir: config.data.join("runtime"),
        scratch_dir: scratch.to_path_buf(),
        readable: vec![config.data.join(DEPENDENCIES)],
        jsr_registry: config.jsr_registry.clone(),
        layers: config.layers,
        groups: true,
        gateway,
        pool: config.pool.clone(),
        clock: config.clock,
    }
}

pub(crate) fn open_store(data: &Path) -> Result<Store, TownError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(|error| TownError::unusable(data, &error))?;
    Store::open(StoreConfig::new(data)).map_err(TownError::from)
}

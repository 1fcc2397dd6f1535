//! Deno where it gets packages: in a jail without a network, with one socket to a gateway of its own.
//!
//! That gateway reaches the registries, by the names that Deno has for them and whatever these resolve to, and otherwise
//! what vals reach. What one resolution may use of it is bounded.

use super::Failure;
use super::explain::ENTRY;
use super::registries;
use super::resolver::Room;
use crate::error::TownError;
use crate::limits::{
    DEPENDENCY_BYTES_MAX, RESOLVE_BYTES_IN_MAX, RESOLVE_BYTES_OUT_MAX, RESOLVE_OUTPUT_BYTES_MAX,
    RESOLVE_REQUESTS_MAX,
};
use crate::town::TownConfig;
use crate::workshop;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thorp_runtime::confined::{
    Command, Exit, Groups, Input, Limits, Part, Sandbox, Shortage, Spawner,
};
use thorp_runtime::gateway::limits::{
    GUEST_CONNECTIONS_MAX, HEADER_BYTES_MAX, Limits as GatewayLimits, URL_BYTES_MAX,
};
use thorp_runtime::gateway::policy::Rule;
use thorp_runtime::gateway::{Budget, Code, Egress, Gateway, GatewayConfig, Rules, Tenant};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::net::UnixListener;
use tokio::net::unix::pipe;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Deno's cache, in a room and in what is made of it.
pub(super) const CACHE: &str = "deno-dir";
/// The folder of sockets among those of the sandboxes.
const DOORS: &str = "resolver";
/// The socket of one process, in a folder of its own.
const SOCKET: &str = "g";
/// The resolver is of the town's user; sandboxes need not come here.
const OF_ONE_USER: u32 = 0o700;
/// What Deno says when it ends for want of memory.
const OUT_OF_MEMORY: &str = "memory allocation of ";

/// What one request may have sent of the last bytes of a budget: it was refused, and the list of requests may be full.
const REQUEST_BYTES: u64 = (URL_BYTES_MAX + HEADER_BYTES_MAX) as u64;

const BUDGET: Budget = Budget {
    requests: RESOLVE_REQUESTS_MAX,
    bytes_out: RESOLVE_BYTES_OUT_MAX,
    bytes_in: RESOLVE_BYTES_IN_MAX,
};

/// What starts Deno, and what it may reach.
pub(super) struct Downloader {
    spawner: Spawner,
    deno: PathBuf,
    /// The variables that name registries, if not the usual ones.
    settings: Vec<(OsString, OsString)>,
    doors: PathBuf,
    /// Holds the folders that are being made, and the downloads.
    pub(super) work: PathBuf,
    egress: Rules,
    own: Vec<SocketAddr>,
    wall: Duration,
    memory_bytes: u64,
    /// Made when it is known where the registries are.
    gateway: OnceCell<Gateway>,
}

/// How Deno ended, what it said, and what it asked of the network.
pub(super) struct Told {
    pub(super) is_done: bool,
    pub(super) said: String,
    pub(super) egress: Egress,
    shortage: Option<Shortage>,
    memory_bytes: u64,
}

impl Downloader {
    /// `scratch` is the folder of what lives no longer than the town.
    pub(super) fn new(
        config: &TownConfig,
        groups: &Groups,
        work: PathBuf,
        scratch: &Path,
    ) -> Result<Self, TownError> {
        let doors = scratch.join(DOORS);
        std::fs::DirBuilder::new()
            .mode(OF_ONE_USER)
            .create(&doors)
            .map_err(|error| TownError::unusable(&doors, &error))?;
        let setting = |name: &str, value: &Option<String>| {
            let address = registries::without_user(value.as_ref()?);
            Some((name.into(), address.into()))
        };
        let settings = [
            setting("NPM_CONFIG_REGISTRY", &config.npm_registry),
            setting("JSR_URL", &config.jsr_registry),
        ];
        Ok(Self {
            spawner: workshop::of_resolver(config, groups, &work, &doors)?,
            deno: config.deno.clone(),
            settings: settings.into_iter().flatten().collect(),
            doors,
            work,
            egress: config.egress.clone(),
            own: config.own.clone(),
            wall: config.bounds.resolve_wall,
            memory_bytes: config.bounds.resolve_memory_bytes,
            gateway: OnceCell::new(),
        })
    }

    /// Runs Deno in a room for this user. `on_line` hears what it says meanwhile.
    pub(super) async fn run(
        &self,
        room: &Room,
        args: &[&str],
        user: Uuid,
        on_line: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Told, Failure> {
        let gateway = self.gateway.get_or_try_init(|| self.gateway()).await?;
        let mut running = self.start(room, args).await.map_err(|e| failed(&e))?;
        let door = gateway.open(running.listener, Some(running.process.pid()));
        door.assign(Tenant { user }, BUDGET)
            .map_err(|error| failed(&error))?;
        let work = async {
            let out = listen(running.stdout.take(), &|_| ());
            let (_, said) = tokio::join!(out, listen(running.stderr.take(), on_line));
            (running.process.wait().await, said)
        };
        let (exit, said) = self.within_wall(work).await?;
        Ok(Told {
            shortage: running.process.shortage(),
            memory_bytes: self.memory_bytes,
            is_done: exit.is_ok_and(|exit| exit == Exit::Code(0)),
            said,
            egress: door.report(),
        })
    }

    /// The way to the registries, to what the operator allows, and to public addresses.
    async fn gateway(&self) -> Result<Gateway, Failure> {
        let mut rules = self.egress.clone();
        rules.needed = self.registries().await?;
        let config = GatewayConfig {
            rules,
            own: self.own.clone(),
            limits: GatewayLimits {
                // It asks for all that it needs at once: what waits must not count as refused.
                open_requests: GUEST_CONNECTIONS_MAX,
                ..GatewayLimits::default()
            },
            ..GatewayConfig::default()
        };
        Gateway::new(config).map_err(|error| failed(&error))
    }

    async fn registries(&self) -> Result<Vec<Rule>, Failure> {
        let mut found = Vec::new();
        for import in registries::IMPORTS {
            let asking = self.ask(import, &mut found);
            self.within_wall(asking)
                .await?
                .map_err(|error| failed(&error))?;
        }
        Ok(found)
    }

    /// Lets Deno ask for one package, to its end.
    async fn ask(&self, import: &str, found: &mut Vec<Rule>) -> io::Result<()> {
        let room = Room::new(&self.work)?;
        std::fs::write(room.path("deno.json"), "{}")?;
        std::fs::write(room.path(ENTRY), format!("import \"{import}\";\n"))?;
        let args = ["install", "--allow-import", "--entrypoint", ENTRY];
        let running = self.start(&room, &args).await?;
        tokio::select! {
            exit = running.process.wait() => exit.map(|_| ()),
            error = registries::note(&running.listener, found) => Err(error),
        }
    }

    async fn start(&self, room: &Room, args: &[&str]) -> io::Result<Running> {
        let name = Uuid::now_v7().simple().to_string();
        let folder = self.doors.join(&name);
        std::fs::create_dir(&folder)?;
        let doorway = Doorway(folder);
        let listener = UnixListener::bind(doorway.0.join(SOCKET))?;
        let command = self.command(room, args, name);
        let process = self.spawner.spawn(&command).await;
        let process = process.map_err(io::Error::other)?;
        // Whoever saves can wait; whoever runs something should not feel it.
        process.set_part(Part::Small)?;
        Ok(Running {
            stdout: process.take_stdout()?,
            stderr: process.take_stderr()?,
            process,
            listener,
            _doorway: doorway,
        })
    }

    fn command(&self, room: &Room, args: &[&str], name: String) -> Command {
        let mut door = OsString::from("unix:");
        door.push(self.spawner.jail().private_seen(&name).join(SOCKET));
        let env: [(OsString, OsString); 5] = [
            ("ALL_PROXY".into(), door),
            ("DENO_DIR".into(), room.path(CACHE).into()),
            ("HOME".into(), "/nonexistent".into()),
            ("NO_COLOR".into(), "1".into()),
            ("DENO_NO_UPDATE_CHECK".into(), "1".into()),
        ];
        Command {
            program: self.deno.clone(),
            args: args.iter().map(Into::into).collect(),
            env: env.into_iter().chain(self.settings.clone()).collect(),
            cwd: room.folder.clone(),
            private: Some(name),
            stdin: Input::Empty,
            limits: Limits {
                file_bytes: DEPENDENCY_BYTES_MAX,
                open_files: 4096,
                ..workshop::limits(self.memory_bytes)
            },
        }
    }

    async fn within_wall<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::time::timeout(self.wall, work).await.map_err(|_| {
            Failure::unavailable(format!("it took longer than {} s", self.wall.as_secs()))
        })
    }
}

/// A Deno that works, and what is to be read of it.
struct Running {
    process: Sandbox,
    stdout: Option<pipe::Receiver>,
    stderr: Option<pipe::Receiver>,
    listener: UnixListener,
    _doorway: Doorway,
}

/// A process's own folder, with its socket; gone when it is dropped.
struct Doorway(PathBuf);

impl Drop for Doorway {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Reads lines until the end. Keeps the first [`RESOLVE_OUTPUT_BYTES_MAX`] of them.
async fn listen(
    pipe: Option<impl AsyncRead + Unpin>,
    on_line: &(dyn Fn(&str) + Send + Sync),
) -> String {
    let mut said = String::new();
    let Some(pipe) = pipe else { return said };
    let mut lines = BufReader::new(pipe).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        on_line(&line);
        if said.len() + line.len() < RESOLVE_OUTPUT_BYTES_MAX {
            said.push_str(&line);
            said.push('\n');
        }
    }
    said
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::unavailable(format!("Deno failed: {error}"))
}

impl Told {
    /// What was too much, if something was.
    pub(super) fn excess(&self) -> Option<Failure> {
        let asked = self.egress.requests.len() as u64 + self.egress.dropped;
        let mut denials = self.egress.requests.iter().map(|request| request.denial);
        if self.shortage == Some(Shortage::Together) {
            let message = "all runs and saves together need more memory than they may have";
            return Some(Failure::unavailable(message));
        }
        let message = if self.shortage.is_some() || self.said.contains(OUT_OF_MEMORY) {
            let mebibytes = self.memory_bytes >> 20;
            format!("getting it needs more than {mebibytes} MiB of memory")
        } else if asked > RESOLVE_REQUESTS_MAX {
            format!("getting it needs more than {RESOLVE_REQUESTS_MAX} requests")
        } else if denials.any(|denial| denial == Some(Code::Quota)) {
            let mebibytes = RESOLVE_BYTES_IN_MAX >> 20;
            format!("all that it needs is more than {mebibytes} MiB to download")
        } else if self.egress.bytes_out + REQUEST_BYTES > RESOLVE_BYTES_OUT_MAX {
            let mebibytes = RESOLVE_BYTES_OUT_MAX >> 20;
            format!("getting it needs to send more than {mebibytes} MiB")
        } else {
            return None;
        };
        Some(Failure::too_large(message))
    }
}

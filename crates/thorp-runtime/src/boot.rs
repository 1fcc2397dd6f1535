//! Starting one sandbox: its folder, its process, its connection, its warm-up.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::value::RawValue;
use thorp_gateway::{Door, Gateway};
use thorp_jail::{Network, Sandbox, SpawnError, Spawner};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::cleaner::Cleaner;
use crate::control::{Control, ControlError};
use crate::deno::Deno;
use crate::folder::{Cache, Folder};
use crate::frame::{FromGuest, ToGuest};
use crate::guest;
use crate::limits;
use crate::logs::Logs;
use crate::outcome::LogLevel;
use crate::output::Output;
use crate::policy::Urgency;
use crate::request::{GuestProgram, Request};
use crate::text::Paths;

/// `EAGAIN`, `ENOMEM`, `ENFILE` and `EMFILE`.
const SHORTAGES: [i32; 4] = [11, 12, 23, 24];

const START_MAX: Duration = Duration::from_millis(limits::START_MILLIS_MAX);
const BACKGROUND_START_MAX: Duration = Duration::from_millis(limits::BACKGROUND_START_MILLIS_MAX);

const CONNECT_BY_ALL: u32 = 0o666;

/// Why a sandbox did not get ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootError {
    #[error("its folder: {0}")]
    Folder(io::Error),
    #[error("its socket: {0}")]
    Socket(io::Error),
    #[error("no random key: {0}")]
    Random(getrandom::Error),
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    #[error("its pipes: {0}")]
    Pipes(io::Error),
    #[error(
        "it was not ready {} ms after it was wanted: {stderr}",
        limits::START_MILLIS_MAX
    )]
    TooSlow { stderr: String },
    #[error("{reason}: {stderr}")]
    Ended { reason: String, stderr: String },
    #[error("its request cannot be written: {0}")]
    Request(#[from] serde_json::Error),
}

impl BootError {
    /// Whether the system has no more of what ended runs give back: open files, processes, memory.
    pub(crate) fn is_shortage(&self) -> bool {
        let error = match self {
            Self::Folder(error) | Self::Socket(error) | Self::Pipes(error) => error,
            Self::Spawn(SpawnError::Descriptor) => return true,
            Self::Spawn(
                SpawnError::Start { source, .. }
                | SpawnError::Pipes(source)
                | SpawnError::Groups(source)
                | SpawnError::Watch(source),
            ) => source,
            _ => return false,
        };
        error
            .raw_os_error()
            .is_some_and(|code| SHORTAGES.contains(&code))
    }
}

/// Everything that starting sandboxes needs.
#[derive(Debug)]
pub(crate) struct Starter {
    pub(crate) deno: Deno,
    pub(crate) spawner: Spawner,
    pub(crate) gateway: Gateway,
    pub(crate) cleaner: Cleaner,
    pub(crate) cache: Cache,
    pub(crate) scratch: PathBuf,
    /// Whether the system lets us raise the priority of a process that was started with a low one.
    pub(crate) raises_priority: AtomicBool,
    pub(crate) numbers: AtomicU64,
    /// Told when a run waits: what is being started in the background is then in a hurry.
    pub(crate) hurry: watch::Sender<()>,
}

/// A sandbox that is ready for a program. Dropping it takes it apart.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) number: u64,
    pub(crate) process: Arc<Sandbox>,
    pub(crate) control: Control,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    pub(crate) folder: Arc<Folder>,
    /// Where the guest's files are.
    pub(crate) guest: Arc<Path>,
    pub(crate) paths: Arc<Paths>,
    pub(crate) door: Door,
    /// Whether raw connections go through the door too.
    pub(crate) has_network: bool,
    remains: Remains,
}

impl Ready {
    /// Whether it has said, printed and asked of the network nothing since its run.
    pub(crate) fn is_silent(&mut self) -> bool {
        let mut nobodys = Logs::new(|| 0, Arc::clone(&self.paths));
        let printed = self.stdout.read(&mut nobodys) || self.stderr.read(&mut nobodys);
        !printed && self.door.try_refused().is_none() && self.control.is_silent()
    }

    /// What is left to be removed; whoever takes it removes it.
    pub(crate) fn take_remains(&mut self) -> (Option<Arc<Sandbox>>, PathBuf) {
        (
            self.remains.process.take(),
            std::mem::take(&mut self.remains.folder),
        )
    }
}

/// Takes a sandbox apart when it is dropped.
#[derive(Debug)]
struct Remains {
    process: Option<Arc<Sandbox>>,
    folder: PathBuf,
    cleaner: Cleaner,
}

impl Drop for Remains {
    fn drop(&mut self) {
        if !self.folder.as_os_str().is_empty() {
            self.cleaner
                .remove(self.process.take(), std::mem::take(&mut self.folder));
        }
    }
}

impl Starter {
    async fn new_folder(&self, root: PathBuf, seen: PathBuf) -> io::Result<Folder> {
        let cache = self.cache.clone();
        tokio::task::spawn_blocking(move || Folder::create(root, &seen, &cache))
            .await
            .map_err(io::Error::other)?
    }

    /// A folder for a sandbox, and its name.
    async fn folder(&self, number: u64) -> io::Result<(Folder, String)> {
        let again = self.cleaner.again();
        let is_new = again.is_none();
        let root = again.unwrap_or_else(|| self.scratch.join(number.to_string()));
        let name = root.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let seen = self.spawner.jail().private_seen(&name);
        let folder = if is_new {
            self.new_folder(root, seen).await?
        } else {
            Folder::again(root, &seen)
        };
        Ok((folder, name))
    }

    /// Starts a sandbox. Dropping the future takes it apart.
    pub(crate) async fn start(&self, urgency: Urgency) -> Result<Ready, BootError> {
        let hurry = self.hurry.subscribe();
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (folder, name) = self.folder(number).await.map_err(BootError::Folder)?;
        let mut remains = Remains {
            process: None,
            folder: folder.root().to_owned(),
            cleaner: self.cleaner.clone(),
        };
        let idle = urgency == Urgency::Background && self.raises_priority.load(Ordering::Relaxed);
        let socket = folder.socket();
        let listener = listen(&socket).map_err(BootError::Socket)?;
        let gateway = listen(&folder.door()).map_err(BootError::Socket)?;
        let command = self.deno.command(&name, folder.seen(), idle);
        let process = Arc::new(self.spawner.spawn(&command).await?);
        remains.process = Some(Arc::clone(&process));
        let mut door = self.gateway.open(gateway, Some(process.pid()));
        let mut boot = Boot {
            stdout: Output::new(
                LogLevel::Stdout,
                process.take_stdout().map_err(BootError::Pipes)?,
            ),
            stderr: Output::new(
                LogLevel::Stderr,
                process.take_stderr().map_err(BootError::Pipes)?,
            ),
            process: Arc::clone(&process),
        };
        let control = boot.connect(&listener, self, urgency, hurry).await?;
        // The guest has connected: nobody else may.
        drop(listener);
        let _ = std::fs::remove_file(&socket);
        let network = process.take_network();
        let has_network = network.is_some();
        if let Some(Network { listeners, names }) = network {
            door.serve_network(listeners, names)
                .map_err(BootError::Socket)?;
        }
        if idle && process.raise_priority().is_err() {
            self.raises_priority.store(false, Ordering::Relaxed);
        }
        let modules = folder.seen().modules.to_string_lossy().into_owned();
        let paths = Paths::new(&modules, &self.deno.guest.to_string_lossy());
        let Boot {
            mut stdout,
            mut stderr,
            ..
        } = boot;
        discard(&mut stdout, &paths);
        discard(&mut stderr, &paths);
        Ok(Ready {
            number,
            process,
            control,
            stdout,
            stderr,
            folder: Arc::new(folder),
            guest: self.deno.guest.as_path().into(),
            paths: Arc::new(paths),
            door,
            has_network,
            remains,
        })
    }
}

/// A sandbox may have a user of its own, who must be able to connect. Who else does is refused by its number.
pub(crate) fn listen(socket: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(socket)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(CONNECT_BY_ALL))?;
    Ok(listener)
}

/// The connection of that very process: whoever else can reach the socket is not talked with.
pub(crate) async fn accept(listener: &UnixListener, process: &Sandbox) -> io::Result<UnixStream> {
    loop {
        let (stream, _) = listener.accept().await?;
        if stream.peer_cred()?.pid() == Some(process.pid()) {
            return Ok(stream);
        }
    }
}

/// What a process printed before it had a program is nobody's log.
fn discard(output: &mut Output, paths: &Paths) {
    let mut nobodys = Logs::new(|| 0, Arc::new(paths.clone()));
    while output.read(&mut nobodys) {}
    output.forget();
}

/// A process on its way to be ready.
struct Boot {
    process: Arc<Sandbox>,
    stdout: Output,
    stderr: Output,
}

impl Boot {
    async fn connect(
        &mut self,
        listener: &UnixListener,
        starter: &Starter,
        urgency: Urgency,
        mut hurried: watch::Receiver<()>,
    ) -> Result<Control, BootError> {
        let process = Arc::clone(&self.process);
        let awaited = hurried.clone();
        // Without the sender there is no starter.
        let is_awaited = move || urgency == Urgency::Now || awaited.has_changed().unwrap_or(true);
        let mut wanted = hurried.clone();
        // One in the background may be slow while the machine is busy with runs: nobody waits for it.
        let too_slow = async move {
            if urgency == Urgency::Background {
                let _ = timeout(BACKGROUND_START_MAX, wanted.changed()).await;
            }
            sleep(START_MAX).await;
        };
        let hurry = async {
            // The sender lives as long as the starter.
            let _ = hurried.changed().await;
            // Without the right to, it goes on as slowly as it did.
            let _ = process.raise_priority();
            std::future::pending::<std::convert::Infallible>().await
        };
        tokio::select! {
            result = warm_up(listener, &process, starter, is_awaited) => match result? {
                Ok(control) => Ok(control),
                Err(error) => Err(self.ended(error.to_string()).await),
            },
            exit = process.wait() => {
                let reason = exit.map_or_else(|error| error.to_string(), |exit| format!("it ended: {exit:?}"));
                Err(self.ended(reason).await)
            }
            () = too_slow => Err(BootError::TooSlow { stderr: self.printed() }),
            never = hurry => match never {},
        }
    }

    async fn ended(&mut self, reason: String) -> BootError {
        self.process.kill();
        // Nothing to be done if it was destroyed meanwhile.
        let _ = self.process.wait().await;
        BootError::Ended {
            reason,
            stderr: self.printed(),
        }
    }

    fn printed(&mut self) -> String {
        let mut nobodys = Logs::new(|| 0, Arc::new(Paths::new("/", "/")));
        while self.stderr.read(&mut nobodys) {}
        self.stderr.tail().trim().to_owned()
    }
}

/// Lets the guest connect and walk the paths of a run a few times: what a run does for the first time is slow. Everything
/// is sent at once, so that this takes two turns. A run that waits for the sandbox is sooner done without: it walks one
/// path, once.
async fn warm_up(
    listener: &UnixListener,
    process: &Sandbox,
    starter: &Starter,
    is_awaited: impl Fn() -> bool,
) -> Result<Result<Control, ControlError>, BootError> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(BootError::Random)?;
    let stream = accept(listener, process).await.map_err(BootError::Socket)?;
    let mut control = Control::new(stream, key);
    control.push(ToGuest::Hello, Uuid::nil(), |_| Ok(()))?;
    let guest_folder = starter.deno.guest.to_string_lossy();
    // The prepared cache has to hold what warming up leaves in it.
    let is_preparing = matches!(starter.cache, Cache::Filling(_));
    let rounds = if is_awaited() && !is_preparing {
        &[]
    } else {
        guest::WARM.as_slice()
    };
    for path in rounds {
        push_run(
            &mut control,
            GuestProgram::body("return ((value) => [value].map((item) => item + 1))"),
        )?;
        let url = format!("file://{guest_folder}/{path}");
        push_run(
            &mut control,
            GuestProgram::Module {
                url,
                export: Some("default"),
                deep: false,
                vals: Vec::new(),
            },
        )?;
    }
    for path in guest::OWN.iter().filter(|_| is_preparing) {
        let url = format!("file://{guest_folder}/{path}");
        push_run(
            &mut control,
            GuestProgram::Module {
                url,
                export: None,
                deep: false,
                vals: Vec::new(),
            },
        )?;
    }
    if starter.deno.kind == guest::Kind::Web {
        control.push(ToGuest::Preload, Uuid::nil(), |_| Ok(()))?;
    }
    control.push(ToGuest::Seal, Uuid::nil(), |_| Ok(()))?;
    control.flush().await.map_err(BootError::Socket)?;
    Ok(ready(&mut control).await.map(|()| control))
}

fn push_run(control: &mut Control, program: GuestProgram<'_>) -> serde_json::Result<()> {
    let args = RawValue::from_string("[1]".to_owned())?;
    control.push(ToGuest::Run, Uuid::nil(), |buffer| {
        serde_json::to_writer(
            buffer,
            &Request {
                program,
                args: &args,
                kept: false,
                values: None,
                writable: &[],
                author: None,
                foreign: None,
                strict: false,
                secrets: Vec::new(),
                withheld: Vec::new(),
            },
        )
    })
}

async fn ready(control: &mut Control) -> Result<(), ControlError> {
    while control.next().await?.kind != FromGuest::Ready {}
    Ok(())
}

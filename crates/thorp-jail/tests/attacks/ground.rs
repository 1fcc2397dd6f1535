//! The host that is attacked, and a jail in the midst of it.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use thorp_jail::limits::THREADS_MAX;
use thorp_jail::{
    Command, Exit, GroupLimits, Groups, Input, Jail, Limits, Mount, Sandbox, Spawner,
};
use tokio::io::AsyncReadExt;

use crate::host::{self, Servers, Tree};
use crate::setting::{Setting, attacker, confine};

const OWN: &str = "1";
pub const NEIGHBOUR: &str = "2";
/// Where connections of the jail's own network are taken: enough to set it up as the product does.
const PORTS: [u16; 2] = [5432, 6379];
const NETWORK_PAUSE: Duration = Duration::from_millis(2);
const ATTACK_WAIT: Duration = Duration::from_secs(60);

/// A host, and a jail.
pub struct Ground {
    pub folder: TempDir,
    pub attacker: PathBuf,
    pub servers: Servers,
    spawner: Spawner,
    neighbour: Sandbox,
    before: Tree,
}

/// What a process printed, and how it ended, if it did.
pub struct Ran {
    pub output: String,
    pub errors: String,
    pub exit: Option<Exit>,
}

impl Ground {
    /// A jail for the native attacker, and for another program if there is one. `furnish` puts into the host what it wants
    /// more.
    pub async fn new(setting: Setting, other: Option<&Path>, furnish: impl Fn(&Path)) -> Self {
        let folder = host::folder_for_all();
        let at = folder.path().to_owned();
        // A name of its own tells whose processes are whose.
        let attacker = host::copy(&attacker(), &at);
        let confine = host::for_all(&confine(), &at);
        host::furnish(&at, &attacker);
        furnish(&at);
        let servers = host::serve(&at);
        let jail = jail(setting, &attacker, other, &at);
        let spawner = Spawner::with_groups(confine, jail, groups(setting)).unwrap();
        let wait = command(&attacker, NEIGHBOUR, vec!["wait".to_owned()]);
        let neighbour = spawner.spawn(&wait).await.unwrap();
        let mut ready = [0; 6];
        let mut stdout = neighbour.take_stdout().unwrap().unwrap();
        stdout.read_exact(&mut ready).await.unwrap();
        Self {
            before: host::tree(&at),
            folder,
            attacker,
            servers,
            spawner,
            neighbour,
        }
    }

    /// The control groups of all processes.
    pub fn groups(&self) -> &Groups {
        self.spawner.groups()
    }

    /// Starts a process whose own folder is [`Self::own`].
    pub async fn start(&self, command: &Command) -> Sandbox {
        self.spawner.spawn(command).await.unwrap()
    }

    /// Runs a process to its end.
    pub async fn run(&self, command: &Command) -> Ran {
        let sandbox = self.start(command).await;
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let mut stdout = sandbox.take_stdout().unwrap().unwrap();
        let mut stderr = sandbox.take_stderr().unwrap().unwrap();
        let exit = tokio::time::timeout(ATTACK_WAIT, async {
            let (out, err) = tokio::select! {
                both = async { tokio::join!(
                    stdout.read_to_end(&mut output),
                    stderr.read_to_end(&mut errors)
                ) } => both,
                never = hold_network(&sandbox) => match never {},
            };
            out.and(err).unwrap();
            sandbox.wait().await.unwrap()
        })
        .await
        .ok();
        Ran {
            output: String::from_utf8_lossy(&output).into_owned(),
            errors: String::from_utf8_lossy(&errors).into_owned(),
            exit,
        }
    }

    /// A path of the host.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Where an attacker sees its own folder.
    pub fn own(&self) -> String {
        self.spawner.jail().private_seen(OWN).display().to_string()
    }

    /// Whose network an attacker is in.
    pub fn network(&self) -> &'static str {
        if self.spawner.jail().has_network() {
            "own"
        } else {
            "host"
        }
    }

    pub fn neighbour(&self) -> i32 {
        self.neighbour.pid()
    }

    /// Fails unless the neighbour lives and all files are as they were.
    pub fn is_unharmed(&self) {
        assert_eq!(
            self.neighbour.exit().unwrap(),
            None,
            "the neighbour has ended"
        );
        assert_eq!(host::tree(self.folder.path()), self.before);
    }
}

/// Takes the listeners of a process's own network, and answers nothing. Names are refused at once.
async fn hold_network(sandbox: &Sandbox) -> Infallible {
    let network = loop {
        if let Some(network) = sandbox.take_network() {
            break network;
        }
        tokio::time::sleep(NETWORK_PAUSE).await;
    };
    drop(network.names);
    let _listeners = network.listeners;
    std::future::pending().await
}

/// A program with nothing but a folder of its own.
pub fn command(program: &Path, private: &str, args: Vec<String>) -> Command {
    Command {
        program: program.to_owned(),
        args: args.into_iter().map(Into::into).collect(),
        env: vec![("THORP_GIVEN".into(), "1".into())],
        cwd: "/".into(),
        private: Some(private.to_owned()),
        stdin: Input::Empty,
        limits: Limits {
            data_bytes: Some(256 << 20),
            data_bytes_in_group: Some(256 << 20),
            file_bytes: 8 << 20,
            open_files: 128,
            idle_priority: false,
        },
    }
}

/// The same for the attacker whose folder is [`Ground::own`].
pub fn attack(program: &Path, args: Vec<String>) -> Command {
    command(program, OWN, args)
}

/// As far as they can be had, for jails that the product would use.
fn groups(setting: Setting) -> Groups {
    if !setting.is_whole() {
        return Groups::none();
    }
    Groups::open(GroupLimits {
        memory_bytes: 1 << 30,
        memory_percent_all: 80,
        threads: THREADS_MAX,
    })
}

/// As the product sets it up: programs, what all read, a folder in memory, a folder of its own.
fn jail(setting: Setting, attacker: &Path, other: Option<&Path>, at: &Path) -> Jail {
    let mut programs = Vec::new();
    for program in [Some(attacker), other].into_iter().flatten() {
        programs.push(program.to_owned());
        programs.extend(thorp_jail::libraries(program).unwrap());
    }
    programs.sort();
    programs.dedup();
    let read = ["deps", "cache"].map(|name| Mount::read(at.join(name)));
    Jail {
        layers: setting.layers(),
        program: Some(other.unwrap_or(attacker).to_owned()),
        mounts: programs.iter().map(Mount::execute).chain(read).collect(),
        scratch: vec![at.join("cache/gen")],
        private: Some(at.join("own")),
        ports: PORTS.to_vec(),
        files_for_all: false,
    }
}

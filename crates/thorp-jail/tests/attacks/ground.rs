//! The host that is attacked: its files, sockets and processes, and a jail in the midst of them.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use thorp_jail::{Command, Input, Jail, Limits, Mount, Sandbox, Spawner, limits};
use tokio::io::AsyncReadExt;

use crate::answer::Answer;
use crate::setting::Setting;

const CONFINE: &str = env!("CARGO_BIN_EXE_thorp-jail-confine");
const ATTACKER: &str = env!("CARGO_BIN_EXE_thorp-jail-attacker");
const OWN: &str = "1";
const NEIGHBOUR: &str = "2";
const ATTACK_WAIT: Duration = Duration::from_secs(30);

pub const LIMITS: Limits = Limits {
    data_bytes: Some(256 << 20),
    file_bytes: 8 << 20,
    open_files: 128,
    idle_priority: false,
};

/// A host, and a jail for the native attacker.
pub struct Ground {
    folder: TempDir,
    setting: Setting,
    attacker: PathBuf,
    spawner: Spawner,
    words: Vec<(&'static str, String)>,
    neighbour: Sandbox,
    _servers: Servers,
}

/// Somebody listens, so that a connection shows what could be reached.
struct Servers {
    _streams: Vec<UnixListener>,
    _datagram: UnixDatagram,
    _tcp: TcpListener,
}

impl Ground {
    pub async fn new(setting: Setting) -> Self {
        let folder = folder_for_all();
        let at = folder.path().to_owned();
        let attacker = for_all(Path::new(ATTACKER), &at);
        let confine = for_all(Path::new(CONFINE), &at);
        furnish(&at, &attacker);
        let (servers, port) = serve(&at);
        let spawner = Spawner::new(confine, jail(setting, &attacker, &at)).unwrap();
        let neighbour = spawner
            .spawn(&command(&attacker, NEIGHBOUR, vec!["wait".to_owned()]))
            .await
            .unwrap();
        let mut ready = [0; 6];
        let mut stdout = neighbour.take_stdout().unwrap().unwrap();
        stdout.read_exact(&mut ready).await.unwrap();
        let mut ground = Self {
            words: words(&at, &attacker, port, neighbour.pid()),
            folder,
            setting,
            attacker,
            spawner,
            neighbour,
            _servers: servers,
        };
        let own = ground.spawner.jail().private_seen(OWN);
        ground.words.push(("own", own.display().to_string()));
        ground
    }

    /// The names of all cases of the native attacker.
    pub fn cases() -> Vec<String> {
        let output = std::process::Command::new(ATTACKER)
            .arg("list")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| line.split('\t').next().unwrap().to_owned())
            .collect()
    }

    /// Starts one native attack.
    pub async fn start(&self, case: &str) -> Sandbox {
        let words = self
            .words
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let args = std::iter::once(case.to_owned()).chain(words).collect();
        self.spawner
            .spawn(&command(&self.attacker, OWN, args))
            .await
            .unwrap()
    }

    /// Tries one native attack.
    pub async fn attack(&self, case: &str) -> Answer {
        let sandbox = self.start(case).await;
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let mut stdout = sandbox.take_stdout().unwrap().unwrap();
        let mut stderr = sandbox.take_stderr().unwrap().unwrap();
        let exit = tokio::time::timeout(ATTACK_WAIT, async {
            let (out, err) = tokio::join!(
                stdout.read_to_end(&mut output),
                stderr.read_to_end(&mut errors)
            );
            out.and(err).unwrap();
            sandbox.wait().await.unwrap()
        })
        .await
        .ok();
        let mut answer = Answer::new(case, &String::from_utf8_lossy(&output), exit);
        if answer.reason.starts_with("no answer") {
            answer.reason.push_str(&String::from_utf8_lossy(&errors));
        }
        answer
    }

    /// Tries all native attacks.
    pub async fn attack_all(&self) -> Vec<Answer> {
        let mut answers = Vec::new();
        for case in Self::cases() {
            answers.push(self.attack(&case).await);
        }
        self.is_unharmed();
        answers
    }

    /// Whether the neighbour lives, and all files are as they were.
    pub fn is_unharmed(&self) {
        assert_eq!(
            self.neighbour.exit().unwrap(),
            None,
            "the neighbour has ended"
        );
        for (path, content) in FILES {
            let found = fs::read_to_string(self.folder.path().join(path)).unwrap();
            assert_eq!(found, *content, "{path} in {:?}", self.setting);
        }
    }
}

fn words(at: &Path, attacker: &Path, port: u16, neighbour: i32) -> Vec<(&'static str, String)> {
    let path = |name: &str| at.join(name).display().to_string();
    let linker = linker(attacker).display().to_string();
    let host_name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    vec![
        ("host", std::process::id().to_string()),
        ("host-name", host_name),
        ("neighbour", neighbour.to_string()),
        ("neighbour-name", NEIGHBOUR.to_owned()),
        ("neighbour-folder", path("own/2")),
        ("outside", path("outside")),
        ("deps", path("deps")),
        ("scratch", path("cache/gen")),
        ("program", attacker.display().to_string()),
        ("linker", linker),
        ("port", port.to_string()),
        ("abstract", abstract_name(at)),
        ("data-bytes", LIMITS.data_bytes.unwrap().to_string()),
        ("file-bytes", LIMITS.file_bytes.to_string()),
        ("open-files", LIMITS.open_files.to_string()),
        ("scratch-bytes", limits::SCRATCH_BYTES_MAX.to_string()),
        ("scratch-files", limits::SCRATCH_FILES_MAX.to_string()),
        ("threads", (2 * limits::THREADS_MAX).to_string()),
    ]
}

fn command(attacker: &Path, private: &str, args: Vec<String>) -> Command {
    Command {
        program: attacker.to_owned(),
        args: args.into_iter().map(Into::into).collect(),
        env: vec![("THORP_GIVEN".into(), "1".into())],
        cwd: "/".into(),
        private: Some(private.to_owned()),
        stdin: Input::Empty,
        limits: LIMITS,
    }
}

/// As the product sets it up: programs, what all read, a folder in memory, a folder of its own.
fn jail(setting: Setting, program: &Path, at: &Path) -> Jail {
    let libraries = thorp_jail::libraries(program).unwrap();
    let read = ["deps", "cache"].map(|name| Mount::read(at.join(name)));
    Jail {
        layers: setting.layers(),
        program: Some(program.to_owned()),
        mounts: libraries
            .iter()
            .map(PathBuf::as_path)
            .chain([program])
            .map(Mount::execute)
            .chain(read)
            .collect(),
        scratch: vec![at.join("cache/gen")],
        private: Some(at.join("own")),
    }
}

fn linker(program: &Path) -> PathBuf {
    let libraries = thorp_jail::libraries(program).unwrap();
    let is_linker = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("ld-")
    };
    libraries.iter().find(is_linker).unwrap().clone()
}

/// Each file's content names the file.
const FILES: &[(&str, &str)] = &[
    ("outside/secret", "the host's secret"),
    ("deps/library", "what all read"),
    ("deps/open", "what all read, writable"),
    ("own/1/code", "own code"),
    ("own/2/code", "a neighbour's code"),
    ("own/2/open", "a neighbour's code, writable"),
];

fn furnish(at: &Path, attacker: &Path) {
    for folder in ["outside/open", "deps", "cache/gen", "own/1/src", "own/2"] {
        fs::create_dir_all(at.join(folder)).unwrap();
    }
    for (path, content) in FILES {
        fs::write(at.join(path), content).unwrap();
        mode(
            &at.join(path),
            if path.ends_with("/open") {
                0o666
            } else {
                0o644
            },
        );
    }
    for folder in [
        "outside",
        "outside/open",
        "deps",
        "cache",
        "cache/gen",
        "own",
        "own/1",
        "own/1/src",
        "own/2",
    ] {
        mode(
            &at.join(folder),
            if folder.ends_with("/open") {
                0o777
            } else {
                0o755
            },
        );
    }
    for tool in ["deps/tool", "own/1/tool"] {
        fs::copy(attacker, at.join(tool)).unwrap();
        mode(&at.join(tool), 0o755);
    }
    let links = [
        ("own/1/link-out", at.join("outside/secret")),
        ("own/1/link-neighbour", at.join("own/2/code")),
        ("own/1/link-private", "/.private/2/code".into()),
        ("own/1/link-proc", "/proc/self/environ".into()),
        ("outside/link", "secret".into()),
    ];
    for (link, target) in links {
        symlink(target, at.join(link)).unwrap();
    }
}

fn serve(at: &Path) -> (Servers, u16) {
    let named = |path: &str, bits| {
        let listener = UnixListener::bind(at.join(path)).unwrap();
        mode(&at.join(path), bits);
        listener
    };
    let abstract_at = |name: String| SocketAddr::from_abstract_name(name).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();
    let datagram = format!("{}-datagram", abstract_name(at));
    let servers = Servers {
        _streams: vec![
            named("outside/group.sock", 0o660),
            named("outside/open.sock", 0o666),
            named("own/1/socket", 0o666),
            named("own/2/socket", 0o600),
            UnixListener::bind_addr(&abstract_at(abstract_name(at))).unwrap(),
        ],
        _datagram: UnixDatagram::bind_addr(&abstract_at(datagram)).unwrap(),
        _tcp: tcp,
    };
    (servers, port)
}

fn abstract_name(at: &Path) -> String {
    format!("thorp{}", at.display())
}

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, Permissions::from_mode(bits)).unwrap();
}

/// A folder that every user may enter.
pub fn folder_for_all() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    mode(folder.path(), 0o755);
    folder
}

/// A program where every user may execute it: itself, if it is, or else a copy.
pub fn for_all(program: &Path, folder: &Path) -> PathBuf {
    let open = program.ancestors().all(|path| {
        fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o005 == 0o005)
    });
    if open {
        return program.to_owned();
    }
    let copy = folder.join(program.file_name().unwrap());
    if fs::hard_link(program, &copy).is_err() {
        fs::copy(program, &copy).unwrap();
    }
    mode(&copy, 0o755);
    copy
}

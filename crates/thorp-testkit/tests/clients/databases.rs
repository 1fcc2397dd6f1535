//! Real database servers, each with a folder and a port of its own, for as long as a test runs.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";
const START_MAX: Duration = Duration::from_secs(60);
/// PostgreSQL refuses to run as root. It must be a user that the machine knows.
const NOBODY: &str = "65534";

/// A server; dropping it ends it.
pub(crate) struct Server {
    process: Child,
    folder: TempDir,
    pub(crate) address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// PostgreSQL with the user `thorp`, who needs no password.
pub(crate) fn postgres() -> Server {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let data = folder.path().join("data");
    let programs = postgres_programs();
    let made = unprivileged(&programs.join("initdb"))
        .args(["--auth=trust", "--username=thorp", "--no-sync", "-D"])
        .arg(&data)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let address = free_address();
    let mut server = unprivileged(&programs.join("postgres"));
    server
        .arg("-D")
        .arg(&data)
        .args(["-h", "127.0.0.1", "-k", "", "-F", "-p"])
        .arg(address.port().to_string());
    start(server, folder, address)
}

/// Redis, which keeps nothing.
pub(crate) fn redis() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let mut server = Command::new("redis-server");
    server
        .args(["--bind", "127.0.0.1", "--save", "", "--port"])
        .arg(address.port().to_string());
    start(server, folder, address)
}

/// Nobody else asks for ports so quickly that it is taken meanwhile; if it were, the server would say so and end.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
}

fn postgres_programs() -> PathBuf {
    fs::read_dir(DEBIAN_POSTGRES)
        .expect("PostgreSQL is not installed; `cargo xtask test` installs it")
        .map(|entry| entry.unwrap().path().join("bin"))
        .find(|folder| folder.join("initdb").exists())
        .expect("PostgreSQL has no `initdb`")
}

fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .arg(program);
    command
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

fn start(mut command: Command, folder: TempDir, address: SocketAddr) -> Server {
    let log = folder.path().join("log");
    let out = fs::File::create(&log).unwrap();
    command
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out);
    let process = command
        .spawn()
        .expect("the server is not installed; `cargo xtask test` installs it");
    let mut server = Server {
        process,
        folder,
        address,
    };
    let late = Instant::now() + START_MAX;
    while TcpStream::connect(address).is_err() {
        let ended = server.process.try_wait().unwrap();
        assert!(
            ended.is_none() && Instant::now() < late,
            "the server did not start: {ended:?}\n{}",
            fs::read_to_string(server.folder.path().join("log")).unwrap()
        );
        thread::sleep(Duration::from_millis(20));
    }
    server
}

//! The kinds of jail that are attacked.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thorp_jail::Layers;

use crate::scripts::deno;

/// Who confines, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// All layers, by root.
    Root,
    /// All layers that an ordinary user can have.
    Ordinary,
    /// Root where there can be no namespaces, as in most containers.
    NoNamespaces,
    /// Some layers, to see what each holds.
    Only(Layers),
}

impl Setting {
    pub fn layers(self) -> Layers {
        let full = Layers {
            own_user: self == Self::Root,
            ..Layers::full()
        };
        match self {
            Self::Root | Self::Ordinary => full,
            Self::NoNamespaces => Layers {
                namespaces: false,
                own_user: true,
                ..full
            },
            Self::Only(layers) => layers,
        }
    }

    /// Whether it is a jail that the product would use.
    pub fn is_whole(self) -> bool {
        !matches!(self, Self::Only(_))
    }

    /// Whether this machine and user can have it, found without the code that is tested.
    pub fn is_here(self) -> bool {
        let is_root = rustix::process::geteuid().is_root();
        let here = match self {
            Self::Root => is_root && succeeds("unshare --mount --pid --net --fork true"),
            Self::Ordinary => {
                !is_root && succeeds("unshare --user --mount --pid --net --fork true")
            }
            Self::NoNamespaces => is_root,
            Self::Only(layers) => is_root || layers == Layers::NONE,
        };
        if !here {
            println!("skipped: this user of this machine cannot have {self:?}");
        }
        here
    }
}

fn succeeds(command: &str) -> bool {
    let mut words = command.split(' ');
    let Some(program) = words.next() else {
        return false;
    };
    Command::new(program)
        .args(words)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a test of this file again as a user without rights, unless this is one already.
pub fn as_ordinary_user(test: &str) -> bool {
    if !rustix::process::geteuid().is_root() {
        return false;
    }
    let folder = crate::host::folder_for_all();
    let program = crate::host::for_all(&std::env::current_exe().unwrap(), folder.path());
    for built in [CONFINE, ATTACKER] {
        crate::host::copy(Path::new(built), folder.path());
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--inh-caps=-all",
            "--",
        ])
        .arg(program)
        .env("TMPDIR", open_folder(folder.path()))
        .env(PROGRAMS, folder.path())
        .env("THORP_DENO", crate::host::for_all(&deno(), folder.path()));
    again(command, test);
    true
}

/// Runs a test of this file again in a process of its own, unless this is that: it counts what a process has, and some
/// runners of tests put them all into one.
pub fn alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return false;
    }
    again(Command::new(std::env::current_exe().unwrap()), test);
    true
}

/// As [`alone`], in a network that nothing leaves: for attacks that no jail holds.
pub fn alone_without_network(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return false;
    }
    let mut command = Command::new("unshare");
    command
        .args(["--net", "--", "sh", "-c"])
        .arg("ip link set lo up && exec \"$0\" \"$@\"")
        .arg(std::env::current_exe().unwrap());
    again(command, test);
    true
}

/// Where the other user finds the programs: they need not get to where they are built.
const PROGRAMS: &str = "THORP_TEST_PROGRAMS";
const CONFINE: &str = env!("CARGO_BIN_EXE_thorp-jail-confine");
const ATTACKER: &str = env!("CARGO_BIN_EXE_thorp-jail-attacker");

/// The helper.
pub fn confine() -> PathBuf {
    built(CONFINE)
}

/// The native attacker.
pub fn attacker() -> PathBuf {
    built(ATTACKER)
}

fn built(program: &str) -> PathBuf {
    let program = Path::new(program);
    match std::env::var_os(PROGRAMS) {
        Some(folder) => Path::new(&folder).join(program.file_name().unwrap()),
        None => program.to_owned(),
    }
}

const ALONE: &str = "THORP_TEST_ALONE";

fn again(mut command: Command, test: &str) {
    let status = command
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env(ALONE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} in a process of its own: {status}");
}

/// Where the other user makes its own folders.
fn open_folder(folder: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let open = folder.join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
    open
}

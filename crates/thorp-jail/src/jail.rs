//! What confines every process of a spawner: which layers, and what of the file system is seen.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::libraries::libraries;

/// The confinement that all processes of one [`crate::Spawner`] share.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Jail {
    /// What is done to confine.
    pub layers: Layers,
    /// What `/proc/self/exe` leads to where there is no `/proc`: Deno asks for it.
    pub program: Option<PathBuf>,
    /// What of the file system there is, each at its own path. Without [`Layers::namespaces`] all of it is there.
    pub mounts: Vec<Mount>,
    /// Folders of [`Self::mounts`] over which each process gets an empty file system of its own, in memory.
    pub scratch: Vec<PathBuf>,
    /// A folder with one folder for each process, see [`crate::Command::private`].
    pub private: Option<PathBuf>,
    /// TCP ports that each process may connect to, at every address there is: the host takes the connections, see
    /// [`crate::Sandbox::take_network`]. Only where processes have a network of their own; none: no socket at all.
    pub ports: Vec<u16>,
    /// Whether all users may read what processes write: those of other jails may have users of their own.
    pub files_for_all: bool,
}

/// A file or folder that is seen in a jail.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Mount {
    /// Where it is, outside and inside.
    pub path: PathBuf,
    /// What may be done with it.
    pub access: Access,
}

/// What may be done with a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Access {
    /// It is read.
    Read,
    /// It is read, and programs in it are executed.
    Execute,
    /// It is read and written.
    Write,
}

/// The layers of confinement, beside resource limits, a session and an environment of its own, which every process gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Layers {
    /// Namespaces: a root of its own with nothing but [`Jail::mounts`], no other processes, no network.
    pub namespaces: bool,
    /// A user id of its own for each process. Needs root.
    pub own_user: bool,
    /// Landlock: no files but [`Jail::mounts`], no TCP, no signals and abstract sockets beyond the process.
    pub landlock: bool,
    /// A filter that refuses all system calls but those that Deno needs.
    pub system_calls: bool,
}

impl Layers {
    /// None at all.
    pub const NONE: Self = Self {
        namespaces: false,
        own_user: false,
        landlock: false,
        system_calls: false,
    };
}

impl Layers {
    /// All that this user can have where the kernel has everything.
    #[must_use]
    pub fn full() -> Self {
        Self {
            namespaces: true,
            own_user: rustix::process::geteuid().is_root(),
            landlock: true,
            system_calls: true,
        }
    }
}

impl Jail {
    /// A process that sees all that its host sees, with the host's rights.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A process that sees nothing but these programs and the libraries that they need.
    ///
    /// # Errors
    /// If a program cannot be read, or a library is missing.
    pub fn of_programs<'a>(
        layers: Layers,
        programs: impl IntoIterator<Item = &'a Path>,
    ) -> io::Result<Self> {
        let mut files = Vec::new();
        for program in programs {
            files.push(program.to_owned());
            files.extend(libraries(program)?);
        }
        files.sort();
        files.dedup();
        Ok(Self {
            layers,
            mounts: files.iter().map(Mount::execute).collect(),
            ..Self::none()
        })
    }

    /// Whether processes have a network of their own that leads to the host.
    #[must_use]
    pub fn has_network(&self) -> bool {
        self.layers.namespaces && !self.ports.is_empty()
    }

    /// Where a process sees a folder of [`Self::private`].
    #[must_use]
    pub fn private_seen(&self, name: &str) -> PathBuf {
        match &self.private {
            Some(folder) if !self.layers.namespaces => folder.join(name),
            _ => PathBuf::from(PRIVATE_SEEN),
        }
    }
}

/// Where a process sees its own folder, if it has a root of its own.
pub(crate) const PRIVATE_SEEN: &str = "/sandbox";

impl Mount {
    /// A file or folder to read.
    #[must_use]
    pub fn read(path: impl AsRef<Path>) -> Self {
        Self::new(path, Access::Read)
    }

    /// A program, a library, or a folder of them.
    #[must_use]
    pub fn execute(path: impl AsRef<Path>) -> Self {
        Self::new(path, Access::Execute)
    }

    /// A folder to write.
    #[must_use]
    pub fn write(path: impl AsRef<Path>) -> Self {
        Self::new(path, Access::Write)
    }

    fn new(path: impl AsRef<Path>, access: Access) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            access,
        }
    }
}

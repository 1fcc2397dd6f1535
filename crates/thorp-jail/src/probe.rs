//! How much of the jail this machine gives, found by doing: settings of the kernel, of containers and of distributions
//! forbid parts of it in ways that no file tells.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::io::AsyncReadExt;

use crate::command::{Command, Input, Limits};
use crate::jail::{Jail, Layers};
use crate::sandbox::Exit;
use crate::spawner::Spawner;

/// The hidden subcommand of a process that has nothing to do but to end well.
pub(crate) const SUBCOMMAND: &str = "__confined";

/// How strong a jail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Everything: namespaces, Landlock, the filter of system calls, no rights.
    A,
    /// Without namespaces: a user of its own, Landlock and the filter of system calls.
    B,
    /// Less.
    C,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// How strong the jail is.
    pub tier: Tier,
    /// Its layers.
    pub layers: Layers,
    /// Which layers cannot be had, and what the system said.
    pub refused: Vec<Refused>,
}

/// A layer that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The layer, for people.
    pub layer: &'static str,
    /// The step that failed, and why.
    pub reason: String,
}

/// Starts a process of `helper` (see [`Spawner::new`]) in the strongest jail, and in weaker ones until one works. Needs a
/// Tokio runtime with I/O.
pub async fn probe(helper: &Path) -> Found {
    let full = Layers::full();
    let mut refused = Vec::new();
    let mut tries = async |layer: &'static str, layers: Layers| match attempt(helper, layers).await
    {
        Ok(()) => true,
        Err(reason) => {
            refused.push(Refused { layer, reason });
            false
        }
    };
    let one = |change: fn(&mut Layers)| {
        let mut layers = Layers::NONE;
        change(&mut layers);
        layers
    };
    let shared_user = Layers {
        own_user: false,
        ..full
    };
    for (layer, layers) in [
        ("the whole jail", full),
        ("a jail for one user", shared_user),
    ] {
        if tries(layer, layers).await {
            return Found {
                tier: Tier::A,
                layers,
                refused,
            };
        }
    }
    let layers = Layers {
        namespaces: tries("namespaces", one(|layers| layers.namespaces = true)).await,
        landlock: tries("Landlock", one(|layers| layers.landlock = true)).await,
        system_calls: tries(
            "system call filter",
            one(|layers| layers.system_calls = true),
        )
        .await,
        own_user: full.own_user
            && tries(
                "a user for each sandbox",
                one(|layers| layers.own_user = true),
            )
            .await,
    };
    let together = tries("what is left", layers).await;
    let is_b = together && layers.own_user && layers.landlock && layers.system_calls;
    Found {
        tier: if is_b { Tier::B } else { Tier::C },
        layers: if together { layers } else { Layers::NONE },
        refused,
    }
}

async fn attempt(helper: &Path, layers: Layers) -> Result<(), String> {
    // A name such as `/proc/self/exe` leads elsewhere in a jail.
    let program = std::fs::canonicalize(helper).map_err(|error| error.to_string())?;
    let jail = Jail::of_programs(layers, [program.as_path()]).map_err(|error| error.to_string())?;
    let spawner = Spawner::new(helper.to_owned(), jail).map_err(|error| error.to_string())?;
    let sandbox = spawner
        .spawn(&nothing(program))
        .await
        .map_err(|error| error.to_string())?;
    let mut said = String::new();
    if let Ok(Some(stderr)) = sandbox.take_stderr() {
        let read = stderr.take(SAID_BYTES_MAX).read_to_string(&mut said).await;
        read.map_err(|error| error.to_string())?;
    }
    match sandbox.wait().await {
        Ok(Exit::Code(0)) => Ok(()),
        Ok(exit) if said.is_empty() => Err(format!("it ended: {exit:?}")),
        Ok(_) => Err(said.trim().trim_start_matches("confine: ").to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

const SAID_BYTES_MAX: u64 = 4096;

fn nothing(program: PathBuf) -> Command {
    Command {
        program,
        args: vec![OsString::from(SUBCOMMAND)],
        env: Vec::new(),
        cwd: "/".into(),
        private: None,
        stdin: Input::Empty,
        limits: Limits::default(),
    }
}

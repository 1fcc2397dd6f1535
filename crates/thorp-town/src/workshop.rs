//! The jails of those that work on users' text outside of sandboxes: the compiler, the resolver of dependencies and the
//! bundler. What they read is a stranger's, so each sees no more than it works on.

use crate::error::TownError;
use crate::town::TownConfig;
use std::path::Path;
use thorp_runtime::confined::{Jail, Layers, Mount, Spawner};

/// Starts compile workers: they see nothing but their own program.
pub(crate) fn of_compiler(config: &TownConfig, program: &Path) -> Result<Spawner, TownError> {
    start(config, jail(config.layers, program, [])?)
}

/// Starts Deno where it gets packages: it writes where they are put together, and has a folder of `doors` as its own, with
/// the socket that is its only way out.
pub(crate) fn of_resolver(
    config: &TownConfig,
    work: &Path,
    doors: &Path,
) -> Result<Spawner, TownError> {
    let mut jail = jail(one_user(config.layers), &config.deno, [Mount::write(work)])?;
    jail.private = Some(doors.to_owned());
    start(config, jail)
}

/// Starts the bundler: it reads packages, and writes where nobody else reads.
pub(crate) fn of_bundler(
    config: &TownConfig,
    bundler: &Path,
    work: &Path,
    closed: &Path,
) -> Result<Spawner, TownError> {
    let mounts = [Mount::read(work), Mount::write(closed)];
    start(config, jail(one_user(config.layers), bundler, mounts)?)
}

/// Starts what bundles vals for other users' programs: it reads packages and its own stand-ins for modules of Node, and works
/// where nobody else reads.
pub(crate) fn of_foreign_bundler(
    config: &TownConfig,
    bundler: &Path,
    stand_ins: &Path,
    packages: &Path,
    closed: &Path,
) -> Result<Spawner, TownError> {
    let mounts = [
        Mount::read(stand_ins),
        Mount::read(packages),
        Mount::write(closed),
    ];
    start(config, jail(one_user(config.layers), bundler, mounts)?)
}

/// What is written is the town's own afterwards.
fn one_user(layers: Layers) -> Layers {
    Layers {
        own_user: false,
        ..layers
    }
}

fn jail(
    layers: Layers,
    program: &Path,
    mounts: impl IntoIterator<Item = Mount>,
) -> Result<Jail, TownError> {
    let mut jail = Jail::of_programs(layers, [program]).map_err(TownError::internal)?;
    jail.program = Some(program.to_owned());
    jail.mounts.extend(mounts);
    Ok(jail)
}

fn start(config: &TownConfig, jail: Jail) -> Result<Spawner, TownError> {
    Spawner::new(config.executable.clone(), jail).map_err(TownError::internal)
}

//! The jails of those that work on users' text outside of sandboxes: the compiler, the resolver of dependencies and the
//! bundler. What they read is a stranger's, so each sees no more than it works on, and is in a control group of its own, as
//! far as this machine gives them. Those are of the sandboxes' set: all together have what sandboxes may have.

use crate::error::TownError;
use crate::town::TownConfig;
use std::path::Path;
use thorp_runtime::confined::{Groups, Jail, Layers, Limits, Mount, Spawner, THREADS_MAX};
use thorp_runtime::limits::GROUP_BYTES_ABOVE;

/// Starts compile workers: they see nothing but their own program.
pub(crate) fn of_compiler(
    config: &TownConfig,
    groups: &Groups,
    program: &Path,
) -> Result<Spawner, TownError> {
    let groups = bounded(groups, config.bounds.compile_memory_bytes);
    start(config, jail(config.layers, program, [])?, groups)
}

/// Starts Deno where it gets packages: it writes where they are put together, and has a folder of `doors` as its own, with
/// the socket that is its only way out.
pub(crate) fn of_resolver(
    config: &TownConfig,
    groups: &Groups,
    work: &Path,
    doors: &Path,
) -> Result<Spawner, TownError> {
    let mut jail = jail(one_user(config.layers), &config.deno, [Mount::write(work)])?;
    jail.private = Some(doors.to_owned());
    jail.files_for_all = true;
    let groups = bounded(groups, config.bounds.resolve_memory_bytes);
    start(config, jail, groups)
}

/// Starts the bundler: it reads packages, and writes where nobody else reads.
pub(crate) fn of_bundler(
    config: &TownConfig,
    groups: &Groups,
    bundler: &Path,
    work: &Path,
    closed: &Path,
) -> Result<Spawner, TownError> {
    let mounts = [Mount::read(work), Mount::write(closed)];
    let mut jail = jail(one_user(config.layers), bundler, mounts)?;
    jail.files_for_all = true;
    let groups = bounded(groups, config.bounds.bundle_memory_bytes);
    start(config, jail, groups)
}

/// Starts what bundles vals for other users' programs: it reads packages and its own stand-ins for modules of Node, and works
/// where nobody else reads.
pub(crate) fn of_foreign_bundler(
    config: &TownConfig,
    groups: &Groups,
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
    let jail = jail(one_user(config.layers), bundler, mounts)?;
    let groups = bounded(groups, config.bounds.bundle_memory_bytes);
    start(config, jail, groups)
}

/// Groups of the sandboxes' set, for those that may fill so much memory. The kernel counts a little more than that.
fn bounded(groups: &Groups, memory_bytes: u64) -> Groups {
    groups.with_limits(memory_bytes + GROUP_BYTES_ABOVE, THREADS_MAX)
}

/// What one may use. Where a group bounds what is filled, what is mapped needs no bound.
pub(crate) fn limits(memory_bytes: u64) -> Limits {
    Limits {
        data_bytes: Some(memory_bytes),
        ..Limits::default()
    }
}

/// What is written is the town's own afterwards; sandboxes, which may have users of their own, load it.
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

fn start(config: &TownConfig, jail: Jail, groups: Groups) -> Result<Spawner, TownError> {
    Spawner::with_groups(config.executable.clone(), jail, groups).map_err(TownError::internal)
}

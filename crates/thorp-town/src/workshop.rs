//! The jails of those that work on users' text outside of sandboxes: the compiler, the resolver of dependencies and the
//! bundler. What they read is a stranger's, so each sees no more than it works on.

use crate::error::TownError;
use crate::town::TownConfig;
use std::path::{Path, PathBuf};
use thorp_runtime::confined::{Jail, Layers, Mount, Spawner};

/// Where the system says how names become addresses, and whom TLS trusts.
const NETWORK_FILES: [&str; 6] = [
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/ssl/certs",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
];
/// The variables by which the operator names other certificates.
const CERTIFICATE_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Starts compile workers: they see nothing but their own program.
pub(crate) fn of_compiler(config: &TownConfig, program: &Path) -> Result<Spawner, TownError> {
    spawner(config, config.layers, program, Vec::new())
}

/// Starts Deno where it gets packages: it writes where they are put together, and has the host's network.
pub(crate) fn of_resolver(config: &TownConfig, work: &Path) -> Result<Spawner, TownError> {
    let layers = Layers {
        host_network: true,
        ..one_user(config.layers)
    };
    let mut mounts: Vec<Mount> = network_files().iter().map(Mount::read).collect();
    mounts.push(Mount::write(work));
    spawner(config, layers, &config.deno, mounts)
}

/// Starts the bundler: it reads packages, and writes where nobody else reads.
pub(crate) fn of_bundler(
    config: &TownConfig,
    bundler: &Path,
    work: &Path,
    closed: &Path,
) -> Result<Spawner, TownError> {
    let mounts = vec![Mount::read(work), Mount::write(closed)];
    spawner(config, one_user(config.layers), bundler, mounts)
}

fn network_files() -> Vec<PathBuf> {
    let is_listed = |path: &PathBuf| NETWORK_FILES.iter().any(|listed| path.starts_with(listed));
    let named = CERTIFICATE_VARIABLES.iter().filter_map(std::env::var_os);
    let named = named.map(PathBuf::from).filter(|path| !is_listed(path));
    let listed = NETWORK_FILES.iter().map(PathBuf::from);
    listed.chain(named).filter(|path| path.exists()).collect()
}

/// What is written is the town's own afterwards.
fn one_user(layers: Layers) -> Layers {
    Layers {
        own_user: false,
        ..layers
    }
}

fn spawner(
    config: &TownConfig,
    layers: Layers,
    program: &Path,
    mounts: Vec<Mount>,
) -> Result<Spawner, TownError> {
    let mut jail = Jail::of_programs(layers, [program]).map_err(TownError::internal)?;
    jail.program = Some(program.to_owned());
    jail.mounts.extend(mounts);
    Spawner::new(config.executable.clone(), jail).map_err(TownError::internal)
}

//! What the runtime is told at start.

use std::path::PathBuf;
use std::time::Duration;

use thorp_gateway::Gateway;
use thorp_jail::Layers;

use crate::limits;

/// Microseconds since the Unix epoch. Log lines are stamped with it when they arrive.
pub type Clock = fn() -> i64;

/// Where things are, and how large the pool may be.
#[derive(Clone, Debug)]
pub struct RuntimeConfig {
    /// The Deno binary, 2.9.x.
    pub deno: PathBuf,
    /// A binary whose `main` first calls `thorp_jail::confine_main`: the `thorp` binary itself.
    pub confine: PathBuf,
    /// Kept between starts: the guest's files and the prepared cache of Deno.
    pub state_dir: PathBuf,
    /// Holds a folder for every living sandbox. Short (socket paths end at 107 bytes) and best in memory.
    pub scratch_dir: PathBuf,
    /// Folders that every sandbox may read, which exist: the dependency store.
    pub readable: Vec<PathBuf>,
    /// Where `jsr:` specifiers lead, if not to the usual registry. Nothing is asked there: it names what lies in caches.
    pub jsr_registry: Option<String>,
    /// What confines every sandbox.
    pub layers: Layers,
    /// Whether sandboxes are in control groups, as far as this machine gives them.
    pub groups: bool,
    /// The way out of the sandboxes.
    pub gateway: Gateway,
    /// Size and behaviour of the pool.
    pub pool: PoolLimits,
    /// The wall clock.
    pub clock: Clock,
}

/// Size and behaviour of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Prepared sandboxes that an idle town keeps.
    pub floor: usize,
    /// Prepared sandboxes that a busy town keeps at most.
    pub ceiling: usize,
    /// Sandboxes that may live at once, prepared, starting and running together.
    pub sandboxes_max: usize,
    /// Sandboxes that may start at once when a run waits for one. Background starts use three fewer, at least one.
    pub starts_max: usize,
    /// Runs that may wait for a sandbox. One more gets [`crate::Failure::PoolFull`].
    pub waiting_max: usize,
    /// How long a run may wait for a sandbox.
    pub wait_max: Duration,
    /// How long the town must be idle before the pool shrinks to its floor.
    pub idle_shrink: Duration,
    /// How long a worker without a run is kept.
    pub worker_idle: Duration,
    /// What any run may use at most; the heap limit of every sandbox is below it.
    pub memory_bytes: u64,
}

impl PoolLimits {
    /// How much of a number of places one user may have.
    pub(crate) fn of_one_user(&self, places: usize) -> usize {
        (places * limits::USER_PERCENT_MAX).div_ceil(100)
    }

    /// Those of the hardened sandboxes, which are beside the others.
    pub(crate) fn hardened(&self) -> Self {
        Self {
            floor: self.floor.min(limits::HARDENED_FLOOR),
            sandboxes_max: self.sandboxes_max.div_ceil(limits::HARDENED_DIVISOR),
            ..self.clone()
        }
    }

    /// Those of sandboxes that have loaded what web requests take.
    pub(crate) fn web(&self) -> Self {
        Self {
            floor: self.floor.min(limits::WEB_FLOOR),
            ..self.clone()
        }
    }
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            floor: limits::POOL_FLOOR,
            ceiling: limits::POOL_CEILING,
            sandboxes_max: limits::SANDBOXES_MAX,
            // More than there are processors: a start waits now and then, most of all to enter its control groups.
            starts_max: std::thread::available_parallelism().map_or(1, usize::from) + 2,
            waiting_max: limits::WAITING_JOBS_MAX,
            wait_max: Duration::from_millis(limits::WAIT_MILLIS_MAX),
            idle_shrink: Duration::from_secs(limits::IDLE_SHRINK_SECS),
            worker_idle: Duration::from_secs(limits::WORKER_IDLE_SECS_MAX),
            memory_bytes: limits::MEMORY_BYTES_DEFAULT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PoolLimits;

    #[test]
    fn hardened_sandboxes_are_few() {
        let hardened = PoolLimits::default().hardened();
        assert_eq!((hardened.floor, hardened.sandboxes_max), (1, 128));
        let small = PoolLimits {
            floor: 0,
            sandboxes_max: 2,
            ..PoolLimits::default()
        };
        let hardened = small.hardened();
        assert_eq!((hardened.floor, hardened.sandboxes_max), (0, 1));
    }
}

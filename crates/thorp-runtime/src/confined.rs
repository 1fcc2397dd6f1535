//! Confined processes that are not sandboxes: compile workers and the resolver of dependencies.

pub use thorp_jail::{
    Access, Command, Exit, Found, GroupLimits, Groups, Input, Jail, Layers, Limits, Mount, Part,
    Refused, Sandbox, Shortage, SpawnError, Spawner, Tier, limits::THREADS_MAX, probe,
};

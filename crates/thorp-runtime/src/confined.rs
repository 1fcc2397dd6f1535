//! Confined processes that are not sandboxes: compile workers and the resolver of dependencies.

pub use thorp_jail::{
    Access, Command, Exit, Input, Jail, Layers, Limits, Mount, Sandbox, SpawnError, Spawner,
};

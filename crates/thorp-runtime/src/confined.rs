//! Confined processes that are not sandboxes: compile workers and the resolver of dependencies.

pub use thorp_jail::{Command, Exit, Input, Limits, Sandbox, SpawnError, Spawner};

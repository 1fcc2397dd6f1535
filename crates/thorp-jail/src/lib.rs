//! One confined process: how it is started, watched, measured and ended.
//!
//! Owns: the re-executed helper that confines itself and becomes the wanted program ([`confine_main`]), the thread that
//! starts processes ([`Spawner`]), and the handle on a process ([`Sandbox`]). It knows no JavaScript and no protocol; it
//! is the only crate with `unsafe` code.
//!
//! Today a process gets a session of its own, a clean environment, no inherited descriptors and resource limits, and
//! dies with its host. It does not get namespaces or system call filters yet.

mod accounting;
mod command;
mod confine;
mod error;
pub mod limits;
mod sandbox;
mod spawner;
mod sys;

pub use accounting::Memory;
pub use command::{Command, Input, Limits};
pub use confine::confine_main;
pub use error::{ConfineError, SpawnError};
pub use sandbox::{Exit, Sandbox};
pub use spawner::Spawner;

//! One confined process: how it is started, watched, measured and ended.
//!
//! Owns: the re-executed helper that starts confined processes ([`confine_main`]), the thread that talks with it
//! ([`Spawner`]), what confines them ([`Jail`]), and the handle on a process ([`Sandbox`]). It knows no JavaScript and no
//! protocol; it is the only crate with `unsafe` code.

mod accounting;
mod child;
mod command;
mod error;
mod filter;
mod groups;
mod jail;
mod libraries;
pub mod limits;
mod message;
mod network;
mod order;
mod paths;
mod probe;
mod root;
mod sandbox;
mod spawner;
mod sys;
mod zygote;

pub use accounting::Memory;
pub use command::{Command, Input, Limits};
pub use error::{ConfineError, SpawnError};
pub use groups::{GroupLimits, Groups, Part, Shortage};
pub use jail::{Access, Jail, Layers, Mount};
pub use libraries::libraries;
pub use network::Network;
pub use probe::{Found, Refused, Tier, probe};
pub use sandbox::{Exit, Sandbox};
pub use spawner::Spawner;
pub use zygote::confine_main;

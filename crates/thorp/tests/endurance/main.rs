//! The whole program under load and in trouble: killed, out of processors, memory or disk, idle for long, told to stop.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests and their helpers fail by panicking"
)]

mod caller;
mod disk;
mod durability;
mod ending;
mod idle;
mod load;
mod memory;
#[path = "../cli/support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the tests of the commands need more of it"
)]
mod support;

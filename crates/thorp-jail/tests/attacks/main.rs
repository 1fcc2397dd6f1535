//! Attacks on the jail: hostile code, native and JavaScript, in real jails. Every case is a name and what it tries; all run
//! in three [`setting::Setting`]s. What a setting does not hold is listed, with the reason, in [`exceptions`].
//!
//! `cargo nextest run -p thorp-jail --run-ignored only` runs what takes minutes or needs root: which layer holds what
//! ([`layers`]), and 2 000 processes ([`leaks`]).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "tests"
)]

mod answer;
mod exceptions;
mod ground;
mod host;
mod layers;
mod leaks;
mod native;
mod scripts;
mod setting;

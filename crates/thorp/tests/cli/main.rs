//! The whole program, from outside: exit codes, stdout and stderr of the real binary, with real sandboxes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod check;
mod connections;
mod doctor;
mod help;
mod life;
mod mail;
mod people;
mod push_pull;
mod refusals;
mod running;
mod secrets;
mod stopping;
mod support;
mod trust;
mod usage;

//! Packages and modules of the web: got when a val is saved, used when it runs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod bounds;
mod collect;
mod destinations;
mod failures;
mod foreign;
mod hostile;
mod origin;
mod packages;
mod registry;
mod reuse;
mod support;
mod web;

//! The store against real SQLite files. `conformance` holds what any database has to do and takes a [`thorp_store::Store`];
//! the rest is about files, processes and threads.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail tests"
)]

#[path = "store/conformance/mod.rs"]
mod conformance;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/files.rs"]
mod files;
#[path = "store/support.rs"]
mod support;

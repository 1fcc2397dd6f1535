//! Mail of vals, through real conversations with mail servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod debian;
mod delivery;
mod outbox;
mod support;

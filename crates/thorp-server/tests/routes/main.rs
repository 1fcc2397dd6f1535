//! The HTTP surface in a real town. The modules mirror the addresses: `v1/eval/get.rs` tests `GET /v1/eval/…`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod awaited;
mod bad_input;
mod check;
mod children;
mod classic;
mod connection;
mod foreign;
mod openapi;
mod root;
mod sharing;
mod site;
mod standard;
mod unmatched;
mod v0;
mod v1;
mod vals_together;

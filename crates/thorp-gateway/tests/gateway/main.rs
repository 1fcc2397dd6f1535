//! The gateway with real origins, hostile ones too, and with real Deno.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod deno;
mod destinations;
mod guests;
mod limits;
mod origins;
mod quotas;
mod relay;
mod support;
mod websocket;

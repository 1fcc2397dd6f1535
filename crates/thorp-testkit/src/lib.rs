//! A whole town for tests: real sandboxes, a real store in a temporary folder, HTTP on a port of its own.
//!
//! For tests only: it fails by panicking. It must not stand in for any part of the town; there are no mocks here.

#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod https;
mod places;
mod reply;
mod shown;
mod smtp;
mod town;

pub use https::HttpsServer;
pub use places::{deno, executable};
pub use reply::Reply;
pub use shown::Shown;
pub use smtp::{Arrived, MAPPED, SmtpServer};
pub use town::{Ask, TestTown};

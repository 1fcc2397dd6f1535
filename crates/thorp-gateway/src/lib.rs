//! The only way out of a jail.
//!
//! A guest has no network. It has a Unix socket, to which Deno sends every HTTP request as plain absolute-form HTTP/1.1, for
//! https URLs too. The gateway takes each request apart, asks the [`policy`], looks the name up once, connects to an
//! address of that very answer, speaks TLS and HTTP/1.1 or HTTP/2 with the origin, and carries bodies both ways without
//! holding them. It counts requests and bytes for the evaluation's report.
//!
//! What it must not do: hold a body, follow a redirect (the guest does, and each hop is a new request), share a connection
//! between users, believe the guest's `Host`, decode what it carries.
#![forbid(unsafe_code)]

mod denial;
mod dial;
mod dns;
mod door;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod gateway;
mod headers;
mod ledger;
pub mod limits;
mod line;
mod meter;
mod pace;
pub mod policy;
mod pool;
mod pulse;
mod raw;
mod relay;
mod resolve;
mod roots;
mod slack;
mod target;
mod tls;
mod upload;
mod upstream;
mod user;
mod websocket;

pub use denial::{Code, Denial, ERROR_HEADER};
pub use door::{Door, OtherUser};
pub use gateway::{Gateway, GatewayConfig, GatewayError};
pub use ledger::{Budget, Egress, EgressRecord, Tenant};
pub use meter::Counted;
pub use policy::{Destination, Rules};
pub use resolve::{Resolve, Resolving, SystemResolver};
pub use roots::{Authorities, Roots, Source};

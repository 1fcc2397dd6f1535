//! The HTTP surface of the town.
//!
//! Owns everything that is HTTP: connections, routes, bodies, headers, status codes and the JSON shapes of the API. It
//! must not know the store or a sandbox: whatever a request means is decided by [`thorp_town::Town`].

mod app;
mod auth;
mod body;
mod error;
mod hosts;
mod json;
pub mod limits;
mod openapi;
mod origins;
mod page;
mod panics;
mod params;
mod router;
mod routes;
mod serve;
mod service;
mod site;
mod unmatched;

pub use origins::DomainError;
pub use serve::{ServerError, ServerOptions, serve};

/// The OpenAPI document, as `/openapi.json` answers it.
///
/// # Errors
/// If the document cannot be written as JSON.
pub fn openapi_document() -> Result<String, serde_json::Error> {
    router::build().1.to_pretty_json()
}

//! What every handler has at hand.

use crate::origins::Origins;
use bytes::Bytes;
use std::sync::Arc;
use thorp_town::Town;

/// Cheap to clone: once a request.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) town: Town,
    /// Where clients find the town, without a slash at the end.
    pub(crate) public_url: Arc<str>,
    /// The OpenAPI document, written once.
    pub(crate) openapi: Bytes,
    /// The templates of all addresses, for hints.
    pub(crate) addresses: Arc<[String]>,
    /// Where vals are, if they have addresses.
    pub(crate) origins: Option<Arc<Origins>>,
}

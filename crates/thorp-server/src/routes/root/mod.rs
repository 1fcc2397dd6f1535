//! The town itself: greeting, health, document.

pub(crate) mod greeting;
pub(crate) mod health;
pub(crate) mod openapi;

//! Secrets.

pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod put;

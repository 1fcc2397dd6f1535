//! Searching.

pub(crate) mod vals;

//! Recorded runs.

pub(crate) mod of_val;
pub(crate) mod query;
pub(crate) mod show;

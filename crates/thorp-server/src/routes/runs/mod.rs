//! Recorded runs.

pub(crate) mod of_val;
pub(crate) mod query;
pub(crate) mod save;
pub(crate) mod show;

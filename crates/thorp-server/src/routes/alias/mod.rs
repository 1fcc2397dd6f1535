//! Things by their names.

pub(crate) mod user;
pub(crate) mod val;

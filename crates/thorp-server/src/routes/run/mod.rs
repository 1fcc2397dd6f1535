//! `/v1/run`: running a val as its author.

pub(crate) mod get;
pub(crate) mod post;
pub(crate) mod target;

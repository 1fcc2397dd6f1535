//! `/v1/eval`: evaluating an expression as the caller.

pub(crate) mod get;
pub(crate) mod post;

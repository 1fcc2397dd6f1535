//! The oldest routes, kept working.

pub(crate) mod eval;

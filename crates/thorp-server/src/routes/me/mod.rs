//! The caller's own things.

pub(crate) mod likes;
pub(crate) mod runs;
pub(crate) mod show;

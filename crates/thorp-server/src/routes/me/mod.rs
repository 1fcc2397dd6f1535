//! The caller's own things.

pub(crate) mod emails;
pub(crate) mod likes;
pub(crate) mod patch;
pub(crate) mod runs;
pub(crate) mod show;

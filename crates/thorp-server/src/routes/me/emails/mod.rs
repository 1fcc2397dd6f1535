//! Mail that the caller's vals sent.

pub(crate) mod list;
pub(crate) mod show;

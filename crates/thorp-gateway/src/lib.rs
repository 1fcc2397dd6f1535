//! The only way out of a jail.
#![forbid(unsafe_code)]

pub mod limits;
pub mod policy;
mod target;

//! Programs of several vals: what they are made of, what values they see, and what they write.

mod graph;
mod host;
mod locks;
mod uses;
mod value;
mod writes;

pub(crate) use graph::{Assembled, Author, Facing, Written};
pub(crate) use host::{Handle, TownHost};
pub(crate) use locks::{Held, Locks, Place};
pub(crate) use uses::Use;
pub(crate) use writes::{By, checked};

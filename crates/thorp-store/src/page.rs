//! Pages of lists: an offset and a limit in, items and "is there more" out.

use crate::limits::{PAGE_ITEMS_MAX, PAGE_OFFSET_MAX};

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Items to skip, at most [`PAGE_OFFSET_MAX`].
    pub offset: u32,
    /// Items wanted; taken as 1 to [`PAGE_ITEMS_MAX`].
    pub limit: u32,
}

impl PageRequest {
    /// The first `limit` items.
    pub fn first(limit: u32) -> Self {
        Self { offset: 0, limit }
    }

    fn limit_used(self) -> u32 {
        self.limit.clamp(1, PAGE_ITEMS_MAX)
    }

    pub(crate) fn sql_offset(self) -> i64 {
        i64::from(self.offset.min(PAGE_OFFSET_MAX))
    }

    /// One row more than wanted, which is how a page knows whether there is another.
    pub(crate) fn sql_limit(self) -> i64 {
        i64::from(self.limit_used()) + 1
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Whether the list goes on after them.
    pub more: bool,
}

impl<T> Page<T> {
    pub(crate) fn cut(mut items: Vec<T>, request: PageRequest) -> Self {
        let limit = request.limit_used() as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        Self { items, more }
    }
}

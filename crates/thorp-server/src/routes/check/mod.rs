//! Looking at programs without running them.

pub(crate) mod text;
pub(crate) mod val;

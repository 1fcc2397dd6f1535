//! The only way out of a jail.

//! The HTTP surface of the town.

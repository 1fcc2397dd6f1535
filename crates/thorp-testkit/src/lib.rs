//! A whole town for tests.

//! The wall clock, read nowhere else in the server.

/// Microseconds since 1970 (UTC).
pub(crate) fn now_micros() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

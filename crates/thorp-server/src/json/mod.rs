//! The JSON shapes of the API, and how the town's values become them.

mod check;
mod egress;
mod email;
mod error;
mod run;
mod secret;
mod token;
mod user;
mod val;

pub(crate) use check::Check;
pub(crate) use email::{BaseEmail, FullEmail};
pub(crate) use error::{CodeText, Conflicting, Diagnostic, ErrorBody, ErrorDetail};
pub(crate) use run::{BaseRun, FullRun};
pub(crate) use secret::Secret;
pub(crate) use token::{CreatedToken, Token, scope_of};
pub(crate) use user::{Author, CreatedUser, Me, User};
pub(crate) use val::{
    BaseVal, EndpointName, FileBody, FullVal, IsolationName, PrivacyName, Version,
};

use jiff::Timestamp;
use serde_json::value::RawValue;

/// Microseconds since 1970 as a time such as `2026-01-31T12:00:00.000000Z`.
pub(crate) fn time(micros: i64) -> String {
    let time = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX);
    format!("{time:.6}")
}

/// JSON text as it is; `null` if it is none.
pub(crate) fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{raw, time};

    #[test]
    fn times_have_one_length() {
        assert_eq!(time(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(time(1_689_175_321_000_001), "2023-07-12T15:22:01.000001Z");
        assert_eq!(time(i64::MAX).len(), time(0).len());
    }

    #[test]
    fn text_that_is_not_json_is_null() {
        assert_eq!(raw(" [1 ]".to_owned()).get(), "[1 ]");
        assert_eq!(raw("undefined".to_owned()).get(), "null");
    }
}

//! What a request's address says: the parts of its path and its query.

use crate::error::ApiError;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

/// The parts of a path, as a `Uuid`, a `String` or a tuple of such.
pub(crate) struct Segments<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(not_a_segment(&rejection)),
        }
    }
}

fn not_a_segment(rejection: &PathRejection) -> ApiError {
    let PathRejection::FailedToDeserializePathParams(error) = rejection else {
        return ApiError::internal(&rejection.body_text());
    };
    match error.kind() {
        ErrorKind::InvalidUtf8InPathParam { .. } => ApiError::not_utf8("the address", None),
        ErrorKind::ParseErrorAtKey { value, .. }
        | ErrorKind::ParseErrorAtIndex { value, .. }
        | ErrorKind::ParseError { value, .. } => not_understood(value, "a number"),
        ErrorKind::DeserializeError { value, .. } => not_understood(value, "an id")
            .hint("an id looks like `01890a5d-ac96-774b-bcce-b302099a8057`; `/v1/alias/{user}/{val}` finds a val by its name"),
        other => ApiError::bad_request(other.to_string()),
    }
}

fn not_understood(value: &str, expected: &str) -> ApiError {
    ApiError::bad_request(format!("`{value}` in the address is not {expected}"))
}

/// The query, as a struct of optional fields.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Query(value) = Query::<T>::try_from_uri(&parts.uri).map_err(|rejection| {
            let text = rejection.body_text();
            let cause = text.trim_start_matches("Failed to deserialize query string: ");
            ApiError::bad_request(format!(
                "the address's query is not as it should be: {cause}"
            ))
        })?;
        Ok(Self(value))
    }
}

/// What follows `prefix` in the path, percent-decoded once. Slashes and dots stay as they are.
pub(crate) fn rest_of_path(uri: &Uri, prefix: &str) -> Result<String, ApiError> {
    let raw = uri.path().strip_prefix(prefix).unwrap_or_default();
    let decoded = percent_decode_str(raw).decode_utf8();
    Ok(decoded
        .map_err(|error| ApiError::not_utf8("the address", Some(error.valid_up_to())))?
        .into_owned())
}

/// A time such as `2026-01-31T12:00:00Z` in microseconds since 1970.
pub(crate) fn micros_of(name: &str, text: &str) -> Result<i64, ApiError> {
    let time: Timestamp = text.parse().map_err(|_| {
        ApiError::bad_request(format!("`{name}` is not a time"))
            .hint("write times like `2026-01-31T12:00:00Z`, with `+` as `%2B`")
    })?;
    Ok(time.as_microsecond())
}

/// `value` if it is one of `allowed`.
pub(crate) fn one_of(
    name: &str,
    value: Option<String>,
    allowed: &[&str],
) -> Result<Option<String>, ApiError> {
    match value {
        Some(value) if !allowed.contains(&value.as_str()) => {
            let message = format!(
                "`{name}` is one of `{}`, not `{value}`",
                allowed.join("`, `")
            );
            Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "BAD_REQUEST",
                message,
            ))
        }
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::rest_of_path;

    fn check(path: &str, expected: Option<&str>) {
        let decoded = rest_of_path(&path.parse().unwrap(), "/v1/eval/").ok();
        assert_eq!(decoded.as_deref(), expected, "{path}");
    }

    #[test]
    fn expressions_are_decoded_once_and_kept_whole() {
        check("/v1/eval/1+1", Some("1+1"));
        check("/v1/eval/1%2B1", Some("1+1"));
        check("/v1/eval/6/3?args=[]", Some("6/3"));
        check("/v1/eval//a%2f..%2F/./../b//", Some("/a/..//./../b//"));
        check("/v1/eval/%2525", Some("%25"));
        check("/v1/eval/true%3F1:2", Some("true?1:2"));
        check("/v1/eval/%22%F0%9F%8C%B3%22", Some("\"🌳\""));
        check("/v1/eval/%ff", None);
    }
}

//! Answers that several routes give.

use crate::app::App;
use crate::error::{RUN_HEADER, run_value};
use crate::json::FullVal;
use axum::Json;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use thorp_town::{Answer, ValDetail};

/// Marks a `null` that was `undefined`.
const UNDEFINED_HEADER: HeaderName = HeaderName::from_static("x-thorp-undefined");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The result of a run: its JSON text as it is, its id in a header.
pub(crate) fn result(answer: Answer) -> Response {
    let Answer {
        run,
        json,
        undefined,
    } = answer;
    let mut response = Response::new(Body::from(json));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    if let Some(value) = run_value(run) {
        headers.insert(RUN_HEADER, value);
    }
    if undefined {
        headers.insert(UNDEFINED_HEADER, HeaderValue::from_static("1"));
    }
    response
}

/// A val, with its version as the tag that a save's `If-Match` names.
pub(crate) fn val(app: &App, status: StatusCode, detail: ValDetail) -> Response {
    let val = FullVal::new(detail, app.origins.as_deref());
    let tag = HeaderValue::from_str(&format!("\"{}\"", val.version()));
    let mut response = (status, Json(val)).into_response();
    response
        .headers_mut()
        .extend(tag.ok().map(|tag| (ETAG, tag)));
    response
}

//! Bodies: read once, bounded, and understood as JSON or as code.
//!
//! Clients often say nothing about a body, and curl calls everything a form; such bodies are JSON if they parse as it,
//! and code otherwise.

use crate::error::ApiError;
use crate::limits::{BODY_READ, DRAIN_BYTES_MAX, DRAIN_WALL};
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::time::timeout;

/// What a request sent.
pub(crate) struct Sent {
    media: Media,
    bytes: Bytes,
}

/// What the JSON of requests that could also be code begins with.
const FIRST_KEYS: [&str; 6] = [
    "\"code\"",
    "\"args\"",
    "\"files\"",
    "\"name\"",
    "\"privacy\"",
    "\"entry\"",
];

/// What a request calls its body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    Json,
    Code,
    Unsaid,
}

/// A body, understood.
pub(crate) enum Content<T> {
    /// It was the JSON that the route takes.
    Json(T),
    /// It is code.
    Code,
}

impl Sent {
    /// Reads the body of `request`, of at most `limit` bytes.
    pub(crate) async fn read(request: Request, limit: usize) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let media = media(&parts.headers)?;
        let announced = body.size_hint().lower();
        if announced > limit as u64 {
            if !parts.headers.contains_key(EXPECT) {
                drain(body).await;
            }
            return Err(ApiError::too_large("the body", limit));
        }
        let bytes = timeout(BODY_READ, collect(body, limit))
            .await
            .map_err(|_| too_slow())??;
        Ok(Self { media, bytes })
    }

    /// The body's text.
    pub(crate) fn text(&self) -> Result<&str, ApiError> {
        std::str::from_utf8(&self.bytes)
            .map_err(|error| ApiError::not_utf8("the body", Some(error.valid_up_to())))
    }

    /// The body's text, without a copy.
    pub(crate) fn into_text(self) -> Result<String, ApiError> {
        String::from_utf8(self.bytes.into())
            .map_err(|error| ApiError::not_utf8("the body", Some(error.utf8_error().valid_up_to())))
    }

    /// The body as JSON of the form `T`, whatever it calls itself.
    pub(crate) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ApiError> {
        let text = self.text()?;
        if text.trim_ascii().is_empty() {
            return Err(ApiError::bad_request("the body is empty").hint("send a JSON object"));
        }
        parse(text).map_err(|error| ApiError::from_json("the body", &error))
    }

    /// The body as JSON of the form `T`, or as code.
    pub(crate) fn json_or_code<'a, T: Deserialize<'a>>(&'a self) -> Result<Content<T>, ApiError> {
        let text = self.text()?;
        if text.trim_ascii().is_empty() {
            return Err(ApiError::bad_request("the body is empty")
                .hint("send code as it is, or a JSON object such as `{\"code\": \"1 + 1\"}`"));
        }
        match self.media {
            Media::Json => self.json().map(Content::Json),
            Media::Code => Ok(Content::Code),
            Media::Unsaid if !text.trim_ascii_start().starts_with('{') => Ok(Content::Code),
            Media::Unsaid => json_if_it_is(text),
        }
    }
}

fn json_if_it_is<'a, T: Deserialize<'a>>(text: &'a str) -> Result<Content<T>, ApiError> {
    match parse(text) {
        Ok(value) => Ok(Content::Json(value)),
        Err(error) if means_json(text) => Err(ApiError::from_json("the body", &error)),
        Err(error) if is_json(text) => Err(ApiError::from_json("the body", &error)
            .hint("if this is code, send it with `Content-Type: text/plain`")),
        Err(_) => Ok(Content::Code),
    }
}

/// Text that is no JSON at all is told so, also if it was of the wrong form before that.
fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    let not_json = || serde_json::from_str::<IgnoredAny>(text).err();
    serde_json::from_str(text).map_err(|error| not_json().unwrap_or(error))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether `text` begins as requests do: JSON with a mistake deserves JSON's message, not the compiler's.
fn means_json(text: &str) -> bool {
    let inner = text
        .trim_ascii_start()
        .trim_start_matches('{')
        .trim_ascii_start();
    FIRST_KEYS.iter().any(|key| {
        inner
            .strip_prefix(key)
            .is_some_and(|rest| rest.trim_ascii_start().starts_with(':'))
    })
}

fn media(headers: &HeaderMap) -> Result<Media, ApiError> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(Media::Unsaid);
    };
    let text = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let kind = text.to_ascii_lowercase();
    match kind.as_str() {
        "" | "application/x-www-form-urlencoded" | "application/octet-stream" => Ok(Media::Unsaid),
        "application/javascript"
        | "application/typescript"
        | "application/x-typescript"
        | "video/mp2t" => Ok(Media::Code),
        "application/json" => Ok(Media::Json),
        other if other.ends_with("+json") => Ok(Media::Json),
        other if other.starts_with("text/") => Ok(Media::Code),
        other => Err(ApiError::bad_request(format!(
            "a body of the type `{other}` is not understood"
        ))
        .hint("send `application/json`, `text/plain`, or no `Content-Type`")),
    }
}

fn too_slow() -> ApiError {
    let message = format!("the body did not arrive within {} s", BODY_READ.as_secs());
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", message)
}

/// All of `body`. One that came in one piece, as small ones do, is not copied.
async fn collect(mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::bad_request("the body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + all.len() + data.len() > limit {
            drain(body).await;
            return Err(ApiError::too_large("the body", limit));
        }
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.reserve(body.size_hint().lower() as usize + first.len() + data.len());
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Reads on for a while: a sender that is still sending would lose the answer to a closed connection.
async fn drain(mut body: Body) {
    let read = async {
        let mut dropped = 0;
        while dropped < DRAIN_BYTES_MAX {
            let Some(Ok(frame)) = body.frame().await else {
                break;
            };
            dropped += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    timeout(DRAIN_WALL, read).await.ok();
}

#[cfg(test)]
mod tests {
    use super::{Content, Sent};
    use axum::body::Body;
    use axum::extract::Request;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, expecting = "an object with `code`")]
    struct Wanted {
        code: String,
    }

    /// `json:…`, `code` or the refusal's code.
    async fn check(media: Option<&str>, body: &str, expected: &str) {
        let mut request = Request::new(Body::from(body.to_owned()));
        if let Some(media) = media {
            request
                .headers_mut()
                .insert("content-type", media.parse().unwrap());
        }
        let read = match Sent::read(request, 64).await {
            Ok(sent) => sent.json_or_code::<Wanted>().map(|content| match content {
                Content::Json(wanted) => format!("json:{}", wanted.code),
                Content::Code => "code".to_owned(),
            }),
            Err(error) => Err(error),
        };
        let text = read.unwrap_or_else(|error| error.into_body().error.code.to_owned());
        assert_eq!(text, expected, "{media:?} {body}");
    }

    #[tokio::test]
    async fn bodies_are_what_they_say_or_what_they_look_like() {
        let form = Some("application/x-www-form-urlencoded");
        check(None, r#"{"code":"1"}"#, "json:1").await;
        check(form, r#" {"code":"1"}"#, "json:1").await;
        check(form, "1+1", "code").await;
        check(None, "({})", "code").await;
        check(None, r#"{"a": f(1)}"#, "code").await;
        check(None, r#"{"a": 1}"#, "BAD_REQUEST").await;
        check(None, r#"{"code": 1+"#, "BAD_JSON").await;
        check(Some("application/json; charset=utf-8"), "1+1", "BAD_JSON").await;
        check(Some("application/json"), "\"1+1\"", "BAD_REQUEST").await;
        check(Some("text/plain"), r#"{"code":"1"}"#, "code").await;
        check(Some("image/png"), "x", "BAD_REQUEST").await;
        check(None, " \n", "BAD_REQUEST").await;
        check(None, &"x".repeat(65), "TOO_LARGE").await;
    }
}

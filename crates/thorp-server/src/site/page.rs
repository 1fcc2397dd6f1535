//! What a visitor of a val is told when it gives no answer: a page for browsers, JSON for others.

use crate::error::ApiError;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use std::fmt::Write;

/// A page without scripts, and without anything from elsewhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// Whether whoever asks would rather see a page.
pub(crate) fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(ACCEPT).iter();
    matches!(*method, Method::GET | Method::HEAD | Method::POST)
        && accepts
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.contains("text/html"))
}

/// The answer that tells of a failure.
pub(crate) fn failed(error: ApiError, shows_page: bool) -> Response {
    let text = shows_page.then(|| page(&error));
    let mut response = error.into_response();
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let Some(text) = text else {
        return response;
    };
    let (mut head, _) = response.into_parts();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    head.headers.insert(CONTENT_TYPE, html);
    head.headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    head.headers.remove("content-length");
    Response::from_parts(head, text.into())
}

fn page(error: &ApiError) -> String {
    let body = error.body();
    let detail = &body.error;
    let title = title(error.status());
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
        <title>{title}</title>\n<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:45rem;margin:4rem auto;padding:0 1rem}}\
        pre{{overflow:auto;padding:1rem;background:#8882}}small{{opacity:.7}}</style>\n<h1>{title}</h1>\n"
    );
    let name = detail.name.as_deref().map(|name| format!("{name}: "));
    let message = format!("{}{}", name.unwrap_or_default(), detail.message);
    // Writing to a text does not fail.
    let _ = writeln!(page, "<p>{}</p>", escaped(&message));
    if let Some(hint) = &detail.hint {
        let _ = writeln!(page, "<p>{}</p>", escaped(hint));
    }
    if let Some(stack) = &detail.stack {
        let _ = writeln!(page, "<pre>{}</pre>", escaped(stack));
    }
    let _ = write!(page, "<p><small>{}", detail.code);
    if let Some(run) = body.run_id {
        let _ = write!(page, " · run {run}");
    }
    page.push_str("</small></p>\n</html>\n");
    page
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "This is not for everybody",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "Too much at once",
        StatusCode::PAYLOAD_TOO_LARGE => "That is too much",
        _ => "This val gave no answer",
    }
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut page, char| {
        match char {
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '&' => page.push_str("&amp;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other => page.push(other),
        }
        page
    })
}

#[cfg(test)]
mod tests {
    use super::{failed, wants_page};
    use crate::error::ApiError;
    use axum::http::{HeaderMap, Method, StatusCode};

    #[test]
    fn browsers_get_a_page() {
        let mut headers = HeaderMap::new();
        assert!(!wants_page(&Method::GET, &headers));
        headers.insert("accept", "text/html,*/*;q=0.8".parse().unwrap());
        assert!(wants_page(&Method::GET, &headers));
        headers.insert("accept", "application/json".parse().unwrap());
        assert!(!wants_page(&Method::GET, &headers));
    }

    #[tokio::test]
    async fn nothing_of_a_message_is_markup() {
        use http_body_util::BodyExt;
        let message = "<script>alert(1)</script>";
        let error = ApiError::new(StatusCode::BAD_GATEWAY, "USER_ERROR", message);
        let answer = failed(error, true);
        assert_eq!(answer.status(), 502);
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(
            text.contains("&lt;script&gt;") && !text.contains("<script"),
            "{text}"
        );
    }
}

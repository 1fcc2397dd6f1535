//! What happens to requests for the origins of vals. Nothing of the town is there: no route, no header, no session.

mod page;
mod pass;

use crate::error::{ApiError, run_value};
use crate::limits::SITE_BODY_BYTES_MAX;
use crate::origins::Origins;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use std::net::SocketAddr;
use thorp_town::{BodyError, Town, Visited, Visitor, WebBody};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// How many vals wait for the answer: set by the gateway of a town alone.
const DEPTH: HeaderName = HeaderName::from_static("thorp-depth");

/// Lets the val of a label answer.
pub(crate) async fn answer(
    town: &Town,
    origins: &Origins,
    label: &str,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> Response {
    let shows_page = page::wants_page(request.method(), request.headers());
    match visit(town, origins, label, request, peer).await {
        Ok(visited) => passed(visited),
        Err(error) => page::failed(error, shows_page),
    }
}

async fn visit(
    town: &Town,
    origins: &Origins,
    label: &str,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> Result<Visited, ApiError> {
    let headers = request.headers();
    if announced(headers).is_some_and(|bytes| bytes > SITE_BODY_BYTES_MAX as u64) {
        return Err(ApiError::too_large("the body", SITE_BODY_BYTES_MAX));
    }
    let depth = number(headers, &DEPTH).unwrap_or_default();
    let is_proxy = peer.ip().is_loopback() && depth == 0;
    let visitor = Visitor {
        token: bearer(headers),
        client: match depth {
            0 => client(headers, peer),
            _ => Some("vals".to_owned()),
        },
        depth,
    };
    let from = pass::From {
        scheme: origins.scheme(),
        peer: peer.ip(),
        is_proxy,
    };
    let request = pass::request(request.map(bounded), &from)
        .ok_or_else(|| ApiError::bad_request("the address of the request is none"))?;
    Ok(town.visit(label, visitor, request).await?)
}

fn passed(visited: Visited) -> Response {
    let (mut head, body) = visited.answer.into_parts();
    pass::clean_answer(
        head.status == StatusCode::SWITCHING_PROTOCOLS,
        &mut head.headers,
    );
    if let Some(run) = run_value(visited.run) {
        head.headers.insert(crate::error::RUN_HEADER, run);
    }
    Response::from_parts(head, Body::new(body))
}

fn bounded(body: Incoming) -> WebBody {
    use hyper::body::Body as _;
    if body.is_end_stream() {
        return http_body_util::Empty::new()
            .map_err(|never| match never {})
            .boxed_unsync();
    }
    Limited::new(body, SITE_BODY_BYTES_MAX)
        .map_err(|error: BodyError| error)
        .boxed_unsync()
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    number(headers, &CONTENT_LENGTH)
}

fn number<N: std::str::FromStr>(headers: &HeaderMap, name: &HeaderName) -> Option<N> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

/// By what a client's requests are counted: the address that the proxy on this machine has seen, or the peer's own. What
/// comes from this machine itself is not counted.
fn client(headers: &HeaderMap, peer: SocketAddr) -> Option<String> {
    if !peer.ip().is_loopback() {
        return Some(peer.ip().to_string());
    }
    let said = headers.get_all(&FORWARDED_FOR).iter().next_back()?;
    let last = said.to_str().ok()?.rsplit(',').next()?.trim();
    Some(last.to_owned())
}

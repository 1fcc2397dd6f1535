//! What happens to every request, around its route: the host's check, preflights, panics, common headers.
//!
//! Hand-written rather than layered: it is on the way of every evaluation.

use crate::app::App;
use crate::error::ApiError;
use crate::hosts::Hosts;
use crate::origins::Origins;
use crate::panics::caught;
use crate::{router, site};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, HOST,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::sync::Arc;
use thorp_town::Town;
use tower::Service;

/// Answers requests. Cheap to clone: once a connection and once a request.
#[derive(Clone)]
pub(crate) struct Gate {
    hosts: Arc<Hosts>,
    town: Town,
    origins: Option<Arc<Origins>>,
    router: Router,
}

impl Gate {
    /// A gate to `town` for requests to one of `hosts`.
    pub(crate) fn new(
        town: Town,
        hosts: Hosts,
        origins: Option<Origins>,
        public_url: &str,
    ) -> Result<Self, serde_json::Error> {
        let (router, document) = router::build();
        let openapi = Bytes::from(document.to_pretty_json()?);
        let addresses = document.paths.paths.keys().cloned().collect();
        let public_url = Arc::from(public_url.trim_end_matches('/'));
        let origins = origins.map(Arc::new);
        let router = router.with_state(App {
            town: town.clone(),
            origins: origins.clone(),
            public_url,
            openapi,
            addresses,
        });
        Ok(Self {
            hosts: Arc::new(hosts),
            town,
            origins,
            router,
        })
    }

    /// Answers `request`, whatever happens on the way.
    pub(crate) async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        peer: SocketAddr,
    ) -> Response {
        if let Some(origins) = &self.origins
            && let Some(host) = one_host(&request)
            && let Some(label) = origins.label(host)
        {
            let label = label.to_owned();
            return site::answer(&self.town, origins, &label, request, peer).await;
        }
        let shared = is_shared(request.uri().path());
        let mut response = match self.refusal(&request) {
            Some(error) => error.into_response(),
            None if shared && request.method() == Method::OPTIONS => preflight(),
            None => self.route(request.map(Body::new)).await,
        };
        add_common(response.headers_mut());
        if shared {
            add_sharing(response.headers_mut());
        }
        response
    }

    async fn route(&self, request: Request) -> Response {
        let mut router = self.router.clone();
        match caught(async move { router.call(request).await }).await {
            Ok(Ok(response)) => response,
            Err(panic) => {
                ApiError::internal(&format!("a handler panicked: {panic}")).into_response()
            }
        }
    }

    fn refusal(&self, request: &hyper::Request<Incoming>) -> Option<ApiError> {
        let mut headers = request.headers().get_all(HOST).iter();
        let named = headers
            .next()
            .map(|value| value.to_str().unwrap_or_default());
        if headers.next().is_some() {
            return Some(ApiError::bad_request(
                "the request has more than one `Host`",
            ));
        }
        match request
            .uri()
            .authority()
            .map(|authority| authority.as_str())
            .or(named)
        {
            Some(host) if self.hosts.knows(host) => None,
            Some(host) => Some(misdirected(host)),
            None if request.version() == Version::HTTP_10 => None,
            None => Some(ApiError::bad_request("the request has no `Host`")),
        }
    }
}

/// The host that a request names, if it names one.
fn one_host(request: &hyper::Request<Incoming>) -> Option<&str> {
    let mut named = request.headers().get_all(HOST).iter();
    let (first, second) = (named.next(), named.next());
    match request.uri().authority() {
        _ if second.is_some() => None,
        Some(authority) => Some(authority.as_str()),
        None => first?.to_str().ok(),
    }
}

fn misdirected(host: &str) -> ApiError {
    let message = format!("`{host}` is not a host of this town");
    ApiError::new(StatusCode::MISDIRECTED_REQUEST, "MISDIRECTED", message).hint(format!(
        "if it should be, start the town with `--public-url http://{host}`"
    ))
}

/// Whether pages of other origins may read the answer. They never have the visitor's authority: only tokens count.
fn is_shared(path: &str) -> bool {
    path.starts_with("/v1/")
}

fn add_common(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn add_sharing(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let exposed = HeaderValue::from_static("X-Thorp-Run, X-Thorp-Undefined, ETag, Retry-After");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// The headers of a preflight's answer.
fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE"),
    );
    let allowed = HeaderValue::from_static("Authorization, Content-Type, If-Match, Accept");
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

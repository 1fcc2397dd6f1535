//! The gateway's own answers: stable codes, and how they are told to a guest.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::json;

use crate::headers::BadHead;
use crate::policy::{InvalidHost, Refusal};
use crate::target::BadTarget;

/// The header that only the gateway sets: no answer of an origin has it.
pub const ERROR_HEADER: HeaderName = HeaderName::from_static("thorp-egress-error");

/// RFC 9209.
const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// Why a request did not reach its origin, or its answer not the guest. Stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The policy refuses the destination.
    Denied,
    /// The name has no address.
    Name,
    /// No connection.
    Connect,
    /// No TLS on the connection.
    Tls,
    /// It took too long.
    Timeout,
    /// The evaluation's budget is used up.
    Quota,
    /// The guest's request is not one that the gateway carries.
    BadRequest,
    /// The origin does not speak HTTP, or broke off.
    Upstream,
}

impl Code {
    /// The code's text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "EGRESS_DENIED",
            Self::Name => "EGRESS_NAME",
            Self::Connect => "EGRESS_CONNECT",
            Self::Tls => "EGRESS_TLS",
            Self::Timeout => "EGRESS_TIMEOUT",
            Self::Quota => "EGRESS_QUOTA",
            Self::BadRequest => "EGRESS_BAD_REQUEST",
            Self::Upstream => "EGRESS_UPSTREAM",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Denied => StatusCode::FORBIDDEN,
            Self::Name | Self::Connect | Self::Tls | Self::Upstream => StatusCode::BAD_GATEWAY,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Quota => StatusCode::TOO_MANY_REQUESTS,
            Self::BadRequest => StatusCode::BAD_REQUEST,
        }
    }

    fn proxy_status(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Denied => "thorp; error=destination_ip_prohibited",
            Self::Name => "thorp; error=dns_error",
            Self::Connect => "thorp; error=destination_unavailable",
            Self::Tls => "thorp; error=tls_protocol_error",
            Self::Timeout => "thorp; error=connection_timeout",
            Self::Quota => "thorp; error=http_request_denied",
            Self::BadRequest => "thorp; error=http_request_error",
            Self::Upstream => "thorp; error=http_protocol_error",
        })
    }
}

/// A refusal or a failure, as the guest is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Denial {
    /// Which.
    pub code: Code,
    /// For people.
    pub message: String,
}

impl Denial {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn response(&self) -> Response<Bytes> {
        let text = json!({"error": {"code": self.code.as_str(), "message": self.message}});
        let mut response = Response::new(Bytes::from(text.to_string()));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(PROXY_STATUS, self.code.proxy_status());
        headers.insert(ERROR_HEADER, HeaderValue::from_static(self.code.as_str()));
        response
    }
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self::new(Code::Denied, refusal.to_string())
    }
}

impl From<BadTarget> for Denial {
    fn from(error: BadTarget) -> Self {
        Self::new(Code::BadRequest, error.to_string())
    }
}

impl From<InvalidHost> for Denial {
    fn from(error: InvalidHost) -> Self {
        Self::new(Code::BadRequest, error.to_string())
    }
}

impl From<BadHead> for Denial {
    fn from(error: BadHead) -> Self {
        Self::new(Code::BadRequest, error.to_string())
    }
}

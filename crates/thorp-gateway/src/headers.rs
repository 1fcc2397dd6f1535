//! What of a head passes the gateway.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Version};

use crate::denial::ERROR_HEADER;
use crate::limits::{HEADER_BYTES_MAX, HEADERS_MAX};

/// `name: value\r\n`
const LINE_EXTRA_BYTES: usize = 4;
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const PROXY_PREFIX: &str = "proxy-";
const DEPTH: HeaderName = HeaderName::from_static("thorp-depth");

/// Of one connection (RFC 9110, 7.6.1) or of a body's framing: never passed on. What `Connection` names is neither.
const DROPPED: [HeaderName; 10] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
];

/// A head that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadHead {
    #[error("there are more than {HEADERS_MAX} header lines")]
    Count,
    #[error("the header lines are longer than {HEADER_BYTES_MAX} bytes")]
    Length,
    #[error("there is more than one `Host`")]
    Hosts,
}

/// How long the head is on the wire, roughly.
pub(crate) fn bytes(headers: &HeaderMap) -> usize {
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        name.as_str().len() + value.len() + LINE_EXTRA_BYTES
    };
    headers.iter().map(line).sum()
}

/// Whether a head is within its bounds.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), BadHead> {
    if headers.len() > HEADERS_MAX {
        return Err(BadHead::Count);
    }
    if bytes(headers) > HEADER_BYTES_MAX {
        return Err(BadHead::Length);
    }
    if headers.get_all(header::HOST).iter().count() > 1 {
        return Err(BadHead::Hosts);
    }
    Ok(())
}

/// Whether a request wants to become a WebSocket. Nothing else is upgraded to.
pub(crate) fn wants_websocket(method: &Method, version: Version, headers: &HeaderMap) -> bool {
    *method == Method::GET && version == Version::HTTP_11 && names_websocket(headers)
}

/// Says that the connection becomes a WebSocket.
pub(crate) fn set_websocket(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, WEBSOCKET);
}

/// Says how many vals wait for the answer of a val of the town's own.
pub(crate) fn set_depth(headers: &mut HeaderMap, depth: u32) {
    headers.insert(DEPTH, HeaderValue::from(depth));
}

/// Leaves what is for the origin. Framing and `Host` are set anew: the guest's word on them is not passed on.
pub(crate) fn clean_request(headers: &mut HeaderMap) {
    let empty = headers
        .get(header::CONTENT_LENGTH)
        .is_some_and(|length| length == "0");
    strip(headers);
    if empty {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}

/// Leaves what is for the guest. An answer to HEAD says the length of a body that it does not have.
pub(crate) fn clean_answer(headers: &mut HeaderMap, is_head: bool) {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .filter(|_| is_head)
        .cloned();
    strip(headers);
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length);
    }
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let proxy = headers
        .keys()
        .filter(|name| name.as_str().starts_with(PROXY_PREFIX));
    let proxy: Vec<HeaderName> = proxy.cloned().collect();
    for name in named
        .iter()
        .chain(&proxy)
        .chain(&DROPPED)
        .chain([&ERROR_HEADER])
    {
        headers.remove(name);
    }
}

/// Whether a head is about becoming a WebSocket.
pub(crate) fn names_websocket(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).map(HeaderValue::as_bytes);
    let connection = headers.get_all(header::CONNECTION).iter();
    upgrade.is_some_and(|name| name.eq_ignore_ascii_case(WEBSOCKET.as_bytes()))
        && connection
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|token| token.trim().eq_ignore_ascii_case("upgrade"))
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{BadHead, check, clean_answer, clean_request};

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let parse = |(name, value): &(&str, &str)| {
            let name: HeaderName = name.parse().unwrap();
            (name, value.parse::<HeaderValue>().unwrap())
        };
        lines.iter().map(parse).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn what_is_for_one_hop_ends_here() {
        let mut request = headers(&[
            ("host", "other.example"),
            ("connection", "keep-alive, X-Mine"),
            ("connection", "x-also"),
            ("x-mine", "1"),
            ("x-also", "1"),
            ("proxy-authorization", "Basic x"),
            ("proxy-anything", "x"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("expect", "100-continue"),
            ("thorp-egress-error", "EGRESS_DENIED"),
            ("accept", "*/*"),
        ]);
        clean_request(&mut request);
        assert_eq!(names(&request), ["accept"]);
    }

    #[test]
    fn the_length_of_a_missing_body_is_kept() {
        let mut request = headers(&[("content-length", "0")]);
        clean_request(&mut request);
        assert_eq!(names(&request), ["content-length"]);
        let mut answer = headers(&[("content-length", "9"), ("Thorp-Egress-Error", "x")]);
        clean_answer(&mut answer, true);
        assert_eq!(names(&answer), ["content-length"]);
        clean_answer(&mut answer, false);
        assert!(answer.is_empty());
    }

    #[test]
    fn heads_have_bounds() {
        let long = "a".repeat(40 << 10);
        let two = headers(&[("a", &long), ("b", &long)]);
        assert_eq!(check(&two), Err(BadHead::Length));
        let many = headers(&[("a", "1")].repeat(97));
        assert_eq!(check(&many), Err(BadHead::Count));
        let hosts = headers(&[("host", "a"), ("host", "b")]);
        assert_eq!(check(&hosts), Err(BadHead::Hosts));
    }
}

//! What of a head passes between a visitor and a val.

use axum::http::header::{
    ALT_SVC, CONNECTION, EXPECT, HOST, SET_COOKIE, STRICT_TRANSPORT_SECURITY, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, Version};
use hyper::body::Body as _;
use std::net::IpAddr;
use thorp_town::{WebBody, WebRequest};

/// Headers of one connection (RFC 9110, 7.6.1). What `Connection` names is too.
const OF_ONE_HOP: [HeaderName; 7] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
];
/// What host and guest, and towns, say to each other.
const OURS: &str = "thorp-";
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where a request came from.
pub(crate) struct From {
    pub(crate) scheme: &'static str,
    pub(crate) peer: IpAddr,
    /// Whether the peer is believed about what was before it.
    pub(crate) is_proxy: bool,
}

/// The request as the val gets it: with its whole address, and who it comes from. `None` if the address is none.
pub(crate) fn request(request: Request<WebBody>, from: &From) -> Option<WebRequest> {
    let (mut head, body) = request.into_parts();
    let host = match head.uri.authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok()?,
        None => head.headers.get(HOST)?.clone(),
    };
    let path = head.uri.path_and_query().cloned();
    let mut parts = axum::http::uri::Parts::default();
    parts.scheme = Some(match from.scheme {
        "https" => Scheme::HTTPS,
        _ => Scheme::HTTP,
    });
    parts.authority = Some(Authority::try_from(host.as_bytes()).ok()?);
    parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    head.uri = Uri::from_parts(parts).ok()?;
    head.version = Version::HTTP_11;
    let upgrade = is_upgrade(&head.headers)
        .then(|| head.headers.get(UPGRADE).cloned())
        .flatten();
    strip(&mut head.headers);
    head.headers.remove(EXPECT);
    if let Some(upgrade) = upgrade {
        head.headers
            .insert(CONNECTION, HeaderValue::from_static("upgrade"));
        head.headers.insert(UPGRADE, upgrade);
    }
    forward(&mut head.headers, &host, from)?;
    head.headers.insert(HOST, host);
    // hyper leaves out a body of unknown length where the method seldom has one.
    if !body.is_end_stream() && body.size_hint().exact().is_none() {
        let chunked = HeaderValue::from_static("chunked");
        head.headers.insert(TRANSFER_ENCODING, chunked);
    }
    Some(Request::from_parts(head, body))
}

/// Says where the request came from.
fn forward(headers: &mut HeaderMap, host: &HeaderValue, from: &From) -> Option<()> {
    let peer = from.peer.to_canonical().to_string();
    let before: Vec<&str> = headers
        .get_all(&FORWARDED_FOR)
        .iter()
        .filter(|_| from.is_proxy)
        .filter_map(|value| value.to_str().ok())
        .collect();
    let mut chain = before.join(", ");
    if !chain.is_empty() {
        chain.push_str(", ");
    }
    chain.push_str(&peer);
    headers.insert(FORWARDED_FOR, HeaderValue::from_str(&chain).ok()?);
    headers.insert(FORWARDED_HOST, host.clone());
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(from.scheme));
    Some(())
}

/// Leaves of an answer what is for the visitor: a val says nothing about other hosts, and nothing about the connection.
pub(crate) fn clean_answer(switches: bool, headers: &mut HeaderMap) {
    let upgrade = headers.get(UPGRADE).filter(|_| switches).cloned();
    strip(headers);
    if let Some(upgrade) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, upgrade);
    }
    headers.remove(STRICT_TRANSPORT_SECURITY);
    headers.remove(ALT_SVC);
    if headers.contains_key(SET_COOKIE) {
        keep_cookies_here(headers);
    }
}

/// A cookie for a parent domain would reach the vals of other users: it becomes one for this host.
fn keep_cookies_here(headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in cookies {
        if let Some(cookie) = of_this_host(&cookie) {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

fn of_this_host(cookie: &HeaderValue) -> Option<HeaderValue> {
    let is_domain = |part: &&[u8]| {
        let name = part.split(|byte| *byte == b'=').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"domain")
    };
    let parts = cookie.as_bytes().split(|byte| *byte == b';');
    let kept: Vec<&[u8]> = parts
        .enumerate()
        .filter(|(index, part)| *index == 0 || !is_domain(part))
        .map(|(_, part)| part)
        .collect();
    HeaderValue::from_bytes(&kept.join(&b';')).ok()
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case("upgrade"))
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let ours: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(OURS))
        .cloned()
        .collect();
    let ours = named.iter().chain(&ours);
    for name in ours.chain(&OF_ONE_HOP).chain([&CONNECTION, &UPGRADE]) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::{From, clean_answer, request};
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
    use http_body_util::{BodyExt, Empty};

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(line).collect()
    }

    fn shown(headers: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        lines
    }

    fn sent(is_proxy: bool, peer: &str, lines: &[(&str, &str)]) -> (String, Vec<String>) {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let mut asked = Request::get("/p?q=1").body(body).unwrap();
        *asked.headers_mut() = headers(lines);
        let from = From {
            scheme: "https",
            peer: peer.parse().unwrap(),
            is_proxy,
        };
        let passed = request(asked, &from).unwrap();
        (passed.uri().to_string(), shown(passed.headers()))
    }

    #[test]
    fn a_val_gets_the_whole_address_and_who_asked() {
        let (url, lines) = sent(
            false,
            "192.0.2.7",
            &[
                ("host", "a-b.vals.test"),
                ("x-forwarded-for", "1.1.1.1"),
                ("x-forwarded-proto", "gopher"),
                ("connection", "keep-alive, x-mine"),
                ("x-mine", "1"),
                ("te", "trailers"),
                ("thorp-depth", "3"),
                ("expect", "100-continue"),
                ("accept", "*/*"),
            ],
        );
        assert_eq!(url, "https://a-b.vals.test/p?q=1");
        assert_eq!(
            lines,
            [
                "accept: */*",
                "host: a-b.vals.test",
                "x-forwarded-for: 192.0.2.7",
                "x-forwarded-host: a-b.vals.test",
                "x-forwarded-proto: https",
            ]
        );
    }

    #[test]
    fn a_proxy_on_this_machine_is_believed() {
        let (_, lines) = sent(
            true,
            "127.0.0.1",
            &[("host", "a-b.vals.test"), ("x-forwarded-for", "192.0.2.1")],
        );
        assert!(lines.contains(&"x-forwarded-for: 192.0.2.1, 127.0.0.1".to_owned()));
    }

    #[test]
    fn an_upgrade_passes() {
        let (_, lines) = sent(
            true,
            "127.0.0.1",
            &[
                ("host", "a-b.vals.test"),
                ("connection", "keep-alive, Upgrade"),
                ("upgrade", "websocket"),
            ],
        );
        assert!(lines.contains(&"connection: upgrade".to_owned()));
        assert!(lines.contains(&"upgrade: websocket".to_owned()));
    }

    #[test]
    fn an_answer_is_about_its_own_host() {
        let mut answer = headers(&[
            ("strict-transport-security", "max-age=1; includeSubDomains"),
            ("set-cookie", "a=1; Domain=vals.test; Path=/"),
            ("set-cookie", "domain=2; HttpOnly"),
            ("connection", "close"),
            ("thorp-failed", "1"),
            ("content-type", "text/plain"),
        ]);
        clean_answer(false, &mut answer);
        assert_eq!(
            shown(&answer),
            [
                "content-type: text/plain",
                "set-cookie: a=1; Path=/",
                "set-cookie: domain=2; HttpOnly",
            ]
        );
    }
}

//! What a request line asks for.
//!
//! The request target is read twice: hyper reads its bytes, the `url` crate its host, as the guest's own `URL` would. All
//! that follows (the policy, the look-up, TLS, `Host`) goes by the second reading.

use hyper::header::HeaderValue;
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Uri};
use std::net::SocketAddr;
use url::Url;

use crate::limits::URL_BYTES_MAX;
use crate::policy::Destination;

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// A request line that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadTarget {
    #[error("the method is not one that the gateway carries")]
    Method,
    #[error("the URL is longer than {URL_BYTES_MAX} bytes")]
    Length,
    #[error("the URL has no scheme and host")]
    Form,
    #[error("the URL's scheme is not http or https")]
    Scheme,
    #[error("the URL holds a user name or a password")]
    UserInfo,
    #[error("the URL's host is not valid")]
    Host,
}

/// The URL of a request.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) tls: bool,
    /// Where the town answers for a val of its own, and how many vals wait for that answer.
    pub(crate) site: Option<(SocketAddr, u32)>,
    pub(crate) destination: Destination,
    /// What `Host` says: without the port that the scheme implies.
    pub(crate) authority: HeaderValue,
    pub(crate) path: PathAndQuery,
}

impl Target {
    pub(crate) fn read(method: &Method, uri: &Uri) -> Result<Self, BadTarget> {
        if matches!(*method, Method::CONNECT | Method::TRACE) {
            return Err(BadTarget::Method);
        }
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(BadTarget::Form);
        };
        if authority.as_str().contains('@') {
            return Err(BadTarget::UserInfo);
        }
        let path = uri.path_and_query().cloned();
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        if scheme.len() + authority.as_str().len() + path.as_str().len() > URL_BYTES_MAX {
            return Err(BadTarget::Length);
        }
        let tls = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err(BadTarget::Scheme),
        };
        let (destination, authority) = read_host(scheme, authority.as_str())?;
        Ok(Self {
            tls,
            site: None,
            destination,
            authority,
            path,
        })
    }

    /// The URL in full, as HTTP/2 has it.
    pub(crate) fn uri(&self) -> Uri {
        let uri = Uri::builder()
            .scheme(self.scheme())
            .authority(self.authority.as_bytes())
            .path_and_query(self.path.clone());
        // All parts have been parsed; without an authority no origin accepts the request.
        uri.build().unwrap_or_default()
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }
}

fn read_host(scheme: &str, authority: &str) -> Result<(Destination, HeaderValue), BadTarget> {
    let url = Url::parse(&format!("{scheme}://{authority}/")).map_err(|_| BadTarget::Host)?;
    // hyper's authority ends where the URL's must: a `\` or `#` in it would move the host.
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(BadTarget::Host);
    }
    let port = url.port_or_known_default().filter(|port| *port != 0);
    let host = url.host().ok_or(BadTarget::Host)?;
    let destination = port
        .and_then(|port| Destination::of_url(&host, port))
        .ok_or(BadTarget::Host)?;
    let text = match destination.port() {
        HTTP_PORT if scheme == "http" => destination.host(),
        HTTPS_PORT if scheme == "https" => destination.host(),
        _ => destination.to_string(),
    };
    let authority = HeaderValue::from_str(&text).map_err(|_| BadTarget::Host)?;
    Ok((destination, authority))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hyper::{Method, Uri};
    use proptest::prelude::*;

    use super::Target;

    fn check(url: &str, expected: &str) {
        let found = match url.parse::<Uri>() {
            Err(_) => "no URI".to_owned(),
            Ok(uri) => match Target::read(&Method::GET, &uri) {
                Err(error) => error.to_string(),
                Ok(target) => format!(
                    "{} {} {}",
                    target.destination,
                    target.authority.to_str().unwrap(),
                    target.path
                ),
            },
        };
        assert_eq!(found, expected, "{url}");
    }

    #[test]
    fn every_spelling_of_an_address_is_the_address() {
        for host in [
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "2130706433",
            "017700000001",
            "0177.0.0.01",
            "0x7f000001",
            "0X7F.0x0.0.1",
            "0x7f.1",
        ] {
            check(&format!("http://{host}/a"), "127.0.0.1:80 127.0.0.1 /a");
        }
        check(
            "http://[::FFFF:127.0.0.1]/",
            "[::ffff:127.0.0.1]:80 [::ffff:127.0.0.1] /",
        );
        check(
            "http://[0:0:0:0:0:ffff:7f00:1]:8080",
            "[::ffff:127.0.0.1]:8080 [::ffff:127.0.0.1]:8080 /",
        );
    }

    #[test]
    fn names_have_one_spelling() {
        check(
            "https://EXAMPLE.com./x?y=%20",
            "example.com:443 example.com /x?y=%20",
        );
        check("https://Example.COM:443", "example.com:443 example.com /");
        check("https://example.com:80", "example.com:80 example.com:80 /");
        check(
            "https://xn--bcher-kva.example",
            "xn--bcher-kva.example:443 xn--bcher-kva.example /",
        );
        check("HTTP://a_b.example/", "a_b.example:80 a_b.example /");
    }

    #[test]
    fn what_is_not_an_http_url_with_a_host_is_refused() {
        let host = "the URL's host is not valid";
        let user = "the URL holds a user name or a password";
        // hyper's reading refuses these already.
        let none = "no URI";
        let form = "the URL has no scheme and host";
        check("/path", form);
        check("*", form);
        check("example.com:443", form);
        check(
            "ftp://example.com/",
            "the URL's scheme is not http or https",
        );
        check("ws://example.com/", "the URL's scheme is not http or https");
        check("http://user@example.com/", user);
        check("http://user:pw@example.com/", user);
        check("http://example.com@127.0.0.1/", user);
        check("http://127.0.0.1%40example.com/", none);
        check("http://example.com%2f@x/", user);
        check("http://%31%32%37.0.0.1/", none);
        check("https://b%C3%BCcher.example/", none);
        check("http://example.com%2f/", none);
        check("http://exa%00mple.com/", none);
        check("http://exa%20mple.com/", none);
        check("http://example.com:0/", host);
        check("http://a..b/", host);
        check("http://./", host);
        check("http://256.1.1.1/", host);
        check("http://1.2.3.4.5/", host);
        check("http://0x100000000/", host);
        check("http://[fe80::1%25eth0]/", host);
        check("http://[::1/", none);
        check("http://example.com:99999/", host);
        check("http://example.com\\@127.0.0.1/", none);
        check("http://a b/", none);
        check("http:///path", none);
        check(&format!("http://{}/", "a.".repeat(200)), host);
    }

    #[test]
    fn other_methods_are_refused() {
        let uri: Uri = "http://example.com/".parse().unwrap();
        assert!(Target::read(&Method::TRACE, &uri).is_err());
        assert!(Target::read(&Method::CONNECT, &uri).is_err());
        assert!(Target::read(&Method::from_bytes(b"PROPFIND").unwrap(), &uri).is_ok());
    }

    #[test]
    fn a_long_url_is_refused() {
        check(
            &format!("http://example.com/{}", "a".repeat(20_000)),
            "the URL is longer than 16384 bytes",
        );
    }

    proptest! {
        #[test]
        fn an_address_is_the_same_in_every_spelling(bits: u32, port in 1_u16..) {
            let address = Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = address.octets();
            let rest = bits & 0xff_ffff;
            for host in [
                address.to_string(),
                bits.to_string(),
                format!("{bits:#x}"),
                format!("0{bits:o}"),
                format!("{a:#X}.0{b:o}.{c}.{d:#x}"),
                format!("{a}.{rest}"),
                format!("{a}.{b}.{:#x}.", bits & 0xffff),
            ] {
                let uri: Uri = format!("https://{host}:{port}/").parse().unwrap();
                let target = Target::read(&Method::GET, &uri).unwrap();
                prop_assert_eq!(target.destination.ip(), Some(address.into()), "{}", host);
                prop_assert_eq!(target.destination.port(), port);
            }
        }

        #[test]
        fn whatever_is_read_has_one_reading(authority in "[a-z0-9.:@%_\\[\\]-]{1,30}") {
            let Ok(uri) = format!("http://{authority}/").parse::<Uri>() else { return Ok(()) };
            let Ok(target) = Target::read(&Method::GET, &uri) else { return Ok(()) };
            // Written as it was read, it is read as the same again.
            let again: Uri = target.uri();
            let again = Target::read(&Method::GET, &again).unwrap();
            prop_assert_eq!(again.destination, target.destination);
        }
    }
}

//! The origins of vals: each has a host of its own below one domain, which is none of the town's.

use crate::hosts::without_port;
use std::net::SocketAddr;

/// The domain of a town that only this machine reaches: browsers find all names below it here.
const LOOPBACK: &str = "localhost";

/// Where the vals of a town are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origins {
    scheme: &'static str,
    domain: String,
    port: Option<u16>,
}

/// Why a domain is none for vals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// It is not a name.
    #[error("`{0}` is not a domain; it looks like `vals.example` or `vals.example:8443`")]
    Malformed(String),
    /// Pages of vals could set cookies for the town, and the other way round.
    #[error(
        "`{domain}` and the town's `{town}` are parts of one site: vals would be let near the town's sessions"
    )]
    Shared {
        /// What was told.
        domain: String,
        /// The town's host.
        town: String,
    },
}

impl Origins {
    /// Those below `domain`, with a port if it is not the scheme's own. Without it: those below `localhost` for a town
    /// that is at an address of this machine's own, and none for others.
    pub(crate) fn new(
        domain: Option<&str>,
        public_url: &str,
        listener: SocketAddr,
    ) -> Result<Option<Self>, DomainError> {
        let (scheme, rest) = public_url.split_once("://").unwrap_or(("http", public_url));
        let scheme = if scheme == "https" { "https" } else { "http" };
        let town = without_port(rest.split(['/', '?', '#']).next().unwrap_or_default());
        let town = town.to_ascii_lowercase();
        let Some(domain) = domain else {
            let is_here = is_loopback(&town) && scheme == "http";
            return Ok(is_here.then(|| Self {
                scheme,
                domain: LOOPBACK.to_owned(),
                port: Some(listener.port()),
            }));
        };
        let malformed = || DomainError::Malformed(domain.to_owned());
        let name = without_port(domain).to_ascii_lowercase();
        let port = match domain.strip_prefix(without_port(domain)) {
            Some("") | None => None,
            Some(port) => Some(port[1..].parse().map_err(|_| malformed())?),
        };
        if !is_name(&name) {
            return Err(malformed());
        }
        if name != LOOPBACK && site_of(&name) == site_of(&town) {
            return Err(DomainError::Shared { domain: name, town });
        }
        Ok(Some(Self {
            scheme,
            domain: name,
            port,
        }))
    }

    /// The label that a host names, if it is one below the domain.
    pub(crate) fn label<'a>(&self, host: &'a str) -> Option<&'a str> {
        let name = without_port(host);
        let head = name.len().checked_sub(self.domain.len())?;
        let (head, domain) = (name.get(..head)?, name.get(head..)?);
        let label = head.strip_suffix('.')?;
        (domain.eq_ignore_ascii_case(&self.domain) && !label.is_empty() && !label.contains('.'))
            .then_some(label)
    }

    pub(crate) fn domain(&self) -> &str {
        &self.domain
    }

    pub(crate) fn port(&self) -> u16 {
        let usual = if self.scheme == "https" { 443 } else { 80 };
        self.port.unwrap_or(usual)
    }

    pub(crate) fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Where the val of a label is.
    pub(crate) fn url(&self, label: &str) -> String {
        let (scheme, domain) = (self.scheme, &self.domain);
        match self.port {
            Some(port) => format!("{scheme}://{label}.{domain}:{port}/"),
            None => format!("{scheme}://{label}.{domain}/"),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == LOOPBACK
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.len() <= 189 && name.split('.').all(is_label)
}

/// What browsers take for one site, as far as a name tells: its last two parts, or three where the last two look like what
/// a country sells (`co.uk`).
fn site_of(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let sold = |parts: &[&str]| matches!(parts, [.., second, country] if second.len() <= 3 && country.len() == 2);
    let most = if sold(&parts) { 3 } else { 2 };
    parts[parts.len().saturating_sub(most)..].join(".")
}

#[cfg(test)]
mod tests {
    use super::{DomainError, Origins};

    fn origins(domain: Option<&str>, url: &str) -> Result<Option<Origins>, DomainError> {
        Origins::new(domain, url, "127.0.0.1:8700".parse().unwrap())
    }

    fn check(domain: Option<&str>, url: &str, expected: Option<&str>) {
        let found = origins(domain, url).unwrap();
        let url = found.map(|origins| origins.url("alice-hello"));
        assert_eq!(url.as_deref(), expected);
    }

    #[test]
    fn vals_have_addresses_of_their_own() {
        check(
            None,
            "http://127.0.0.1:8700",
            Some("http://alice-hello.localhost:8700/"),
        );
        check(None, "https://town.example", None);
        check(
            Some("vals.test"),
            "https://town.example",
            Some("https://alice-hello.vals.test/"),
        );
        check(
            Some("Vals.test:8443"),
            "https://town.example/",
            Some("https://alice-hello.vals.test:8443/"),
        );
    }

    #[test]
    fn the_domain_of_vals_is_no_part_of_the_towns_site() {
        for (domain, url) in [
            ("town.example", "https://town.example"),
            ("vals.town.example", "https://town.example"),
            ("vals.example.com", "https://town.example.com"),
            ("example.com", "https://town.example.com"),
            ("vals.our.co.uk", "https://our.co.uk"),
        ] {
            let found = origins(Some(domain), url);
            assert!(matches!(found, Err(DomainError::Shared { .. })), "{domain}");
        }
        assert!(origins(Some("vals.co.uk"), "https://town.co.uk").is_ok());
        for domain in ["", "a b", ".x", "x:port", "*.vals.test", "http://x"] {
            let found = origins(Some(domain), "https://town.example");
            assert!(matches!(found, Err(DomainError::Malformed(_))), "{domain}");
        }
    }

    #[test]
    fn a_label_is_one_name_below_the_domain() {
        let origins = origins(Some("vals.test"), "https://town.example")
            .unwrap()
            .unwrap();
        for (host, expected) in [
            ("a-b.vals.test", Some("a-b")),
            ("A-b.VALS.test:443", Some("A-b")),
            ("vals.test", None),
            (".vals.test", None),
            ("x.a-b.vals.test", None),
            ("a-bvals.test", None),
            ("town.example", None),
            ("", None),
        ] {
            assert_eq!(origins.label(host), expected, "{host}");
        }
    }
}

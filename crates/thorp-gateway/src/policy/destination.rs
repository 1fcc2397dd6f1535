//! Host and port, in one spelling.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::limits::NAME_BYTES_MAX;

/// A text that is no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host")]
pub struct InvalidHost(pub String);

/// Where a connection goes: a name in lower-case ASCII without a trailing dot, or an address; and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Host {
    Name(String),
    Address(IpAddr),
}

impl Destination {
    /// Reads a host as a URL has it: every spelling of an address, names of every script, IPv6 in brackets.
    pub fn parse(host: &str, port: u16) -> Result<Self, InvalidHost> {
        url::Host::parse(host)
            .ok()
            .and_then(|parsed| Self::of_url(&parsed, port))
            .ok_or_else(|| InvalidHost(host.to_owned()))
    }

    /// An address.
    #[must_use]
    pub fn address(address: SocketAddr) -> Self {
        Self {
            host: Host::Address(address.ip()),
            port: address.port(),
        }
    }

    /// Of a URL's host, if it can be one in DNS.
    pub(crate) fn of_url<S: AsRef<str>>(host: &url::Host<S>, port: u16) -> Option<Self> {
        let host = match host {
            url::Host::Domain(name) => Host::Name(dns_name(name.as_ref())?),
            url::Host::Ipv4(v4) => Host::Address(IpAddr::V4(*v4)),
            url::Host::Ipv6(v6) => Host::Address(IpAddr::V6(*v6)),
        };
        Some(Self { host, port })
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name, if it is not an address.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.host {
            Host::Name(name) => Some(name),
            Host::Address(_) => None,
        }
    }

    /// The address, if it is not a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self.host {
            Host::Name(_) => None,
            Host::Address(address) => Some(address),
        }
    }

    /// The host as a URL has it.
    #[must_use]
    pub fn host(&self) -> String {
        match &self.host {
            Host::Name(name) => name.clone(),
            Host::Address(IpAddr::V4(v4)) => v4.to_string(),
            Host::Address(IpAddr::V6(v6)) => format!("[{v6}]"),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host(), self.port)
    }
}

fn dns_name(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let valid = !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name.split('.').all(|label| !label.is_empty())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    valid.then(|| name.to_ascii_lowercase())
}

//! Which `Host` a request may name.
//!
//! A page whose name an attacker points at this machine (DNS rebinding) sends its own name as `Host`; it must not get
//! an answer. Addresses in numbers have no name that could be pointed elsewhere.

use std::net::{IpAddr, SocketAddr};

/// The names under which the town is known.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// Lower case, as `Host` has them: with the port unless it is the scheme's own.
    known: Vec<String>,
    /// Whether `localhost` and its addresses are names of this machine's own.
    loopback: bool,
    /// Where the listener listens.
    listens_on: IpAddr,
}

impl Hosts {
    /// The host of `public_url`, `more` of them, and what belongs to the listener's address.
    pub(crate) fn new(public_url: &str, more: &[String], listener: SocketAddr) -> Self {
        let listens_on = listener.ip();
        let mut known: Vec<String> = more.iter().map(|host| host.to_ascii_lowercase()).collect();
        known.extend(
            public_url
                .split_once("://")
                .map(|(_, rest)| authority(rest)),
        );
        Self {
            known,
            loopback: listens_on.is_loopback() || listens_on.is_unspecified(),
            listens_on,
        }
    }

    /// Whether `host` (a name or an address, and perhaps a port) is one of them.
    pub(crate) fn knows(&self, host: &str) -> bool {
        let name = without_port(host);
        (self.loopback && is_loopback(name))
            || self
                .known
                .iter()
                .any(|known| known.eq_ignore_ascii_case(host))
            || self.is_own_address(name)
    }

    fn is_own_address(&self, name: &str) -> bool {
        address(name).is_some_and(|ip| self.listens_on.is_unspecified() || ip == self.listens_on)
    }
}

fn authority(rest: &str) -> String {
    rest.split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// `[::1]:80` → `[::1]`, `localhost:80` → `localhost`.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && !open_bracket(name) =>
        {
            name
        }
        _ => host,
    }
}

fn open_bracket(name: &str) -> bool {
    name.starts_with('[') && !name.ends_with(']')
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || address(name).is_some_and(|ip| ip.is_loopback())
}

fn address(name: &str) -> Option<IpAddr> {
    name.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    fn check(listener: &str, hosts: &[(&str, bool)]) {
        let known = Hosts::new(
            "https://Town.example:444/x",
            &["other.example".to_owned()],
            listener.parse().unwrap(),
        );
        for (host, expected) in hosts {
            assert_eq!(known.knows(host), *expected, "{host} at {listener}");
        }
    }

    #[test]
    fn names_of_the_town_are_known() {
        let names = [
            ("town.example:444", true),
            ("TOWN.example:444", true),
            ("other.example", true),
        ];
        check("10.0.0.1:80", &names);
        check(
            "10.0.0.1:80",
            &[
                ("town.example", false),
                ("town.example:445", false),
                ("evil.example", false),
            ],
        );
        check(
            "10.0.0.1:80",
            &[
                ("10.0.0.1", true),
                ("10.0.0.1:80", true),
                ("10.0.0.2", false),
                ("", false),
            ],
        );
    }

    #[test]
    fn loopback_names_need_a_loopback_listener() {
        let names = [
            "localhost",
            "localhost:1",
            "127.0.0.1",
            "127.0.0.1:99",
            "[::1]",
            "[::1]:80",
        ];
        check("127.0.0.1:80", &names.map(|name| (name, true)));
        check("10.0.0.1:80", &names.map(|name| (name, false)));
        check(
            "0.0.0.0:80",
            &[
                ("localhost", true),
                ("192.168.7.7:80", true),
                ("evil.example", false),
            ],
        );
        check(
            "127.0.0.1:80",
            &[("localhost.evil.example", false), ("192.168.7.7", false)],
        );
    }
}

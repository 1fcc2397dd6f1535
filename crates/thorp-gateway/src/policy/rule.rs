//! A rule of the operator: which destinations one line of `egress.allow` or `egress.deny` means.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

use super::address::canonical;
use super::destination::Destination;

/// Destinations: a name (`db.internal`, `*.internal`), an address or a network (`10.0.0.5`, `10.0.0.0/8`, `fd00::/8`), each
/// with a port or without (`db.internal:5432`, `[fd00::1]:80`). `*.internal` means every name below `internal`, not itself.
///
/// A network means a destination by the address that is connected to, under whatever name; a name means the destination
/// with that name, whatever its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    who: Who,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    Name(String),
    /// `.internal`
    Below(String),
    Net(IpNet),
}

/// A text that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an egress rule: {problem}")]
pub struct RuleError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub problem: RuleProblem,
}

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleProblem {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// It is a URL.
    #[error("it is a URL")]
    Url,
    /// What follows the last colon is no port.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// It has a `*` that is not its first label.
    #[error("its `*` is not the first label of a name")]
    Wildcard,
    /// It looks like an address or a network, and is none.
    #[error("it is not an address or a network")]
    Address,
    /// It is no name.
    #[error("it is not a host name")]
    Name,
}

impl RuleProblem {
    /// What to write instead.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Empty | Self::Name => "write a host as `db.internal`, `*.internal` or `10.0.0.5`",
            Self::Url => "write the host and the port only, as `api.example.com:443`",
            Self::Port => "write a port as `db.internal:5432`, and IPv6 with one as `[fd00::1]:80`",
            Self::Wildcard => "write `*.internal` for all names below `internal`",
            Self::Address => {
                "write an address as `10.0.0.5` or `fd00::1`, a network as `10.0.0.0/8`"
            }
        }
    }
}

impl Rule {
    /// Whether the rule means this destination, once its address is known; or by its name only, before.
    #[must_use]
    pub fn matches(&self, destination: &Destination, address: Option<IpAddr>) -> bool {
        if self.port.is_some_and(|port| port != destination.port()) {
            return false;
        }
        match &self.who {
            Who::Name(name) => destination.name() == Some(name),
            Who::Below(suffix) => destination
                .name()
                .is_some_and(|name| name.ends_with(suffix)),
            Who::Net(net) => address
                .or(destination.ip())
                .is_some_and(|address| net.contains(&address) || net.contains(&canonical(address))),
        }
    }

    /// The port, if the rule means only one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    pub(super) fn has_port(&self) -> bool {
        self.port.is_some()
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        parse(text.trim()).map_err(|problem| RuleError {
            text: text.to_owned(),
            problem,
        })
    }
}

fn parse(text: &str) -> Result<Rule, RuleProblem> {
    if text.is_empty() {
        return Err(RuleProblem::Empty);
    }
    if text.contains("://") {
        return Err(RuleProblem::Url);
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (net, port) = rest.split_once(']').ok_or(RuleProblem::Address)?;
        let net = parse_net(net)
            .filter(|_| net.contains(':'))
            .ok_or(RuleProblem::Address)?;
        let port = match port {
            "" => None,
            port => Some(parse_port(
                port.strip_prefix(':').ok_or(RuleProblem::Port)?,
            )?),
        };
        return Ok(Rule {
            who: Who::Net(net),
            port,
        });
    }
    if let Some(net) = parse_net(text) {
        return Ok(Rule {
            who: Who::Net(net),
            port: None,
        });
    }
    let (host, port) = match text.split_once(':') {
        // More than one colon and no brackets: meant as IPv6.
        Some((_, port)) if port.contains(':') => return Err(RuleProblem::Address),
        Some((host, port)) => (host, Some(parse_port(port)?)),
        None => (text, None),
    };
    Ok(Rule {
        who: parse_who(host)?,
        port,
    })
}

fn parse_port(text: &str) -> Result<u16, RuleProblem> {
    // `u16::from_str` takes a plus sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|port| digits && *port != 0)
        .ok_or(RuleProblem::Port)
}

fn parse_who(host: &str) -> Result<Who, RuleProblem> {
    if let Some(net) = parse_net(host) {
        return Ok(Who::Net(net));
    }
    if host.contains('/') {
        return Err(RuleProblem::Address);
    }
    let (below, name) = match host.strip_prefix("*.") {
        Some(name) => (true, name),
        None => (false, host),
    };
    if name.contains('*') {
        return Err(RuleProblem::Wildcard);
    }
    // Port 1 is not looked at.
    let parsed = Destination::parse(name, 1).map_err(|_| RuleProblem::Name)?;
    // `127.1` and `0x7f000001` are addresses in a URL; in a rule they would be a mistake or a trap.
    let name = parsed.name().ok_or(RuleProblem::Address)?;
    Ok(if below {
        Who::Below(format!(".{name}"))
    } else {
        Who::Name(name.to_owned())
    })
}

fn parse_net(text: &str) -> Option<IpNet> {
    let net = text
        .parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .ok()?;
    Some(unmapped(net))
}

/// `::ffff:10.0.0.0/104` as `10.0.0.0/8`: addresses are compared in that form.
fn unmapped(net: IpNet) -> IpNet {
    const MAPPED_PREFIX: u8 = 96;
    let IpNet::V6(v6) = net else { return net };
    let v4 = v6
        .network()
        .to_ipv4_mapped()
        .filter(|_| v6.prefix_len() >= MAPPED_PREFIX);
    v4.and_then(|v4| Ipv4Net::new(v4, v6.prefix_len() - MAPPED_PREFIX).ok())
        .map_or(net, IpNet::V4)
}

//! Which destinations a guest may reach. Pure: no look-ups, no sockets.
//!
//! Two questions: may this destination be asked for at all ([`Policy::judge_name`], before its look-up), and may this
//! address of it be connected to ([`Policy::judge_address`]). Nothing but a public unicast address is ever connected to,
//! unless the operator allows the destination.

mod address;
mod destination;
mod rule;

use std::net::{IpAddr, SocketAddr};

pub use address::{canonical, is_public};
pub use destination::{Destination, InvalidHost};
pub use rule::{Rule, RuleError};

/// The operator's rules. A denial wins over an allowance; what no rule names is judged by its address.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Destinations that may be reached though their address is not public.
    pub allow: Vec<Rule>,
    /// Destinations that may not be reached.
    pub deny: Vec<Rule>,
    /// Destinations that the town itself needs: they are reached whatever their address is and whatever is denied.
    pub needed: Vec<Rule>,
}

impl Rules {
    /// Parses both lists.
    pub fn parse<T: AsRef<str>>(allow: &[T], deny: &[T]) -> Result<Self, RuleError> {
        let list = |texts: &[T]| -> Result<Vec<Rule>, RuleError> {
            texts.iter().map(|text| text.as_ref().parse()).collect()
        };
        Ok(Self {
            allow: list(allow)?,
            deny: list(deny)?,
            needed: Vec::new(),
        })
    }
}

/// Why a destination is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The address is not public.
    #[error("{0} is not a public address")]
    NotPublic(IpAddr),
    /// The name has an address that is not public. Which, is not the guest's business.
    #[error("`{0}` has an address that is not public")]
    NameNotPublic(String),
    /// A rule of the operator denies it.
    #[error("the operator of this town denies `{0}`")]
    Denied(Destination),
    /// The town, or its machine.
    #[error("`{0}` is the town itself")]
    Own(Destination),
}

/// Why an address may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is public.
    Public,
    /// The operator allows it.
    Allowed,
}

/// The rules, and where the town itself listens.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    rules: Rules,
    own: Vec<SocketAddr>,
}

impl Policy {
    /// The policy of a town that listens at `own` (port 0: all ports; the unspecified address: all addresses of the
    /// machine, which are known only when they are connected to, see [`Self::is_own_port`]).
    #[must_use]
    pub fn new(rules: Rules, own: Vec<SocketAddr>) -> Self {
        Self { rules, own }
    }

    /// The ports that rules allow by number.
    pub(crate) fn allowed_ports(&self) -> impl Iterator<Item = u16> {
        self.rules.allow.iter().filter_map(Rule::port)
    }

    /// Whether the destination may be looked up.
    pub fn judge_name(&self, destination: &Destination) -> Result<(), Refusal> {
        if self.is_denied(destination, None) {
            return Err(Refusal::Denied(destination.clone()));
        }
        Ok(())
    }

    /// Whether this address of the destination may be connected to.
    pub fn judge_address(
        &self,
        destination: &Destination,
        address: IpAddr,
    ) -> Result<Verdict, Refusal> {
        if self.is_denied(destination, Some(address)) {
            return Err(Refusal::Denied(destination.clone()));
        }
        if self.is_own(destination, address) {
            return Err(Refusal::Own(destination.clone()));
        }
        let Rules { allow, needed, .. } = &self.rules;
        if any(allow, destination, Some(address)) || any(needed, destination, Some(address)) {
            return Ok(Verdict::Allowed);
        }
        if is_public(address) {
            return Ok(Verdict::Public);
        }
        Err(match destination.name() {
            Some(name) => Refusal::NameNotPublic(name.to_owned()),
            None => Refusal::NotPublic(canonical(address)),
        })
    }

    fn is_denied(&self, destination: &Destination, address: Option<IpAddr>) -> bool {
        any(&self.rules.deny, destination, address)
            && !any(&self.rules.needed, destination, address)
    }

    /// The town's own address is lifted only by a rule that says its port: who allows `10.0.0.0/8` does not mean the town.
    fn is_own(&self, destination: &Destination, address: IpAddr) -> bool {
        let address = canonical(address);
        let own = self.own.iter().any(|own| {
            canonical(own.ip()) == address && (own.port() == 0 || own.port() == destination.port())
        });
        own && !self.is_meant(destination, address)
    }

    /// Whether the town listens at this port of every address of its machine, and no rule means the town.
    #[must_use]
    pub fn is_own_port(&self, destination: &Destination, address: IpAddr) -> bool {
        let everywhere = |own: &SocketAddr| {
            own.ip().is_unspecified() && (own.port() == 0 || own.port() == destination.port())
        };
        self.own.iter().any(everywhere) && !self.is_meant(destination, address)
    }

    fn is_meant(&self, destination: &Destination, address: IpAddr) -> bool {
        let mut allow = self.rules.allow.iter();
        allow.any(|rule| rule.has_port() && rule.matches(destination, Some(address)))
    }
}

fn any(rules: &[Rule], destination: &Destination, address: Option<IpAddr>) -> bool {
    rules.iter().any(|rule| rule.matches(destination, address))
}

#[cfg(test)]
mod tests;

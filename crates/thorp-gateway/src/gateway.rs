//! The gateway: what all doors of a town share.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use tokio::net::UnixListener;

use crate::dial::Dialer;
use crate::door::Door;
use crate::limits::{Limits, RAW_PORTS, RAW_PORTS_MAX};
use crate::policy::{Destination, Policy, Rules};
use crate::resolve::{Lookups, Resolve, SystemResolver};
use crate::roots::{self, Roots};
use crate::tls::Tls;
use crate::user::Users;

/// How a town's gateway is to be.
#[derive(Clone)]
pub struct GatewayConfig {
    /// What the operator allows and denies.
    pub rules: Rules,
    /// Where the town itself listens, its public addresses included; port 0 means all ports. What this machine's
    /// interfaces have is known without.
    pub own: Vec<SocketAddr>,
    /// Times and counts.
    pub limits: Limits,
    /// Who looks names up.
    pub resolver: Arc<dyn Resolve>,
    /// Whom TLS trusts.
    pub roots: Roots,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            own: Vec::new(),
            limits: Limits::default(),
            resolver: Arc::new(SystemResolver),
            roots: Roots::Machine,
        }
    }
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// TLS can't be set up with these roots.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
}

/// The only way out of the sandboxes of a town. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
}

/// TLS, look-ups and kept connections, for all doors.
pub(crate) struct Shared {
    pub(crate) dialer: Dialer,
    pub(crate) tls: Tls,
    pub(crate) limits: Limits,
    pub(crate) users: Arc<Users>,
    pub(crate) sites: OnceLock<Sites>,
    ports: Vec<u16>,
    authorities: Option<String>,
}

/// The town's own vals, as far as they have addresses.
#[derive(Debug)]
pub(crate) struct Sites {
    /// Below it each has a name, at this port.
    domain: String,
    port: u16,
    /// Where the town listens for them.
    pub(crate) at: SocketAddr,
}

impl Sites {
    /// Whether a name is one of a val.
    pub(crate) fn has(&self, destination: &Destination) -> bool {
        let head = destination
            .name()
            .and_then(|name| name.strip_suffix(self.domain.as_str()));
        destination.port() == self.port && head.is_some_and(|head| head.ends_with('.'))
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

impl Gateway {
    /// Reads the certificate authorities; opens nothing.
    pub fn new(config: GatewayConfig) -> Result<Self, GatewayError> {
        let lookups = Lookups::new(config.resolver, config.limits.lookup);
        let policy = Policy::new(config.rules, config.own);
        let (trusted, is_own) = config.roots.resolve();
        let shared = Shared {
            authorities: is_own.then(|| roots::pem(&trusted)),
            ports: raw_ports(policy.allowed_ports()),
            dialer: Dialer::new(policy, lookups, &config.limits),
            tls: Tls::new(&trusted)?,
            limits: config.limits,
            users: Arc::new(Users::new()),
            sites: OnceLock::new(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Requests for this port of names below `domain` go to `at`, where the town itself answers for its vals, in plain text, and say how
    /// many vals wait for their answers. Said once.
    pub fn serve_sites(&self, domain: &str, port: u16, at: SocketAddr) {
        let domain = domain.to_ascii_lowercase();
        // The first word stands.
        let _ = self.shared.sites.set(Sites { domain, port, at });
    }

    /// The ports at which raw connections are to be taken: those that rules allow by number, and usual ones.
    #[must_use]
    pub fn ports(&self) -> &[u16] {
        &self.shared.ports
    }

    /// The certificate authorities that are trusted beside those that everybody knows, as PEM: programs that speak TLS by
    /// themselves, over raw connections, are to trust them too.
    #[must_use]
    pub fn authorities(&self) -> Option<&str> {
        self.shared.authorities.as_deref()
    }

    /// Serves one sandbox on its listener until the door is dropped. Costs a task; wakes only for connections, of which
    /// those of other processes than `process`, if given, are closed at once. Within a Tokio runtime, as the listener was.
    #[must_use]
    pub fn open(&self, listener: UnixListener, process: Option<i32>) -> Door {
        Door::open(self.shared.clone(), listener, process)
    }
}

/// Those that rules name come first: of the usual ones as many as there is room for.
fn raw_ports(named: impl Iterator<Item = u16>) -> Vec<u16> {
    let mut ports = Vec::new();
    for port in named.chain(RAW_PORTS) {
        if ports.len() < RAW_PORTS_MAX && !ports.contains(&port) {
            ports.push(port);
        }
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::{RAW_PORTS, RAW_PORTS_MAX, raw_ports};

    #[test]
    fn ports_of_rules_come_first_and_once_and_all_are_bounded() {
        assert_eq!(raw_ports([].into_iter()), RAW_PORTS);
        let repeated = raw_ports([9; 100].into_iter());
        assert_eq!((repeated[0], repeated.len()), (9, RAW_PORTS.len() + 1));
        let many = raw_ports(10_000..20_000);
        assert_eq!(many, (10_000..).take(RAW_PORTS_MAX).collect::<Vec<u16>>());
    }
}

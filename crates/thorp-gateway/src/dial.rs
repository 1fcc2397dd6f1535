//! From a destination to a connection: one look-up, the policy on all of its answer, a connection to an address of it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::denial::{Code, Denial};
use crate::limits::{ADDRESSES_TRIED_MAX, Limits, NEXT_ADDRESS_MILLIS};
use crate::policy::{Destination, Policy, Refusal, Verdict};
use crate::resolve::Lookups;
use crate::user::User;

/// What opens connections.
pub(crate) struct Dialer {
    pub(crate) policy: Policy,
    pub(crate) lookups: Lookups,
    idle: Duration,
}

impl Dialer {
    pub(crate) fn new(policy: Policy, lookups: Lookups, limits: &Limits) -> Self {
        Self {
            policy,
            lookups,
            idle: limits.idle,
        }
    }

    /// A TCP connection.
    pub(crate) async fn dial(&self, user: &User, to: &Destination) -> Result<TcpStream, Denial> {
        let addresses = self.addresses(user, to).await?;
        let stream = connect_first(&addresses).await.map_err(|error| {
            let why = error.kind();
            Denial::new(Code::Connect, format!("no connection to `{to}`: {why}"))
        })?;
        self.tune(&stream);
        Ok(stream)
    }

    /// A connection to the town itself, for a val of its own. The policy says nothing of it: whoever may be asked is asked.
    pub(crate) async fn dial_site(
        &self,
        at: SocketAddr,
        to: &Destination,
    ) -> Result<TcpStream, Denial> {
        self.policy.judge_name(to)?;
        let stream = TcpStream::connect(at).await.map_err(|error| {
            let why = error.kind();
            Denial::new(Code::Connect, format!("no connection to `{to}`: {why}"))
        })?;
        self.tune(&stream);
        Ok(stream)
    }

    /// The addresses to connect to: if any is refused, none is returned, as whoever answers for the name plays games.
    async fn addresses(&self, user: &User, to: &Destination) -> Result<Vec<SocketAddr>, Denial> {
        self.policy.judge_name(to)?;
        let found = match to.name() {
            Some(name) => self.lookups.find(user, name).await?,
            None => to.ip().into_iter().collect(),
        };
        for address in &found {
            let verdict = self.policy.judge_address(to, *address)?;
            let asks = match verdict {
                Verdict::Public => true,
                Verdict::Allowed => self.policy.is_own_port(to, *address),
            };
            if asks && is_of_this_machine(*address) {
                return Err(Refusal::Own(to.clone()).into());
            }
        }
        let found = found.into_iter().take(ADDRESSES_TRIED_MAX);
        Ok(found.map(|ip| SocketAddr::new(ip, to.port())).collect())
    }

    /// What can't be set is done without: the connection works.
    fn tune(&self, stream: &TcpStream) {
        let _ = stream.set_nodelay(true);
        // An origin that acknowledges nothing can't hold a connection that nobody waits for any more.
        let idle_millis = u32::try_from(self.idle.as_millis()).unwrap_or(u32::MAX);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, idle_millis);
    }
}

/// Connects to the first address that answers, beginning with the next one when one takes its time (RFC 8305).
async fn connect_first(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut rest = addresses.iter();
    loop {
        let more = rest.next();
        if let Some(address) = more {
            attempts.spawn(TcpStream::connect(*address));
        } else if attempts.is_empty() {
            return Err(last);
        }
        let patience = match rest.len() {
            0 => Duration::MAX,
            _ => Duration::from_millis(NEXT_ADDRESS_MILLIS),
        };
        match timeout(patience, attempts.join_next()).await {
            Ok(Some(Ok(Ok(stream)))) => return Ok(stream),
            Ok(Some(Ok(Err(error)))) => last = error,
            Ok(Some(Err(_)) | None) | Err(_) => {}
        }
    }
}

/// Whether an interface of this machine has the address: the kernel would send from it what is sent to it. Sends nothing.
fn is_of_this_machine(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let source = || -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((address, 9))?;
        Ok(socket.local_addr()?.ip())
    };
    // All of loopback is, and the kernel sends to all of it from one address.
    address.is_loopback() || source().is_ok_and(|source| source == address)
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpStream};
    use std::time::Duration;

    use rustix::net::{AddressFamily, SocketType};
    use tokio::time::Instant;

    use super::{NEXT_ADDRESS_MILLIS, connect_first, is_of_this_machine};

    /// An address that answers nothing: somebody listens there, and takes nobody.
    fn deaf() -> (SocketAddr, [std::os::fd::OwnedFd; 2]) {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        rustix::net::listen(&socket, 0).unwrap();
        let listener = std::net::TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let first = TcpStream::connect(address).unwrap();
        (address, [listener.into(), first.into()])
    }

    /// Time stands still but for who waits for it.
    #[tokio::test(start_paused = true)]
    async fn the_next_address_is_tried_after_a_while() {
        let (silent, _listener) = deaf();
        let good = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = (good.local_addr().unwrap(), good);
        let begun = Instant::now();
        let stream = connect_first(&[silent, good.0]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good.0);
        let patience = Duration::from_millis(NEXT_ADDRESS_MILLIS);
        let waited = begun.elapsed();
        assert!((patience..2 * patience).contains(&waited), "{waited:?}");
    }

    #[test]
    fn this_machine_is_known() {
        assert!(is_of_this_machine("127.0.0.1".parse().unwrap()));
        assert!(is_of_this_machine("127.3.2.1".parse().unwrap()));
        assert!(!is_of_this_machine("192.0.2.1".parse().unwrap()));
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_no_end() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = {
            let gone = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
            gone.local_addr().unwrap()
        };
        assert!(connect_first(&[]).await.is_err());
        assert!(connect_first(&[closed, closed]).await.is_err());
        let stream = connect_first(&[closed, good]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
    }
}

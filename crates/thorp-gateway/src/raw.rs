//! Raw TCP connections of a sandbox: in its own network every address leads here.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::denial::{Code, Denial};
use crate::dns;
use crate::door::DoorState;
use crate::limits::{ACCEPT_PAUSE, GUEST_CONNECTIONS_MAX, QUERY_BYTES_MAX};
use crate::policy::Destination;

/// Serves a sandbox's network until the tasks are dropped.
pub(crate) fn serve(
    state: &Arc<DoorState>,
    listeners: Vec<std::net::TcpListener>,
    names: std::net::UdpSocket,
) -> io::Result<JoinSet<()>> {
    let places = Arc::new(Semaphore::new(GUEST_CONNECTIONS_MAX));
    let mut tasks = JoinSet::new();
    tasks.spawn(tell_names(state.clone(), UdpSocket::from_std(names)?));
    for listener in listeners {
        let listener = TcpListener::from_std(listener)?;
        tasks.spawn(accept(state.clone(), listener, places.clone()));
    }
    Ok(tasks)
}

async fn tell_names(state: Arc<DoorState>, socket: UdpSocket) {
    let mut query = [0; QUERY_BYTES_MAX];
    loop {
        state.asking.wait().await;
        match socket.recv_from(&mut query).await {
            Ok((length, from)) => {
                let answer = {
                    let mut book = state.book.lock().unwrap_or_else(PoisonError::into_inner);
                    dns::answer(&query[..length], &mut book)
                };
                if let Some(answer) = answer {
                    // Who asks again has lost nothing.
                    let _ = socket.try_send_to(&answer, from);
                }
            }
            // A datagram that was not taken is told here.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn accept(state: Arc<DoorState>, listener: TcpListener, places: Arc<Semaphore>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = next(&listener, &places) => match accepted {
                Ok((stream, place)) => {
                    state.connecting.wait().await;
                    connections.spawn(carry(state.clone(), stream, place));
                }
                Err(error) => {
                    tracing::warn!(%error, "a sandbox's connection was not accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place.map_err(io::Error::other)?))
}

/// One connection, until both ends are closed, one breaks, the budget is used up, or nothing moves for too long.
async fn carry(state: Arc<DoorState>, mut guest: TcpStream, _place: OwnedSemaphorePermit) {
    let carried = match guest.local_addr() {
        Ok(address) => join(&state, &mut guest, address).await,
        Err(error) => Err(Some(Denial::new(Code::BadRequest, error.to_string()))),
    };
    if let Err(reason) = carried {
        // Before the guest can know of it, so that its run's log has it.
        if let Some(denial) = reason {
            state.refuse(denial);
        }
        // It has been accepted already; all that can be said is that it is over, at once.
        let _ = sockopt::set_socket_linger(&guest, Some(Duration::ZERO));
    }
}

/// Why a connection ended, other than in order: what the gateway has against it, if that was the reason.
async fn join(
    state: &DoorState,
    guest: &mut TcpStream,
    address: SocketAddr,
) -> Result<(), Option<Denial>> {
    let to = meant(state, address)?;
    let mut raw = state.connect(&to).await?;
    let _ = guest.set_nodelay(true);
    let idle = state.shared.limits.idle;
    let exchange = raw.exchange();
    let pulse = raw.pulse();
    match pulse.watch(idle, copy_bidirectional(guest, &mut raw)).await {
        Some(Ok(_)) => Ok(()),
        Some(Err(_)) if exchange.denial() == Some(Code::Quota) => {
            let message = "this run may send or receive no more bytes";
            Err(Some(Denial::new(Code::Quota, message)))
        }
        Some(Err(_)) => Err(None),
        None => {
            exchange.deny(Code::Timeout);
            let message = format!("nothing moved on the connection to `{to}` for too long");
            Err(Some(Denial::new(Code::Timeout, message)))
        }
    }
}

/// Where a connection to this address was meant to lead.
fn meant(state: &DoorState, address: SocketAddr) -> Result<Destination, Denial> {
    let ip = address.ip().to_canonical();
    let name = match ip {
        IpAddr::V4(v4) => {
            let book = state.book.lock().unwrap_or_else(PoisonError::into_inner);
            book.name(v4).map(str::to_owned)
        }
        IpAddr::V6(_) => None,
    };
    let address = SocketAddr::new(ip, address.port());
    match name {
        Some(name) => Destination::parse(&name, address.port())
            .map_err(|error| Denial::new(Code::Name, error.to_string())),
        None => Ok(Destination::address(address)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};
    use std::sync::Arc;

    use tokio::net::TcpStream;
    use uuid::Uuid;

    use super::serve;
    use crate::door::DoorState;
    use crate::gateway::{Gateway, GatewayConfig};
    use crate::ledger::{Budget, Tenant};
    use crate::limits::{GUEST_CONNECTIONS_MAX, Limits};
    use crate::roots::Roots;

    /// A door in which whoever connects waits.
    fn door() -> Arc<DoorState> {
        let config = GatewayConfig {
            roots: Roots::Given(Vec::new()),
            limits: Limits {
                open_requests: 0,
                ..Limits::default()
            },
            ..GatewayConfig::default()
        };
        let (state, _refused) = DoorState::new(Gateway::new(config).unwrap().shared);
        let tenant = Tenant { user: Uuid::nil() };
        state.assign(tenant, Budget::default()).unwrap();
        Arc::new(state)
    }

    /// How many connections nobody has taken that were made to a port, as the kernel says.
    fn waiting(port: u16) -> usize {
        let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        let port = format!(":{port:04X}");
        let mut lines = table.lines().map(|line| line.split_whitespace());
        let queues = lines.find_map(|mut words| {
            let is_listener = words.nth(1)?.ends_with(&port) && words.nth(1)? == "0A";
            is_listener.then(|| words.next().unwrap().to_owned())
        });
        let queues = queues.expect("somebody listens");
        usize::from_str_radix(queues.split_once(':').unwrap().1, 16).unwrap()
    }

    #[tokio::test]
    async fn so_many_raw_connections_are_taken_and_no_more() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let names = UdpSocket::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        names.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let _tasks = serve(&door(), vec![listener], names).unwrap();
        let mut guests = Vec::new();
        for _ in 0..GUEST_CONNECTIONS_MAX + 20 {
            guests.push(TcpStream::connect(address).await.unwrap());
        }
        for _ in 0..20_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(waiting(address.port()), 20);
    }
}

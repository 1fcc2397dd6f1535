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

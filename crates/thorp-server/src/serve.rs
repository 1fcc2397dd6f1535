//! Connections: taking them, bounding them, ending them.

use crate::hosts::Hosts;
use crate::limits;
use crate::origins::{DomainError, Origins};
use crate::service::Gate;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use thorp_town::Town;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// What can be chosen about the HTTP surface.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Where clients find the town, such as `https://town.example`: for links, and as a host that requests may name.
    pub public_url: String,
    /// Hosts that requests may name, beside that of the town's public address and what belongs to the listener's own
    /// address; with a port unless it is the scheme's own.
    pub hosts: Vec<String>,
    /// The domain below which every val has a host of its own, such as `vals.example`; with a port unless it is the scheme's
    /// own. Without it, a town at a loopback address has `localhost`, and another one none.
    pub vals_domain: Option<String>,
    /// Connections that are open at the same time.
    pub connections_max: usize,
    /// How long open requests may take to end after `shutdown`.
    pub shutdown_wall: Duration,
}

impl ServerOptions {
    /// The usual limits, for a town that clients find at `public_url`.
    #[must_use]
    pub fn new(public_url: impl Into<String>) -> Self {
        Self {
            public_url: public_url.into(),
            hosts: Vec::new(),
            vals_domain: None,
            connections_max: limits::CONNECTIONS_MAX,
            shutdown_wall: limits::SHUTDOWN_WALL,
        }
    }
}

/// Why the HTTP surface could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The listener has no address.
    #[error("the listener has no address: {0}")]
    Listener(#[source] io::Error),
    /// The domain of vals cannot be used.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// The OpenAPI document cannot be written.
    #[error("the OpenAPI document cannot be written: {0}")]
    Document(#[from] serde_json::Error),
}

/// Answers requests for `town` at `listener` until `shutdown`, then lets open requests end.
///
/// Returns when no connection is left. After [`ServerOptions::shutdown_wall`] it ends all runs, so that whoever waits for
/// one is told, and leaves what remains. It does not close the town.
///
/// # Errors
/// Only before the first request: see [`ServerError`].
pub async fn serve(
    listener: TcpListener,
    town: Town,
    options: ServerOptions,
    shutdown: impl Future,
) -> Result<(), ServerError> {
    let address = listener.local_addr().map_err(ServerError::Listener)?;
    let hosts = Hosts::new(&options.public_url, &options.hosts, address);
    let ending = town.clone();
    let origins = Origins::new(options.vals_domain.as_deref(), &options.public_url, address)?;
    if let Some(origins) = &origins {
        town.serve_sites(origins.domain(), origins.port(), reachable(address));
    }
    let gate = Gate::new(town, hosts, origins, &options.public_url)?;
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    tokio::select! {
        () = take_all(&listener, &gate, &options, &stopping, &mut connections) => {}
        _ = shutdown => {}
    }
    drop((listener, stop));
    if !all_end(&mut connections, options.shutdown_wall).await {
        tracing::warn!("some requests did not end in time");
        ending.end_runs().await;
        all_end(&mut connections, limits::LAST_ANSWERS_WALL).await;
    }
    Ok(())
}

/// Where this machine itself reaches a listener.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Whether all connections end in time.
async fn all_end(connections: &mut JoinSet<()>, time: Duration) -> bool {
    let ended = async { while connections.join_next().await.is_some() {} };
    timeout(time, ended).await.is_ok()
}

/// Takes connections for ever.
async fn take_all(
    listener: &TcpListener,
    gate: &Gate,
    options: &ServerOptions,
    stopping: &watch::Receiver<()>,
    connections: &mut JoinSet<()>,
) {
    let permits = Arc::new(Semaphore::new(options.connections_max));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let gate = gate.clone();
                connections.spawn(attend(stream, peer, gate, stopping.clone(), permit));
            }
            Err(error) => rest(&error).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Out of files, say: the next try would fail as well.
async fn rest(error: &io::Error) {
    if !matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    ) {
        tracing::warn!("cannot take a connection: {error}");
        sleep(limits::ACCEPT_PAUSE).await;
    }
}

/// Answers the requests of one connection.
async fn attend(
    stream: TcpStream,
    peer: SocketAddr,
    gate: Gate,
    mut stopping: watch::Receiver<()>,
    permit: OwnedSemaphorePermit,
) {
    stream.set_nodelay(true).ok();
    let service = service_fn(|request| {
        let gate = gate.clone();
        async move { Ok::<_, Infallible>(gate.answer(request, peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_READ)
        .max_buf_size(limits::HEAD_BYTES_MAX)
        .max_headers(limits::HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
    drop(permit);
}

//! Connections to origins: HTTP/1.1, or HTTP/2 where TLS agrees on it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use hyper::body::{Body, Incoming};
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::header::{HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::{Request, Response, Uri, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::denial::{Code, Denial};
use crate::gateway::Shared;
use crate::limits;
use crate::meter::Metered;
use crate::policy::Destination;
use crate::pool::Key;
use crate::slack::{Slack, Watched};
use crate::target::Target;
use crate::tls::{Offer, is_h2};
use crate::upload::Upload;
use crate::user::User;

/// A connection that takes requests.
#[derive(Debug)]
pub(crate) struct Sender {
    protocol: Protocol,
    pub(crate) slack: Arc<Slack>,
}

#[derive(Debug)]
enum Protocol {
    H1(http1::SendRequest<Metered<Upload>>),
    H2(http2::SendRequest<Metered<Upload>>),
}

impl Sender {
    /// A new connection, with all that it takes.
    pub(crate) async fn connect(
        shared: &Shared,
        user: &User,
        key: &Key,
        site: Option<SocketAddr>,
        offer: Offer,
    ) -> Result<Self, Denial> {
        let connecting = async {
            let to = &key.destination;
            let slack = Arc::new(Slack::new());
            let stream = match site {
                None => shared.dialer.dial(user, to).await?,
                Some(at) => shared.dialer.dial_site(at, to).await?,
            };
            let stream = Watched::new(stream, slack.clone());
            let protocol = if !key.tls {
                h1(stream).await
            } else {
                let stream = shared.tls.connect(offer, to, stream).await?;
                if is_h2(&stream) {
                    h2(stream).await
                } else {
                    h1(stream).await
                }
            };
            let protocol = protocol.map_err(|error| broken(to, &error))?;
            Ok(Self { protocol, slack })
        };
        timeout(shared.limits.connect, connecting)
            .await
            .unwrap_or_else(|_| {
                let message = format!("no connection to `{}` in time", key.destination);
                Err(Denial::new(Code::Timeout, message))
            })
    }

    /// Whether another request may be sent now.
    pub(crate) fn is_usable(&self) -> bool {
        match &self.protocol {
            Protocol::H1(sender) => sender.is_ready(),
            Protocol::H2(sender) => !sender.is_closed(),
        }
    }

    /// Whether it carries several requests at once.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.protocol, Protocol::H2(_))
    }

    /// Another handle of the same connection, if it carries several requests at once.
    pub(crate) fn share(&self) -> Option<Self> {
        match &self.protocol {
            Protocol::H1(_) => None,
            Protocol::H2(sender) => Some(Self {
                protocol: Protocol::H2(sender.clone()),
                slack: self.slack.clone(),
            }),
        }
    }

    /// Waits until the connection may be used again, or is closed.
    pub(crate) async fn is_free(&mut self) -> bool {
        match &mut self.protocol {
            Protocol::H1(sender) => sender.ready().await.is_ok(),
            Protocol::H2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Sends a request, addressed as the protocol wants it. One that was not begun comes back in the error.
    pub(crate) async fn send(
        &mut self,
        mut request: Request<Metered<Upload>>,
        target: &Target,
    ) -> Result<Response<Incoming>, TrySendError<Request<Metered<Upload>>>> {
        self.slack.for_request();
        match &mut self.protocol {
            Protocol::H1(sender) => {
                address_h1(&mut request, target);
                sender.try_send_request(request).await
            }
            Protocol::H2(sender) => {
                address_h2(&mut request, target);
                sender.try_send_request(request).await
            }
        }
    }
}

#[cfg(test)]
impl Sender {
    /// Over a connection that a test has.
    pub(crate) async fn over(stream: tokio::io::DuplexStream) -> Self {
        let mut sender = Self {
            protocol: h1(stream).await.unwrap(),
            slack: Arc::new(Slack::new()),
        };
        assert!(sender.is_free().await);
        sender
    }
}

/// An origin's failure, as the guest is told.
pub(crate) fn broken(to: &Destination, error: &hyper::Error) -> Denial {
    let host = to.host();
    Denial::new(Code::Upstream, format!("no answer from `{host}`: {error}"))
}

/// Notices an origin that sends interim answers without end: hyper ignores any number of them.
pub(crate) fn watch_interim(request: &mut Request<Metered<Upload>>) -> Arc<Notify> {
    let flood = Arc::new(Notify::new());
    let seen = AtomicU32::new(0);
    let alarm = flood.clone();
    hyper::ext::on_informational(request, move |_| {
        if seen.fetch_add(1, Relaxed) == limits::INTERIM_ANSWERS_MAX {
            alarm.notify_one();
        }
    });
    flood
}

fn address_h1(request: &mut Request<Metered<Upload>>, target: &Target) {
    *request.version_mut() = Version::HTTP_11;
    *request.uri_mut() = Uri::from(target.path.clone());
    request.headers_mut().insert(HOST, target.authority.clone());
    // hyper leaves out a body of unknown length where the method seldom has one.
    if !request.body().is_end_stream() && request.body().size_hint().exact().is_none() {
        let chunked = HeaderValue::from_static("chunked");
        request.headers_mut().insert(TRANSFER_ENCODING, chunked);
    }
}

fn address_h2(request: &mut Request<Metered<Upload>>, target: &Target) {
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = target.uri();
    request.headers_mut().remove(HOST);
    request.headers_mut().remove(TRANSFER_ENCODING);
}

async fn h1<S>(stream: S) -> hyper::Result<Protocol>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(limits::READ_BUFFER_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await?;
    // Its end is told to whoever waits for an answer.
    tokio::spawn(connection.with_upgrades());
    Ok(Protocol::H1(sender))
}

async fn h2<S>(stream: S) -> hyper::Result<Protocol>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(limits::H2_STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::H2_CONNECTION_WINDOW_BYTES)
        .max_header_list_size(limits::HEADER_BYTES_MAX as u32)
        .handshake(TokioIo::new(stream))
        .await?;
    tokio::spawn(connection);
    Ok(Protocol::H2(sender))
}

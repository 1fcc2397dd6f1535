//! A gateway with one door, and origins on this machine.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use thorp_gateway::{
    Budget, Door, Gateway, GatewayConfig, Resolve, Resolving, Roots, Rules, Tenant,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

pub(crate) const USER: Tenant = Tenant {
    user: Uuid::from_u128(1),
};

/// More than any test takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Names, each with its answers in turn; the last one stays.
#[derive(Default)]
pub(crate) struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    pub(crate) asked: AtomicUsize,
}

impl Names {
    pub(crate) fn of(names: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let ips = |list: &&[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        let answers = names
            .iter()
            .map(|(name, lists)| ((*name).to_owned(), lists.iter().map(ips).collect()));
        Arc::new(Self {
            answers: Mutex::new(answers.collect()),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Resolve for Names {
    fn resolve(&self, name: &str) -> Resolving {
        self.asked.fetch_add(1, Relaxed);
        if name == "slow.test" {
            return Box::pin(std::future::pending());
        }
        let mut answers = self.answers.lock().unwrap();
        let answer = answers.get_mut(name).map(|lists| {
            if lists.len() > 1 {
                lists.remove(0)
            } else {
                lists[0].clone()
            }
        });
        Box::pin(async { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

/// A gateway with one door.
pub(crate) struct Town {
    pub(crate) gateway: Gateway,
    pub(crate) door: Door,
    folder: TempDir,
}

pub(crate) fn config() -> GatewayConfig {
    GatewayConfig {
        rules: Rules::parse(&["127.0.0.1", "origin.test"], &[]).unwrap(),
        resolver: Names::of(&[("origin.test", &[&["127.0.0.1"]])]),
        roots: Roots::Given(Vec::new()),
        ..GatewayConfig::default()
    }
}

impl Town {
    pub(crate) fn start() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut GatewayConfig)) -> Self {
        let town = Self::unassigned(change);
        town.door.assign(USER, Budget::default()).unwrap();
        town
    }

    pub(crate) fn unassigned(change: impl FnOnce(&mut GatewayConfig)) -> Self {
        let mut config = config();
        change(&mut config);
        let gateway = Gateway::new(config).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("0")).unwrap();
        Self {
            door: gateway.open(listener, None),
            gateway,
            folder,
        }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("0")
    }

    /// One more door.
    pub(crate) fn open(&self, name: &str, user: Tenant) -> (Door, PathBuf) {
        let path = self.folder.path().join(name);
        let door = self.gateway.open(UnixListener::bind(&path).unwrap(), None);
        door.assign(user, Budget::default()).unwrap();
        (door, path)
    }

    pub(crate) async fn get(&self, url: &str) -> Reply {
        self.send(Request::get(url).body(Full::default()).unwrap())
            .await
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Reply {
        let (parts, body) = begin(&self.socket(), request).await.into_parts();
        let body = timeout(PATIENCE, body.collect()).await.unwrap();
        Reply {
            status: parts.status,
            headers: parts.headers,
            cut: body.is_err(),
            body: body.map(|body| body.to_bytes()).unwrap_or_default(),
        }
    }

    /// Sends bytes as they are; gives all that comes back until the connection is closed.
    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = UnixStream::connect(self.socket()).await.unwrap();
        // The gateway may close before it has read everything.
        let _ = stream.write_all(bytes.as_ref()).await;
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        let _ = timeout(PATIENCE, reading)
            .await
            .expect("the connection is closed");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Sends a request on a connection of its own; gives the answer as soon as its head is there.
pub(crate) async fn begin(
    socket: &std::path::Path,
    request: Request<Full<Bytes>>,
) -> Response<Incoming> {
    let stream = UnixStream::connect(socket).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    timeout(PATIENCE, sender.send_request(request))
        .await
        .unwrap()
        .unwrap()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body broke off.
    pub(crate) cut: bool,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// An origin's answer as status and body, the gateway's as status, code and message.
    pub(crate) fn show(&self) -> String {
        let status = self.status.as_u16();
        let Some(code) = self.headers.get("thorp-egress-error") else {
            return format!("{status} {}", self.text());
        };
        let code = code.to_str().unwrap();
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(body["error"]["code"], code);
        assert!(
            self.headers["proxy-status"]
                .to_str()
                .unwrap()
                .starts_with("thorp; error=")
        );
        format!(
            "{status} {code}: {}",
            body["error"]["message"].as_str().unwrap()
        )
    }
}

/// A TCP server that gives each connection to `serve`.
pub(crate) async fn server<F, R>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// An origin that reads a head and writes these bytes, then keeps the connection open.
pub(crate) async fn scripted(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes = Arc::new(bytes.into());
    server(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
            std::future::pending().await
        }
    })
    .await
}

/// Reads until the empty line.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// What [`echo`] answers: the request as it came, and on which connection.
async fn echo(request: Request<Incoming>, connection: usize) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let mut lines = vec![
        format!("{} {} {:?}", head.method, head.uri, head.version),
        format!("connection {connection}"),
    ];
    for (name, value) in &head.headers {
        lines.push(format!("{name}: {}", value.to_str().unwrap()));
    }
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    lines.push(format!("{} bytes", body.len()));
    Response::new(Full::new(lines.join("\n").into()))
}

async fn serve_echo(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    at: usize,
    h2: bool,
) {
    let service = service_fn(move |request| async move { io::Result::Ok(echo(request, at).await) });
    let io = TokioIo::new(stream);
    let _ = if h2 {
        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(io, service)
            .await
    } else {
        hyper::server::conn::http1::Builder::new()
            .serve_connection(io, service)
            .await
    };
}

/// An HTTP/1.1 origin that answers with what it was sent.
pub(crate) async fn echo_origin() -> SocketAddr {
    let count = Arc::new(AtomicUsize::new(0));
    server(move |stream| serve_echo(stream, count.fetch_add(1, Relaxed), false)).await
}

/// A certificate for some names, and what signs with it.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(crate) fn of(names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        Self {
            certificate: made.cert.der().clone(),
            key: PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into()),
        }
    }

    pub(crate) fn acceptor(&self, alpn: &[&str]) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// An origin with TLS that answers with what it was sent.
pub(crate) async fn tls_origin(identity: &Identity, alpn: &[&str]) -> SocketAddr {
    let acceptor = identity.acceptor(alpn);
    let count = Arc::new(AtomicUsize::new(0));
    server(move |stream| {
        let (acceptor, count) = (acceptor.clone(), count.clone());
        async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            serve_echo(stream, count.fetch_add(1, Relaxed), h2).await;
        }
    })
    .await
}

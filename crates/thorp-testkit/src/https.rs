//! A web server for tests that speaks TLS, with a certificate of an authority that nobody knows.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a client may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A server of the name `localhost` that lives as long as the test's process.
#[derive(Clone)]
pub struct HttpsServer {
    address: SocketAddr,
    authority: Vec<u8>,
    pages: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl HttpsServer {
    /// A server on a free port of this machine.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn start() -> Self {
        let (config, authority) = identity();
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let server = Self {
            address: listener.local_addr().expect("the listener has an address"),
            authority,
            pages: Arc::default(),
        };
        let serving = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (serving, config) = (serving.clone(), config.clone());
                // Who does not trust it leaves.
                thread::spawn(move || drop(serving.answer(stream, config)));
            }
        });
        server
    }

    /// Its URL, such as `https://localhost:4711`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate of the authority that answers for it, in DER.
    #[must_use]
    pub fn authority(&self) -> &[u8] {
        &self.authority
    }

    /// What is answered to a path from now on.
    pub fn put(&self, path: &str, body: impl Into<Vec<u8>>) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.insert(path.to_owned(), body.into());
    }

    fn answer(&self, stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
        let mut stream = BufReader::new(StreamOwned::new(connection, stream));
        let mut request = String::new();
        stream.read_line(&mut request)?;
        let mut line = String::from("-");
        while !line.trim().is_empty() {
            line.clear();
            stream.read_line(&mut line)?;
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, body) = match pages.get(path) {
            Some(body) => ("200 OK", body.clone()),
            None => ("404 Not Found", Vec::new()),
        };
        drop(pages);
        let stream = stream.get_mut();
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        )?;
        stream.write_all(&body)?;
        stream.conn.send_close_notify();
        stream.flush()
    }
}

/// What a server has to show, and the authority that has signed it.
fn identity() -> (Arc<ServerConfig>, Vec<u8>) {
    let made = || -> Result<_, rcgen::Error> {
        let mut authority = CertificateParams::new(Vec::<String>::new())?;
        // Otherwise both have one name, as of a certificate that answers for itself.
        let name = (DnType::CommonName, "an authority of a test");
        authority.distinguished_name.push(name.0, name.1);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let certificate = authority.self_signed(&key)?.der().to_vec();
        let issuer = Issuer::new(authority, key);
        let own = KeyPair::generate()?;
        let names = CertificateParams::new(vec!["localhost".to_owned()])?;
        let leaf = names.signed_by(&own, &issuer)?;
        Ok((certificate, leaf, own))
    };
    let (authority, leaf, key) = made().expect("certificates can be made");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .expect("the key belongs to the certificate");
    (Arc::new(config), authority)
}

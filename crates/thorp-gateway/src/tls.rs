//! TLS towards origins.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::denial::{Code, Denial};
use crate::policy::Destination;
use crate::slack::Watched;

const H1: &[u8] = b"http/1.1";
const H2: &[u8] = b"h2";

/// Which protocols are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// HTTP/2, or else HTTP/1.1.
    Any,
    /// HTTP/1.1 only: what is to be upgraded can't be HTTP/2.
    H1,
}

/// The connectors, shared by all users. Sessions are not resumed: a ticket would tie users together.
pub(crate) struct Tls {
    any: TlsConnector,
    h1: TlsConnector,
}

impl Tls {
    pub(crate) fn new(trusted: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        for certificate in trusted {
            roots.add(certificate.clone())?;
        }
        let roots = Arc::new(roots);
        let connector = |alpn: &[&[u8]]| -> Result<TlsConnector, rustls::Error> {
            let provider = Arc::new(ring::default_provider());
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
            config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
            config.resumption = Resumption::disabled();
            Ok(Arc::new(config).into())
        };
        Ok(Self {
            any: connector(&[H2, H1])?,
            h1: connector(&[H1])?,
        })
    }

    pub(crate) async fn connect(
        &self,
        offer: Offer,
        destination: &Destination,
        stream: Watched<TcpStream>,
    ) -> Result<TlsStream<Watched<TcpStream>>, Denial> {
        let failed = |why: String| {
            let host = destination.host();
            Denial::new(Code::Tls, format!("no TLS with `{host}`: {why}"))
        };
        let name = match (destination.ip(), destination.name()) {
            (Some(ip), _) => ServerName::from(ip),
            (None, name) => ServerName::try_from(name.unwrap_or_default().to_owned())
                .map_err(|error| failed(error.to_string()))?,
        };
        let connector = match offer {
            Offer::Any => &self.any,
            Offer::H1 => &self.h1,
        };
        let connected = connector.connect(name, stream).await;
        connected.map_err(|error| failed(error.to_string()))
    }
}

/// Whether HTTP/2 was agreed on.
pub(crate) fn is_h2(stream: &TlsStream<Watched<TcpStream>>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(H2)
}

//! Connections, and what their failures mean. Certificates are checked against the system's trusted ones.

use super::fault;
use crate::failure::{Exit, Failure};
use crate::limits::{ANSWER, CONNECT, REPLY_BYTES_MAX};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use ureq::Agent;
use ureq::http::{self, Uri};
use ureq::tls::{RootCerts, TlsConfig};

pub(super) type Response = http::Response<ureq::Body>;

/// Where `thorp serve` listens unless told otherwise.
const DEFAULT_TOWN: &str = "http://127.0.0.1:8700";
/// Where `thorp serve` writes the owner's token unless told otherwise.
const DEFAULT_TOKEN_FILE: &str = "./thorp-data/owner.token";

/// Connections to this town. Redirects are not followed, since they would carry the token elsewhere.
pub(super) fn agent(town: &str) -> Result<Agent, Failure> {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER))
        .user_agent(concat!("thorp/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls);
    let uri: Uri = town
        .parse()
        .map_err(|_| Failure::usage(format!("`{town}` is not a URL")))?;
    if is_loopback(&uri) {
        config = config.proxy(None);
    }
    Ok(config.build().new_agent())
}

/// Whether the address stays on this machine.
pub(crate) fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Sends the request and waits for the answer to begin.
pub(super) fn dispatch(
    agent: &Agent,
    town: &str,
    request: http::request::Builder,
    body: Option<String>,
) -> Result<Response, Failure> {
    let bad = |error: http::Error| Failure::usage(format!("cannot make the request: {error}"));
    let sent = match body {
        Some(body) => agent.run(
            request
                .header("content-type", "application/json")
                .body(body)
                .map_err(bad)?,
        ),
        None => agent.run(request.body(()).map_err(bad)?),
    };
    let response = sent.map_err(|error| unreachable(town, &error))?;
    if response.status().is_redirection() {
        return Err(redirected(town, &response));
    }
    Ok(response)
}

/// The whole answer.
pub(super) fn text(town: &str, mut response: Response) -> Result<String, Failure> {
    let body = response.body_mut().with_config().limit(REPLY_BYTES_MAX);
    body.read_to_string()
        .map_err(|error| unreachable(town, &error))
}

/// A failure to reach the town.
pub(super) fn unreachable(town: &str, error: &ureq::Error) -> Failure {
    let failure = Failure::new(
        Exit::Unavailable,
        format!("cannot reach the town at `{town}`: {}", reason(error)),
    );
    if town.parse().is_ok_and(|uri| is_loopback(&uri)) {
        return failure.hint("start it with `thorp serve`");
    }
    failure.hint("check the URL and your connection")
}

fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
            "nothing listens there".to_owned()
        }
        ureq::Error::Io(io) => io.to_string(),
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
        other => other.to_string(),
    }
}

fn redirected(town: &str, response: &Response) -> Failure {
    let to = response
        .headers()
        .get("location")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("elsewhere");
    let status = response.status().as_u16();
    fault::no_town(town, status).hint(format!("it redirects to `{to}`: give the town's own URL"))
}

/// The default town's URL and token file, if it runs and its folder is here.
pub(super) fn local_town() -> Option<(&'static str, &'static str)> {
    if !Path::new(DEFAULT_TOKEN_FILE).exists() {
        return None;
    }
    let agent = agent(DEFAULT_TOWN).ok()?;
    let health = http::Request::get(format!("{DEFAULT_TOWN}/healthz"))
        .body(())
        .ok()?;
    let answer = agent.run(health).ok()?;
    answer
        .status()
        .is_success()
        .then_some((DEFAULT_TOWN, DEFAULT_TOKEN_FILE))
}

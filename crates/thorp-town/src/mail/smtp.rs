//! The mail server that takes a town's mail, and one conversation with it.

use super::address::mailbox;
use crate::error::{ErrorCode, TownError};
use crate::limits::{EMAIL_ERROR_CHARS_MAX, EMAIL_RETRY, EMAIL_SEND_WALL, EMAIL_TRY_WALL};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::net::IpAddr;
use std::time::Duration;
use thorp_runtime::gateway::Authorities;
use url::{Host, Url};

const SMTP_PORT: u16 = 587;
const SMTPS_PORT: u16 = 465;
/// What servers answer that do not like the town's own sign-in, which is no fault of the mail.
const SIGN_IN_CODES: [&str; 5] = ["530", "534", "535", "538", "454"];

/// Where a town's mail goes, and whom it comes from.
#[derive(Clone)]
pub struct SmtpConfig {
    host: String,
    port: u16,
    tls: Security,
    credentials: Option<Credentials>,
    from: Mailbox,
    /// The first wait after the server did not take a mail; each further one is twice as long.
    pub retry: Duration,
}

/// How a conversation is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte.
    Tls,
    /// `STARTTLS`, or nothing is sent.
    StartTls,
    /// `STARTTLS` if the server offers it: there is no password to lose.
    IfOffered,
    /// Nothing: it does not leave this machine.
    Loopback,
}

/// How a try to send mail failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unsent {
    /// Whether trying again is of no use.
    pub(crate) for_good: bool,
    /// What the server said, or what went wrong on the way.
    pub(crate) reason: String,
}

impl std::fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for SmtpConfig {
    /// Where it goes, without the user's name and password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls == Security::Tls {
            "smtps"
        } else {
            "smtp"
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl SmtpConfig {
    /// The server at a URL such as `smtps://user@mail.example.com`, for mail from `from`: an address, or `Name <address>`.
    ///
    /// # Errors
    /// `BAD_REQUEST` for a URL or address of another form, and for a user without a password or the other way around.
    pub fn new(url: &str, from: &str, password: Option<String>) -> Result<Self, TownError> {
        let parsed = Url::parse(url).map_err(|_| not_a_server())?;
        let host = parsed.host().ok_or_else(not_a_server)?.to_owned();
        let plain = parsed.password().is_none()
            && matches!(parsed.path(), "" | "/")
            && parsed.query().is_none()
            && parsed.fragment().is_none();
        if !plain {
            return Err(not_a_server());
        }
        let credentials = credentials(&parsed, password)?;
        let tls = match parsed.scheme() {
            "smtps" => Security::Tls,
            "smtp" if is_loopback(&host) => Security::Loopback,
            "smtp" if credentials.is_some() => Security::StartTls,
            "smtp" => Security::IfOffered,
            _ => return Err(not_a_server()),
        };
        let usual = if tls == Security::Tls {
            SMTPS_PORT
        } else {
            SMTP_PORT
        };
        Ok(Self {
            host: bare(&host),
            port: parsed.port().unwrap_or(usual),
            tls,
            credentials,
            from: mailbox("from", from)?,
            retry: EMAIL_RETRY,
        })
    }

    /// Talks with the server without sending anything: it must be there, be trusted and take the town's sign-in.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub async fn attempt(&self) -> Result<(), String> {
        let transport = self.transport().map_err(|error| error.to_string())?;
        transport.attempt().await.map_err(|unsent| unsent.reason)
    }

    pub(crate) fn from(&self) -> &Mailbox {
        &self.from
    }

    /// A way to the server; nothing is connected yet.
    pub(crate) fn transport(&self) -> Result<Transport, TownError> {
        let parameters = || parameters(&self.host).map_err(TownError::internal);
        let tls = match self.tls {
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::StartTls => Tls::Required(parameters()?),
            Security::IfOffered => Tls::Opportunistic(parameters()?),
            Security::Loopback => Tls::None,
        };
        let domain = self.from.email.domain().to_owned();
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .hello_name(ClientId::Domain(domain))
            .timeout(Some(EMAIL_SEND_WALL));
        if let Some(credentials) = &self.credentials {
            builder = builder.credentials(credentials.clone());
        }
        Ok(Transport(builder.build()))
    }
}

/// TLS with this server, trusting whom vals' own connections trust.
fn parameters(host: &str) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    let mut builder =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::None);
    for authority in Authorities::find().certificates {
        builder = builder.add_root_certificate(Certificate::from_der(authority.to_vec())?);
    }
    builder.build_rustls()
}

/// A way to the mail server.
pub(crate) struct Transport(AsyncSmtpTransport<Tokio1Executor>);

impl Transport {
    /// Whether the server is there, and takes the town's sign-in.
    async fn attempt(&self) -> Result<(), Unsent> {
        match tokio::time::timeout(EMAIL_TRY_WALL, self.0.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(Unsent {
                for_good: false,
                reason: "the mail server does not answer".to_owned(),
            }),
            Ok(Err(error)) => Err(unsent(&error)),
            Err(_) => Err(Unsent {
                for_good: false,
                reason: format!(
                    "the mail server took more than {} s",
                    EMAIL_TRY_WALL.as_secs()
                ),
            }),
        }
    }

    /// Has one conversation with the server. It has the mail if this ends well.
    pub(crate) async fn send(&self, message: Message) -> Result<(), Unsent> {
        match tokio::time::timeout(EMAIL_SEND_WALL, self.0.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(unsent(&error)),
            Err(_) => Err(Unsent {
                for_good: false,
                reason: format!(
                    "the mail server took more than {} s",
                    EMAIL_SEND_WALL.as_secs()
                ),
            }),
        }
    }
}

fn unsent(error: &lettre::transport::smtp::Error) -> Unsent {
    let code = error.status().map(|code| code.to_string());
    let sign_in = code.is_some_and(|code| SIGN_IN_CODES.contains(&code.as_str()));
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !reason.contains(&text) {
            reason = format!("{reason}: {text}");
        }
        cause = inner.source();
    }
    Unsent {
        for_good: error.is_permanent() && !sign_in,
        reason: reason.chars().take(EMAIL_ERROR_CHARS_MAX).collect(),
    }
}

fn credentials(url: &Url, password: Option<String>) -> Result<Option<Credentials>, TownError> {
    let name = percent_encoding::percent_decode_str(url.username())
        .decode_utf8()
        .map_err(|_| not_a_server())?;
    match (name.is_empty(), password) {
        (true, None) => Ok(None),
        (false, Some(password)) => Ok(Some(Credentials::new(name.into_owned(), password))),
        (true, Some(_)) => Err(TownError::hinted(
            ErrorCode::BadRequest,
            "there is a password for the mail server, and no user",
            "name the user in the URL: `smtps://user@host`",
        )),
        (false, None) => Err(TownError::hinted(
            ErrorCode::BadRequest,
            "there is a user for the mail server, and no password",
            "put it into a file and name it with `--smtp-password-file`, or set `THORP_SMTP_PASSWORD`",
        )),
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        // Hosts of schemes that are not the Web's are not parsed as addresses.
        Host::Domain(name) => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

fn bare(host: &Host) -> String {
    host.to_string().trim_matches(['[', ']']).to_owned()
}

fn not_a_server() -> TownError {
    TownError::hinted(
        ErrorCode::BadRequest,
        "this is not the URL of a mail server",
        "write it like `smtps://user@mail.example.com` or `smtp://127.0.0.1:25`, without the password",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str, password: Option<&str>) -> Result<(String, Security), String> {
        SmtpConfig::new(url, "Town <town@example.com>", password.map(str::to_owned))
            .map(|config| (config.to_string(), config.tls))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_password_goes_nowhere_unprotected() {
        let check = |url, password, shown: &str, tls| {
            assert_eq!(server(url, password), Ok((shown.to_owned(), tls)));
        };
        check(
            "smtps://me@a.de",
            Some("p"),
            "smtps://a.de:465",
            Security::Tls,
        );
        check(
            "smtp://me@a.de:25",
            Some("p"),
            "smtp://a.de:25",
            Security::StartTls,
        );
        check("smtp://a.de", None, "smtp://a.de:587", Security::IfOffered);
        check(
            "smtp://127.0.0.1:25",
            None,
            "smtp://127.0.0.1:25",
            Security::Loopback,
        );
        check(
            "smtp://me%40a.de@[::1]:25",
            Some("p"),
            "smtp://::1:25",
            Security::Loopback,
        );
        check(
            "smtp://localhost",
            None,
            "smtp://localhost:587",
            Security::Loopback,
        );
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for url in [
            "",
            "a.de",
            "http://a.de",
            "smtp://",
            "smtp://a:b@c.de",
            "smtp://a.de/x",
        ] {
            assert!(server(url, None).is_err(), "{url}");
        }
        assert!(
            server("smtp://me@a.de", None)
                .unwrap_err()
                .contains("no password")
        );
        assert!(
            server("smtp://a.de", Some("p"))
                .unwrap_err()
                .contains("no user")
        );
        assert!(SmtpConfig::new("smtp://a.de", "nobody", None).is_err());
    }

    /// Time stands still but for who waits for it.
    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_is_given_up_for_now() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://{}", silent.local_addr().unwrap());
        let config = SmtpConfig::new(&url, "town@example.com", None).unwrap();
        let message = Message::builder()
            .from(config.from().clone())
            .to(config.from().clone())
            .body("hello".to_owned())
            .unwrap();
        let begun = tokio::time::Instant::now();
        let transport = config.transport().unwrap();
        let unsent = transport.send(message).await.unwrap_err();
        assert!(!unsent.for_good, "{}", unsent.reason);
        assert_eq!(begun.elapsed().as_secs(), EMAIL_SEND_WALL.as_secs());
        let begun = tokio::time::Instant::now();
        let reason = config.attempt().await.unwrap_err();
        assert_eq!(begun.elapsed().as_secs(), EMAIL_TRY_WALL.as_secs());
        assert_eq!(reason, "the mail server took more than 10 s");
    }

    #[test]
    fn a_password_is_not_shown() {
        let config = SmtpConfig::new("smtps://me@a.de", "a@b.de", Some("geheim".to_owned()));
        assert_eq!(format!("{:?}", config.unwrap()), "smtps://a.de:465");
    }
}

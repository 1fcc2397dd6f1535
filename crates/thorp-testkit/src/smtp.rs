//! A mail server for tests: the protocol of RFC 5321 on a real socket, with refusals on demand.

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long [`SmtpServer::wait_for`] waits.
const ARRIVAL_MAX: Duration = Duration::from_secs(30);
/// How long a client may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Mail that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// What the client named itself with.
    pub hello: String,
    /// The base64 text of `AUTH PLAIN`, if the client signed in.
    pub sign_in: Option<String>,
    /// The address of `MAIL FROM`.
    pub from: String,
    /// The addresses of `RCPT TO`.
    pub to: Vec<String>,
    /// The message, without the doubled dots and the last one.
    pub data: Vec<u8>,
}

/// The end of a server that lives as long as the test's process.
#[derive(Clone)]
pub struct SmtpServer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    arrived: Vec<Arrived>,
    /// Answers instead of the usual ones: to which command, and what.
    refusals: VecDeque<(String, String)>,
    commands: Vec<String>,
}

impl SmtpServer {
    /// A server on a free port of this machine.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    /// A server on this port of this machine.
    ///
    /// # Panics
    /// If it is taken.
    #[must_use]
    pub fn start_at(address: &str) -> Self {
        Self::serve(address, Tls::Never)
    }

    /// A server of the name `localhost` that speaks TLS from the first byte, and its certificate in DER.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn start_tls() -> (Self, Vec<u8>) {
        let (config, certificate) = identity("localhost");
        (Self::serve("127.0.0.1:0", Tls::AtOnce(config)), certificate)
    }

    /// A server at [`MAPPED`], an address of this machine that does not look like one, which offers `STARTTLS` and takes
    /// nothing without; and its certificate in DER.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn start_starttls() -> (Self, Vec<u8>) {
        let (config, certificate) = identity(MAPPED);
        (
            Self::serve("127.0.0.1:0", Tls::Offered(config)),
            certificate,
        )
    }

    fn serve(address: &str, tls: Tls) -> Self {
        let listener = TcpListener::bind(address).expect("there is a free port");
        let server = Self {
            address: listener.local_addr().expect("the listener has an address"),
            shared: Arc::default(),
        };
        let shared = server.shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, tls) = (shared.clone(), tls.clone());
                // What a client that leaves in between does to its conversation is no matter.
                thread::spawn(move || drop(converse(shared, stream, tls)));
            }
        });
        server
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Answers the next such command, such as `RCPT`, with this line instead; `CONNECT` is the greeting, `END` the end of a message.
    pub fn refuse(&self, command: &str, line: &str) {
        let refusal = (command.to_owned(), line.to_owned());
        lock(&self.shared).refusals.push_back(refusal);
    }

    /// The mail that arrived so far.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrived> {
        lock(&self.shared).arrived.clone()
    }

    /// All commands so far, without what follows them; `END` is the end of a message.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        lock(&self.shared).commands.clone()
    }

    /// The mail that arrived, as soon as there is this much.
    ///
    /// # Panics
    /// If it takes too long.
    #[must_use]
    pub fn wait_for(&self, count: usize) -> Vec<Arrived> {
        let late = Instant::now() + ARRIVAL_MAX;
        loop {
            let arrived = self.arrived();
            if arrived.len() >= count {
                return arrived;
            }
            let commands = self.commands();
            assert!(
                Instant::now() < late,
                "{} of {count} mail: {commands:?}",
                arrived.len()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a server speaks TLS.
#[derive(Clone)]
enum Tls {
    Never,
    AtOnce(Arc<ServerConfig>),
    Offered(Arc<ServerConfig>),
}

/// `127.0.0.1` as an IPv6 address.
pub const MAPPED: &str = "::ffff:127.0.0.1";

/// What a server of this name has to show: its certificate in DER, too.
fn identity(name: &str) -> (Arc<ServerConfig>, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]);
    let made = made.expect("a certificate can be made");
    let (certificate, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.clone()],
            PrivatePkcs8KeyDer::from(key).into(),
        )
        .expect("the key belongs to the certificate");
    (Arc::new(config), certificate.to_vec())
}

fn converse(shared: Arc<Mutex<Shared>>, stream: TcpStream, tls: Tls) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    let secure = |config: Arc<ServerConfig>, stream| -> std::io::Result<_> {
        let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
        Ok(StreamOwned::new(connection, stream))
    };
    match tls {
        Tls::Never => Conversation::new(shared, stream).hold(),
        Tls::AtOnce(config) => Conversation::new(shared, secure(config, stream)?).hold(),
        Tls::Offered(config) => {
            let mut open = Conversation::new(shared.clone(), stream.try_clone()?);
            if open.begin()? {
                Conversation::new(shared, secure(config, stream)?).go_on()?;
            }
            Ok(())
        }
    }
}

/// One client's conversation.
struct Conversation<S> {
    shared: Arc<Mutex<Shared>>,
    reader: BufReader<S>,
    mail: Arrived,
}

impl<S: Read + Write> Conversation<S> {
    fn new(shared: Arc<Mutex<Shared>>, stream: S) -> Self {
        let mail = Arrived {
            hello: String::new(),
            sign_in: None,
            from: String::new(),
            to: Vec::new(),
            data: Vec::new(),
        };
        Self {
            shared,
            reader: BufReader::new(stream),
            mail,
        }
    }

    /// Until the client asks for TLS, which it must; whether it did.
    fn begin(&mut self) -> std::io::Result<bool> {
        self.answer("CONNECT", "220 test ESMTP")?;
        while let Some(line) = self.line()? {
            let line = String::from_utf8_lossy(&line).to_ascii_uppercase();
            let command = line.split(' ').next().unwrap_or_default().to_owned();
            lock(&self.shared).commands.push(format!("open {command}"));
            match command.as_str() {
                "EHLO" => self.answer("OPEN", "250-test\r\n250 STARTTLS")?,
                "STARTTLS" => return self.answer("STARTTLS", "220 go on"),
                _ => self.answer("OPEN", "530 only with TLS")?,
            };
        }
        Ok(false)
    }

    fn hold(&mut self) -> std::io::Result<()> {
        self.answer("CONNECT", "220 test ESMTP")?;
        self.go_on()
    }

    fn go_on(&mut self) -> std::io::Result<()> {
        while let Some(line) = self.line()? {
            let line = String::from_utf8_lossy(&line).into_owned();
            let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let command = command.to_ascii_uppercase();
            lock(&self.shared).commands.push(command.clone());
            self.obey(&command, rest)?;
            if command == "QUIT" {
                break;
            }
        }
        Ok(())
    }

    fn obey(&mut self, command: &str, rest: &str) -> std::io::Result<()> {
        let usual = match command {
            "EHLO" => {
                rest.clone_into(&mut self.mail.hello);
                "250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN"
            }
            "AUTH" => return self.sign_in(rest),
            "DATA" if !self.mail.to.is_empty() => return self.take_data(),
            "MAIL" if self.mail.from.is_empty() => "250 OK",
            "RCPT" if !self.mail.from.is_empty() => "250 OK",
            "RSET" => {
                self.reset();
                "250 OK"
            }
            "NOOP" => "250 OK",
            "QUIT" => "221 bye",
            "MAIL" | "RCPT" | "DATA" => "503 bad sequence",
            _ => "502 unknown",
        };
        let taken = self.answer(command, usual)? && usual == "250 OK";
        match command {
            "MAIL" if taken => self.mail.from = address(rest),
            "RCPT" if taken => self.mail.to.push(address(rest)),
            _ => {}
        }
        Ok(())
    }

    fn sign_in(&mut self, rest: &str) -> std::io::Result<()> {
        let Some(secret) = rest.strip_prefix("PLAIN ") else {
            return self.answer("AUTH", "504 only PLAIN").map(drop);
        };
        if self.answer("AUTH", "235 OK")? {
            self.mail.sign_in = Some(secret.to_owned());
        }
        Ok(())
    }

    fn take_data(&mut self) -> std::io::Result<()> {
        if !self.answer("DATA", "354 go on")? {
            return Ok(());
        }
        let mut data = Vec::new();
        while let Some(line) = self.line()? {
            if line == b"." {
                return self.keep(data);
            }
            data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            data.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    fn keep(&mut self, data: Vec<u8>) -> std::io::Result<()> {
        let refusal = self.refusal("END");
        lock(&self.shared).commands.push("END".to_owned());
        if refusal.is_none() {
            self.mail.data = data;
            lock(&self.shared).arrived.push(self.mail.clone());
        }
        self.reset();
        self.write(refusal.as_deref().unwrap_or("250 OK"))
    }

    fn reset(&mut self) {
        self.mail.from.clear();
        self.mail.to.clear();
        self.mail.data.clear();
    }

    /// Answers as usual, or as it was told; says which.
    fn answer(&mut self, command: &str, usual: &str) -> std::io::Result<bool> {
        let refusal = self.refusal(command);
        self.write(refusal.as_deref().unwrap_or(usual))?;
        Ok(refusal.is_none())
    }

    fn refusal(&self, command: &str) -> Option<String> {
        let mut shared = lock(&self.shared);
        let at = shared.refusals.iter().position(|(to, _)| to == command)?;
        shared.refusals.remove(at).map(|(_, line)| line)
    }

    fn write(&mut self, text: &str) -> std::io::Result<()> {
        let stream = self.reader.get_mut();
        stream.write_all(format!("{text}\r\n").as_bytes())?;
        stream.flush()
    }

    /// The next line, without its end; lines end as RFC 5321 says and no other way.
    fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            if self.reader.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
        }
        line.truncate(line.len() - 2);
        Ok(Some(line))
    }
}

/// The address between the angle brackets.
fn address(text: &str) -> String {
    let inner = text
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or("", |(address, _)| address).to_owned()
}

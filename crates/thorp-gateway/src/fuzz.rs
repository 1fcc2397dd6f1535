//! What must hold whatever a guest or an origin sends: for a fuzzer, and for tests with bytes that were made up.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "what does not hold is told by a panic"
)]

use std::net::Ipv4Addr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hyper::{Method, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio::task::yield_now;
use tokio::time::timeout;
use uuid::Uuid;

use crate::dns::{self, Book};
use crate::door::DoorState;
use crate::gateway::{Gateway, GatewayConfig};
use crate::ledger::{Budget, Tenant};
use crate::line;
use crate::resolve::{Resolve, Resolving};
use crate::target::Target;
use crate::{ERROR_HEADER, Roots, Rules};

/// How long an exchange may take.
const WALL: Duration = Duration::from_secs(20);
/// In so many turns of a runtime with one thread, all that was written has been read and answered.
const TURNS: usize = 200;
/// No answer of the name server is longer than its question and a record.
const RECORD_BYTES: usize = 16;

/// A question for a name: it is answered shortly or not at all, and what got an address is found by it.
pub fn question(input: &[u8]) {
    let mut book = Book::default();
    let Some(answer) = dns::answer(input, &mut book) else {
        return;
    };
    assert!(answer.len() <= input.len() + RECORD_BYTES, "a long answer");
    assert!(answer[2] & 0x80 != 0, "no answer");
    assert_eq!(answer[..2], input[..2], "the answer to another question");
    if answer[7] == 1 {
        let end = answer.last_chunk::<4>().expect("an address");
        assert!(
            book.name(Ipv4Addr::from(*end)).is_some(),
            "nobody's address"
        );
    }
}

/// A request line's URL: what is read has one reading.
pub fn url(input: &[u8]) {
    let Ok(uri) = Uri::try_from(input) else {
        return;
    };
    let Ok(target) = Target::read(&Method::GET, &uri) else {
        return;
    };
    let again = Target::read(&Method::GET, &target.uri()).expect("it was read before");
    assert_eq!(again.destination, target.destination);
    assert_eq!((again.tls, again.path), (target.tls, target.path));
}

/// Whatever a guest writes to its door, each answer is the gateway's own, and nobody is connected to.
pub fn requests(input: &[u8]) {
    run(async {
        let said = exchange(door(&CLOSED), input, false).await;
        let text = String::from_utf8_lossy(&said);
        for status in text.lines().filter(|line| line.starts_with("HTTP/1.1 ")) {
            let code = status.split(' ').nth(1).unwrap_or_default();
            // hyper asks for a body that is announced.
            let is_refusal = code.starts_with(['4', '5']) || code == "100";
            assert!(is_refusal, "{status}");
        }
    });
}

/// Whatever an origin answers, the guest's connection ends, and only the gateway's own refusals say that they are such.
pub fn answer(input: &[u8]) {
    run(async {
        let origin = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = origin.local_addr().expect("an address");
        let answering = async {
            let (mut stream, _) = origin.accept().await?;
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await?;
            stream.write_all(input).await?;
            stream.shutdown().await
        };
        let request =
            format!("GET http://{address}/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let asking = exchange(door(&OPEN), request.as_bytes(), true);
        let (said, answered) = tokio::join!(asking, timeout(WALL, answering));
        let _ = answered.expect("it is asked");
        let head = said
            .split(|byte| *byte == b'\n')
            .take_while(|line| line.len() > 1);
        let mut lines = head.map(<[u8]>::to_ascii_lowercase);
        let status = lines.next().unwrap_or_default();
        let marked = lines.any(|line| line.starts_with(ERROR_HEADER.as_str().as_bytes()));
        assert!(
            !marked || status.starts_with(b"http/1.1 5"),
            "a mark of another"
        );
    });
}

/// Looks up nothing.
struct Nobody;

impl Resolve for Nobody {
    fn resolve(&self, _: &str) -> Resolving {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Where every address is denied.
static CLOSED: LazyLock<Gateway> = LazyLock::new(|| gateway(&[], &["0.0.0.0/0", "::/0"]));
/// Where loopback is allowed.
static OPEN: LazyLock<Gateway> = LazyLock::new(|| gateway(&["127.0.0.1"], &[]));

fn gateway(allow: &[&str], deny: &[&str]) -> Gateway {
    let gateway = Gateway::new(GatewayConfig {
        rules: Rules::parse(allow, deny).expect("these are rules"),
        resolver: Arc::new(Nobody),
        roots: Roots::Given(Vec::new()),
        ..GatewayConfig::default()
    });
    gateway.expect("no certificates are read")
}

/// A door of a user who was never there before.
fn door(gateway: &Gateway) -> Arc<DoorState> {
    let (state, _) = DoorState::new(gateway.shared.clone());
    let user = Uuid::now_v7();
    let assigned = state.assign(Tenant { user }, Budget::default());
    assigned.expect("it is new");
    Arc::new(state)
}

/// What is said to a guest that says this. Who waits for an end says no more only then: hyper answers nobody who has gone.
async fn exchange(door: Arc<DoorState>, said: &[u8], waits: bool) -> Vec<u8> {
    let (mut guest, served) = UnixStream::pair().expect("a pair of sockets");
    let serving = tokio::spawn(line::serve(door, served));
    let (mut from, mut to) = guest.split();
    let mut answers = Vec::new();
    let writing = async {
        // Who refuses may close before all is said.
        let _ = to.write_all(said).await;
        if !waits {
            for _ in 0..TURNS {
                yield_now().await;
            }
            let _ = to.shutdown().await;
        }
    };
    let both = async { tokio::join!(writing, from.read_to_end(&mut answers)) };
    let _ = timeout(WALL, both).await.expect("it ends");
    drop(guest);
    serving.await.expect("it does not panic");
    answers
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(work);
}

#[cfg(test)]
mod tests;

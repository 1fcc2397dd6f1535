//! What the gateway costs, as JSON: requests to a loopback server directly and over a door, in turns, by the leanest
//! client there is (so that nothing hides the gateway's own work) and, if a Deno is given, by its `fetch`, which is what
//! a program in a sandbox uses.
//!
//! Usage: `overhead [REQUESTS [DENO]]`. Ratios of one run count; absolute figures drift with the machine. Client, server
//! and gateway each have a thread, as they are three processes in a town.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use thorp_gateway::{Budget, Door, Gateway, GatewayConfig, Rules, Tenant};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
type Client = SendRequest<Empty<Bytes>>;

const REQUESTS_DEFAULT: usize = 5_000;
const SMALL_BYTES: usize = 256;
const LARGE_BYTES: usize = 64 << 20;
const LARGE_TURNS: usize = 10;
const PARALLEL: usize = 16;
const DOORS: u32 = 1_000;
const SOCKET: &str = "door";

const BUDGET: Budget = Budget {
    requests: u64::MAX,
    bytes_out: u64::MAX,
    bytes_in: u64::MAX,
};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let requests = args.next().and_then(|text| text.parse().ok());
    let figures = measure(requests.unwrap_or(REQUESTS_DEFAULT), args.next());
    let (figures, code) = match figures {
        Ok(figures) => (figures, ExitCode::SUCCESS),
        Err(error) => (json!({ "error": error.to_string() }), ExitCode::FAILURE),
    };
    println!("{figures}");
    code
}

/// A runtime with a thread of its own.
fn thread(name: &str) -> Result<Runtime> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(name)
        .enable_all()
        .build();
    Ok(runtime?)
}

fn measure(requests: usize, deno: Option<String>) -> Result<Value> {
    let (server, town, client) = (
        thread("server")?,
        thread("town")?,
        Builder::new_current_thread().enable_all().build()?,
    );
    let address = server.block_on(serve())?;
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join(SOCKET);
    let (_door, new_micros, open_micros) = town.block_on(async { open(&socket) })?;
    let mut figures = client.block_on(compare(&socket, address, requests))?;
    figures["new_micros"] = json!(new_micros);
    figures["open_micros"] = json!(open_micros);
    if let Some(deno) = deno {
        figures["fetch"] = fetch(&deno, folder.path(), address, requests)?;
    }
    Ok(figures)
}

/// The same by Deno's `fetch`. One process takes both ways: what it exempts from its proxy is direct.
fn fetch(deno: &str, folder: &Path, address: SocketAddr, requests: usize) -> Result<Value> {
    let script = folder.join("fetch.js");
    std::fs::write(&script, include_str!("fetch.js"))?;
    let proxy = format!("unix:{}", folder.join(SOCKET).display());
    // Another name of the same address, so that only one of the two is exempt.
    let over = format!("localhost:{}", address.port());
    let mut command = Command::new(deno);
    command
        .args(["run", "--quiet", "--no-config", "--allow-all"])
        .args([script.as_os_str(), address.to_string().as_ref()])
        .arg(over)
        .args([requests, PARALLEL, SMALL_BYTES, LARGE_BYTES, LARGE_TURNS].map(|n| n.to_string()))
        .env("DENO_DIR", folder.join("deno"))
        .env("ALL_PROXY", proxy)
        .env("NO_PROXY", address.ip().to_string());
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A door that leads to loopback, and how long making a gateway and opening a door take.
fn open(socket: &Path) -> Result<(Door, f64, f64)> {
    let config = GatewayConfig {
        rules: Rules::parse(&["127.0.0.1", "localhost"], &[])?,
        ..GatewayConfig::default()
    };
    let begun = Instant::now();
    let gateway = Gateway::new(config)?;
    let new_micros = micros(begun.elapsed());
    let door = gateway.open(UnixListener::bind(socket)?, None);
    let tenant = Tenant {
        user: Uuid::from_u128(1),
    };
    door.assign(tenant, BUDGET)?;
    let mut opening = Duration::ZERO;
    for at in 0..DOORS {
        let listener = UnixListener::bind(socket.with_extension(at.to_string()))?;
        let begun = Instant::now();
        let other = gateway.open(listener, None);
        other.assign(tenant, BUDGET)?;
        opening += begun.elapsed();
    }
    Ok((door, new_micros, micros(opening / DOORS)))
}

/// A server whose path says how many bytes it answers with.
async fn serve() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let large = Bytes::from(vec![b'x'; LARGE_BYTES]);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let large = large.clone();
            let service = service_fn(move |request: Request<_>| {
                let length = request.uri().path()[1..].parse().unwrap_or(0);
                let body = Full::new(large.slice(..length));
                async { Ok::<_, hyper::Error>(Response::new(body)) }
            });
            let io = TokioIo::new(stream);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
        }
    });
    Ok(address)
}

async fn compare(socket: &Path, address: SocketAddr, requests: usize) -> Result<Value> {
    let mut direct = direct(address).await?;
    let mut over = over(socket).await?;
    let (small, large) = (format!("/{SMALL_BYTES}"), format!("/{LARGE_BYTES}"));
    let (over_small, over_large) = (
        format!("http://{address}{small}"),
        format!("http://{address}{large}"),
    );
    let (mut direct_times, mut over_times) = (Vec::new(), Vec::new());
    for _ in 0..requests {
        direct_times.push(ask(&mut direct, &small).await?);
        over_times.push(ask(&mut over, &over_small).await?);
    }
    let (mut direct_large, mut over_large_times) = (Vec::new(), Vec::new());
    for _ in 0..LARGE_TURNS {
        direct_large.push(ask(&mut direct, &large).await?);
        over_large_times.push(ask(&mut over, &over_large).await?);
    }
    let (rate_direct, rate_over) = rates(socket, address, requests).await?;
    let (direct_p50, over_p50) = (p50(&mut direct_times), p50(&mut over_times));
    let (direct_large, over_large) = (p50(&mut direct_large), p50(&mut over_large_times));
    Ok(json!({
        "direct": {
            "p50_micros": micros(direct_p50),
            "mib_per_s": mib_per_s(direct_large),
            "requests_per_s": rate_direct,
        },
        "over": {
            "p50_micros": micros(over_p50),
            "mib_per_s": mib_per_s(over_large),
            "requests_per_s": rate_over,
        },
        "added_p99_micros": micros(p99(&over_times)) - micros(p99(&direct_times)),
    }))
}

async fn direct(address: SocketAddr) -> Result<Client> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (client, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn over(socket: &Path) -> Result<Client> {
    let stream = UnixStream::connect(socket).await?;
    let (client, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// How long a request takes, to the last byte of its answer.
async fn ask(client: &mut Client, uri: &str) -> Result<Duration> {
    let request = Request::get(uri)
        .header("host", "loopback")
        .body(Empty::new())?;
    client.ready().await?;
    let begun = Instant::now();
    let mut body = client.send_request(request).await?.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(begun.elapsed())
}

/// Requests per second on several connections at once: direct, over the gateway; in turns.
async fn rates(socket: &Path, address: SocketAddr, requests: usize) -> Result<(f64, f64)> {
    const TURNS: usize = 4;
    let (mut direct_time, mut over_time) = (Duration::ZERO, Duration::ZERO);
    let each = requests.div_ceil(PARALLEL);
    for _ in 0..TURNS {
        let mut clients = Vec::new();
        for _ in 0..PARALLEL {
            clients.push(direct(address).await?);
        }
        direct_time += all(clients, format!("/{SMALL_BYTES}"), each).await?;
        let mut clients = Vec::new();
        for _ in 0..PARALLEL {
            clients.push(over(socket).await?);
        }
        over_time += all(clients, format!("http://{address}/{SMALL_BYTES}"), each).await?;
    }
    let asked = (TURNS * PARALLEL * each) as f64;
    Ok((
        asked / direct_time.as_secs_f64(),
        asked / over_time.as_secs_f64(),
    ))
}

async fn all(clients: Vec<Client>, uri: String, each: usize) -> Result<Duration> {
    let begun = Instant::now();
    let asking: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let uri = uri.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    ask(&mut client, &uri).await?;
                }
                Ok::<_, Box<dyn Error + Send + Sync>>(())
            })
        })
        .collect();
    for one in asking {
        one.await??;
    }
    Ok(begun.elapsed())
}

fn p50(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Of sorted times.
fn p99(times: &[Duration]) -> Duration {
    times
        .get(times.len() * 99 / 100)
        .copied()
        .unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn mib_per_s(time: Duration) -> f64 {
    (LARGE_BYTES >> 20) as f64 / time.as_secs_f64()
}

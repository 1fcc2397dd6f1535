//! Clients from npm that open connections of their own, against real servers: they reach what the operator allows, and are
//! told why they reach nothing else.
//!
//! Packages come from the registry that the machine is set up with.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod databases;

use std::net::SocketAddr;
use std::thread;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use thorp_testkit::TestTown;
use thorp_town::Rules;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const AXIOS: &str = r#"
    import axios from "npm:axios@1";
    export default async (host: string) => (await axios.get(`http://${host}/`)).data;
"#;
const UNDICI: &str = r#"
    import { request } from "npm:undici@7";
    export default async (host: string) => (await request(`http://${host}/`)).body.json();
"#;
const WS: &str = r#"
    import WebSocket from "npm:ws@8";
    export default (host: string) => new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://${host}/`);
        socket.on("open", () => socket.send('{"hello":"world"}'));
        socket.on("message", (data) => { socket.close(); resolve(JSON.parse(String(data))); });
        socket.on("error", reject);
    });
"#;

const PG: &str = r#"
    import pg from "npm:pg@8";
    export default async (address: string) => {
        const [host, port] = address.split(":");
        const client = new pg.Client({ host, port: Number(port), user: "thorp", database: "postgres" });
        await client.connect();
        await client.query("CREATE TEMPORARY TABLE said (hello text)");
        await client.query("INSERT INTO said VALUES ($1)", ["world"]);
        const { rows } = await client.query("SELECT hello FROM said");
        await client.end();
        return rows[0];
    };
"#;
const REDIS: &str = r#"
    import { createClient } from "npm:redis@5";
    export default async (host: string) => {
        const client = createClient({ url: `redis://${host}`, socket: { reconnectStrategy: false } });
        client.on("error", () => {});
        await client.connect();
        await client.set("hello", "world");
        const hello = await client.get("hello");
        client.destroy();
        return { hello };
    };
"#;

/// Answers each connection's first request. Ends with the test's process.
fn serve<F: Future<Output = ()> + 'static>(answer: fn(TcpStream) -> F) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream).await;
            }
        });
    });
    address
}

async fn http(mut stream: TcpStream) {
    let mut lines = BufReader::new(&mut stream).lines();
    while lines
        .next_line()
        .await
        .unwrap()
        .is_some_and(|line| !line.is_empty())
    {}
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\
                  connection: close\r\n\r\n{\"hello\":\"world\"}";
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn web_socket(stream: TcpStream) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() {
            socket.send(message).await.unwrap();
        }
    }
}

/// What the val answers when it speaks with the server, and when it tries an address that is not allowed.
fn check(name: &str, code: &str, server: SocketAddr) {
    let allowed = server.to_string();
    let rule = allowed.clone();
    let town = TestTown::start_with(move |config| {
        config.egress = Rules::parse(&[&rule], &[]).expect("it is a rule");
    });
    let saved = town.post(
        "/v1/vals",
        town.token(),
        &json!({ "name": name, "code": code }).to_string(),
    );
    let author = saved.expect(200)["author"]["username"].clone();
    let path = format!(
        "/v1/run/{}.{name}",
        author.as_str().unwrap().trim_start_matches('@')
    );
    let run = |host: &str| {
        let body = json!({ "args": [host] }).to_string();
        town.post(&path, town.token(), &body)
    };
    assert_eq!(
        run(&allowed).expect(200),
        json!({ "hello": "world" }),
        "{name}"
    );
    let refused: Value = run("127.0.0.1:80").expect(502);
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("EGRESS_DENIED: 127.0.0.1 is not a public address"),
        "{name}: {refused:#}"
    );
}

#[test]
fn axios_with_its_usual_adapter() {
    check("axiosVal", AXIOS, serve(http));
}

#[test]
fn undici() {
    check("undiciVal", UNDICI, serve(http));
}

#[test]
fn ws() {
    check("wsVal", WS, serve(web_socket));
}

#[test]
fn pg() {
    let server = databases::postgres();
    check("pgVal", PG, server.address);
}

#[test]
fn redis() {
    let server = databases::redis();
    check("redisVal", REDIS, server.address);
}

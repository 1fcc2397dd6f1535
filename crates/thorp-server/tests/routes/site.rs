//! The origins of vals: what a visitor sees of a val, and of the town.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use thorp_testkit::TestTown;

/// A town with a user.
struct Place {
    town: TestTown,
    alice: String,
}

/// What came back.
#[derive(Debug)]
struct Got {
    status: u16,
    head: String,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

impl Place {
    fn new() -> Self {
        let town = TestTown::start();
        let alice = town.add_user("alice");
        Self { town, alice }
    }

    fn address(&self) -> &str {
        self.town.url().trim_start_matches("http://")
    }

    fn port(&self) -> &str {
        self.address().rsplit(':').next().unwrap()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        let wait = Some(Duration::from_secs(60));
        stream.set_read_timeout(wait).unwrap();
        stream
    }

    /// Sends what is given after the request's line and host, and reads to the end of the connection.
    fn send(&self, method: &str, label: &str, path: &str, rest: &str) -> Got {
        let mut stream = self.connect();
        let port = self.port();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {label}.localhost:{port}\r\nConnection: close\r\n{rest}"
        );
        stream.write_all(text.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Got {
            status: head[9..12].parse().unwrap(),
            head: head.to_owned(),
            body: match head
                .to_ascii_lowercase()
                .contains("transfer-encoding: chunked")
            {
                true => dechunked(body),
                false => body.to_owned(),
            },
        }
    }

    fn get(&self, label: &str, path: &str) -> Got {
        self.send("GET", label, path, "\r\n")
    }

    fn val(&self, name: &str, code: &str) -> String {
        self.town.add_val(&self.alice, name, "public", code)
    }

    fn save(&self, id: &str, code: &str) {
        let body = json!({ "code": code }).to_string();
        let reply = self
            .town
            .post(&format!("/v1/vals/{id}/versions"), &self.alice, &body);
        assert_eq!(reply.status, 201, "{}", reply.body);
    }

    /// The newest run of a val, once it has this many.
    fn runs(&self, id: &str, count: usize) -> Vec<Value> {
        for _ in 0..500 {
            let runs = self
                .town
                .get(&format!("/v1/vals/{id}/runs?limit=100"), &self.alice)
                .expect(200);
            let runs = runs["data"].as_array().unwrap().clone();
            if runs.len() >= count {
                return runs;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("there are fewer than {count} runs");
    }
}

fn dechunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            break;
        }
        whole.push_str(&rest[..length]);
        body = &rest[length + 2..];
    }
    whole
}

fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(end.as_bytes()) && stream.read_exact(&mut byte).is_ok() {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn a_val_is_a_web_site_as_soon_as_it_is_saved() {
    let place = Place::new();
    let body = json!({
        "name": "My_Site",
        "privacy": "public",
        "code": "export default (request: Request) => Response.json({ method: request.method, url: request.url, host: request.headers.get('host') })",
    });
    let saved = place.town.post("/v1/vals", &place.alice, &body.to_string());
    let url = format!("http://alice-my-site.localhost:{}/", place.port());
    assert_eq!(saved.text("url"), url);
    let id = saved.text("id");
    let shown = place.town.get(&format!("/v1/vals/{id}"), "");
    assert_eq!(shown.text("url"), url);
    let got = place.get("alice-my-site", "/a/b?c=1");
    assert_eq!(
        (got.status, got.header("content-type")),
        (200, Some("application/json"))
    );
    assert_eq!(
        got.json(),
        json!({
            "method": "GET",
            "url": format!("{url}a/b?c=1"),
            "host": format!("alice-my-site.localhost:{}", place.port()),
        })
    );
    assert!(got.header("x-thorp-run").is_some());
    // A new version answers from its save on, under the same address, whatever the val is called.
    place.save(&id, "export default () => new Response('second')");
    assert_eq!(place.get("alice-my-site", "/").body, "second");
    let renamed = place.town.patch(
        &format!("/v1/vals/{id}"),
        &place.alice,
        r#"{"name":"other"}"#,
    );
    assert_eq!(renamed.text("url"), url);
    assert_eq!(place.get("alice-my-site", "/").body, "second");
}

#[test]
fn nothing_of_the_town_is_at_the_address_of_a_val() {
    let place = Place::new();
    place.val(
        "site",
        "export default (request) => new Response(new URL(request.url).pathname)",
    );
    for path in ["/v1/me", "/v1/eval/1", "/openapi.json", "/healthz", "/"] {
        let got = place.get("alice-site", path);
        assert_eq!((got.status, got.body.as_str()), (200, path));
        assert_eq!(got.header("access-control-allow-origin"), None);
    }
    let unknown = place.get("alice-nothing", "/v1/me");
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["code"]),
        (404, &json!("NOT_FOUND"))
    );
    let mut stream = place.connect();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: alice-site.example\r\n\r\n")
        .unwrap();
    assert!(read_until(&mut stream, "\r\n").contains(" 421 "));
}

#[test]
fn failures_are_a_page_for_browsers_and_json_for_others() {
    let place = Place::new();
    let id = place.val(
        "site",
        "export default (request) => { console.log('here'); throw new RangeError('<b>no</b>') }",
    );
    let got = place.get("alice-site", "/x?y=1");
    assert_eq!(got.status, 502);
    let error = got.json();
    assert_eq!(
        (
            &error["error"]["code"],
            &error["error"]["name"],
            &error["error"]["message"]
        ),
        (
            &json!("USER_ERROR"),
            &json!("RangeError"),
            &json!("<b>no</b>")
        )
    );
    assert!(error["error"]["stack"].is_null());
    let run = error["runId"].as_str().unwrap();
    let page = place.send("GET", "alice-site", "/", "Accept: text/html,*/*\r\n\r\n");
    assert_eq!(
        (page.status, page.header("content-type")),
        (502, Some("text/html; charset=utf-8"))
    );
    assert!(
        page.body.contains("&lt;b&gt;no&lt;/b&gt;") && !page.body.contains("<b>"),
        "{}",
        page.body
    );
    let kept = place
        .town
        .get(&format!("/v1/runs/{run}"), &place.alice)
        .expect(200);
    assert_eq!(
        (
            &kept["trigger"],
            &kept["valId"],
            &kept["logs"][0]["text"],
            &kept["http"]["path"]
        ),
        (&json!("http"), &json!(id), &json!("here"), &json!("/x?y=1"))
    );
    assert!(
        kept["error"]["stack"]
            .as_str()
            .unwrap()
            .contains("main.tsx:1")
    );
}

#[test]
fn a_request_is_written_down() {
    let place = Place::new();
    let id = place.val(
        "site",
        "export default async (request) => { const text = await request.text(); console.log(text); return new Response('four', { status: 201 }) }",
    );
    let got = place.send(
        "POST",
        "alice-site",
        "/p?q",
        "Content-Length: 5\r\n\r\nhello",
    );
    assert_eq!((got.status, got.body.as_str()), (201, "four"));
    let runs = place.runs(&id, 1);
    assert_eq!(
        runs[0]["http"],
        json!({ "method": "POST", "path": "/p?q", "status": 201, "bytesIn": 5, "bytesOut": 4, "aborted": false, "unrecorded": 0 })
    );
    assert_eq!(runs[0]["id"].as_str(), got.header("x-thorp-run"));
    let run = place.town.get(
        &format!("/v1/runs/{}", runs[0]["id"].as_str().unwrap()),
        &place.alice,
    );
    assert_eq!(run.expect(200)["logs"][0]["text"], "hello");
}

#[test]
fn a_private_val_wants_its_owners_token() {
    let place = Place::new();
    let bob = place.town.add_user("bob");
    let code = "export default (request) => new Response(request.headers.get('authorization'))";
    let id = place.town.add_val(&place.alice, "site", "private", code);
    let with = |token: &str| {
        place.send(
            "GET",
            "alice-site",
            "/",
            &format!("Authorization: Bearer {token}\r\n\r\n"),
        )
    };
    assert_eq!(place.get("alice-site", "/").status, 404);
    assert_eq!(with(&bob).status, 404);
    assert_eq!(with("nonsense").status, 401);
    let own = with(&place.alice);
    // Nor is the token handed to the val.
    assert_eq!((own.status, own.body.as_str()), (200, ""));
    let set = |body: &str| {
        place
            .town
            .patch(&format!("/v1/vals/{id}"), &place.alice, body)
            .expect(200)
    };
    set(r#"{"privacy":"public","endpoint":"private"}"#);
    assert_eq!(place.get("alice-site", "/").status, 401);
    assert_eq!(with(&bob).status, 403);
    set(r#"{"endpoint":"public"}"#);
    assert_eq!(with("of the val's own").body, "Bearer of the val's own");
    set(r#"{"endpoint":"off"}"#);
    let stopped = with(&place.alice);
    assert_eq!(
        (stopped.status, &stopped.json()["error"]["code"]),
        (403, &json!("STOPPED"))
    );
}

#[test]
fn the_wire_is_right() {
    let place = Place::new();
    place.val(
        "site",
        "export default (request: Request) => {
            const { pathname } = new URL(request.url);
            if (pathname === '/redirect') return Response.redirect(new URL('/there', request.url));
            if (pathname === '/empty') return new Response(null, { status: 204 });
            if (pathname === '/cookies') return new Response('x', { headers: [['set-cookie', 'a=1; Domain=localhost'], ['set-cookie', 'b=2']] });
            if (pathname === '/range') {
                const range = /bytes=(\\d+)-(\\d+)/.exec(request.headers.get('range') ?? '')!;
                const [from, to] = [Number(range[1]), Number(range[2])];
                return new Response('0123456789'.slice(from, to + 1), { status: 206, headers: { 'content-range': `bytes ${from}-${to}/10` } });
            }
            return new Response('0123456789', { headers: { 'x-for': request.headers.get('x-forwarded-for')!, 'x-proto': request.headers.get('x-forwarded-proto')! } });
        }",
    );
    let head = place.send("HEAD", "alice-site", "/", "\r\n");
    assert_eq!(
        (
            head.status,
            head.header("content-length"),
            head.body.as_str()
        ),
        (200, Some("10"), "")
    );
    assert_eq!(
        (head.header("x-for"), head.header("x-proto")),
        (Some("127.0.0.1"), Some("http"))
    );
    let range = place.send("GET", "alice-site", "/range", "Range: bytes=2-4\r\n\r\n");
    assert_eq!(
        (
            range.status,
            range.header("content-range"),
            range.body.as_str()
        ),
        (206, Some("bytes 2-4/10"), "234")
    );
    let redirect = place.get("alice-site", "/redirect");
    let there = format!("http://alice-site.localhost:{}/there", place.port());
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (302, Some(there.as_str()))
    );
    assert_eq!(place.get("alice-site", "/empty").status, 204);
    let cookies = place.get("alice-site", "/cookies");
    assert!(
        cookies.head.contains("set-cookie: a=1\r\n") && cookies.head.contains("set-cookie: b=2"),
        "{}",
        cookies.head
    );
    let large = place.send(
        "POST",
        "alice-site",
        "/",
        "Content-Length: 200000000\r\n\r\n",
    );
    assert_eq!(
        (large.status, &large.json()["error"]["code"]),
        (413, &json!("TOO_LARGE"))
    );
}

#[test]
fn events_come_as_they_are_sent() {
    let place = Place::new();
    place.val(
        "clock",
        "export default () => {
            let count = 0;
            const body = new ReadableStream({
                async pull(to) {
                    await new Promise((done) => setTimeout(done, 20));
                    to.enqueue(new TextEncoder().encode(`data: ${++count}\\n\\n`));
                },
            });
            return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
        }",
    );
    let mut stream = place.connect();
    let ask = format!(
        "GET / HTTP/1.1\r\nHost: alice-clock.localhost:{}\r\n\r\n",
        place.port()
    );
    stream.write_all(ask.as_bytes()).unwrap();
    let head = read_until(&mut stream, "\r\n\r\n");
    assert!(head.contains("text/event-stream"), "{head}");
    for count in 1..4 {
        assert!(read_until(&mut stream, "\n\n").contains(&format!("data: {count}")));
    }
}

#[test]
fn a_socket_becomes_one() {
    let place = Place::new();
    let id = place.val(
        "echo",
        "Deno.serve((request) => {
            const { socket, response } = Deno.upgradeWebSocket(request);
            socket.onmessage = ({ data }) => socket.send(`you said ${data}`);
            return response;
        });",
    );
    let mut stream = place.connect();
    let ask = format!(
        "GET / HTTP/1.1\r\nHost: alice-echo.localhost:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        place.port()
    );
    stream.write_all(ask.as_bytes()).unwrap();
    let head = read_until(&mut stream, "\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    // A text frame, masked with zeros.
    stream.write_all(b"\x81\x82\0\0\0\0hi").unwrap();
    let mut frame = [0; 13];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(&frame, b"\x81\x0byou said hi");
    drop(stream);
    let runs = place.runs(&id, 1);
    assert_eq!(runs[0]["http"]["status"], 101);
}

#[test]
fn handlers_ask_the_town_each_for_itself() {
    let place = Place::new();
    place.val("double", "export default (n: number) => n * 2");
    place.val(
        "site",
        "import { api, me } from 'thorp:std';
        export default async (request: Request) => {
            const n = Number(new URL(request.url).pathname.slice(1));
            const doubled = await api('@alice/double', n);
            await me.update<number>('hits', (hits = 0) => hits + 1);
            return Response.json({ doubled });
        }",
    );
    thread::scope(|scope| {
        for n in 0..8 {
            let place = &place;
            scope.spawn(move || {
                let got = place.get("alice-site", &format!("/{n}"));
                assert_eq!(
                    (got.status, got.json()),
                    (200, json!({ "doubled": n * 2 })),
                    "{got:?}"
                );
            });
        }
    });
    assert_eq!(
        place
            .town
            .get("/v1/run/alice.hits", &place.alice)
            .expect(200),
        8
    );
}

#[test]
fn saves_under_load_fail_no_request_and_are_seen_at_once() {
    let place = Place::new();
    let code = |version: usize| format!("export default () => new Response('{version}')");
    let id = place.val("site", &code(0));
    let live = std::sync::atomic::AtomicUsize::new(0);
    let over = std::sync::atomic::AtomicBool::new(false);
    use std::sync::atomic::Ordering::SeqCst;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    let least = live.load(SeqCst);
                    let got = place.get("alice-site", "/");
                    assert_eq!(got.status, 200, "{got:?}");
                    let version: usize = got.body.parse().unwrap();
                    assert!(version >= least, "{version} after {least}");
                }
            });
        }
        for version in 1..=20 {
            place.save(&id, &code(version));
            live.store(version, SeqCst);
        }
        over.store(true, SeqCst);
    });
}

#[test]
fn a_val_of_imported_vals_and_secrets_serves() {
    let place = Place::new();
    place.val(
        "lib",
        "export const greet = (name: string) => `hello ${name}`; export default greet;",
    );
    let put = place
        .town
        .ask("PUT", "/v1/secrets/WHO")
        .token(&place.alice)
        .json(r#"{"value":"secret-world"}"#)
        .send();
    assert!(put.status < 300, "{}", put.body);
    place.val(
        "site",
        "import { greet } from 'val:alice/lib';
        export default () => { console.log(Deno.env.get('WHO')); return new Response(greet(Deno.env.get('WHO')!)) }",
    );
    assert_eq!(place.get("alice-site", "/").body, "hello secret-world");
    // A new value is seen by the next request.
    let put = place
        .town
        .ask("PUT", "/v1/secrets/WHO")
        .token(&place.alice)
        .json(r#"{"value":"another-world"}"#)
        .send();
    assert!(put.status < 300, "{}", put.body);
    assert_eq!(place.get("alice-site", "/").body, "hello another-world");
}

#[test]
fn vals_ask_each_other_at_their_addresses() {
    let place = Place::new();
    place.val("inner", "export default (request: Request) => new Response(`inner of ${request.headers.get('thorp-depth')}`)");
    let inner = format!("http://alice-inner.localhost:{}/", place.port());
    let id = place.val("outer", &format!("export default () => fetch('{inner}')"));
    let got = place.get("alice-outer", "/");
    // How deep it is, the town alone knows.
    assert_eq!((got.status, got.body.as_str()), (200, "inner of null"));
    let run = place.runs(&id, 1)[0]["id"].as_str().unwrap().to_owned();
    let egress = &place
        .town
        .get(&format!("/v1/runs/{run}"), &place.alice)
        .expect(200)["egress"];
    assert_eq!(egress["requests"][0]["status"], 200);
}

#[test]
fn a_val_that_asks_itself_comes_to_an_end() {
    let place = Place::new();
    place.val("loop", "export default (request: Request) => fetch(request.url, { headers: { 'thorp-depth': '0' } })");
    let got = place.get("alice-loop", "/");
    assert_eq!(
        (got.status, &got.json()["error"]["code"]),
        (508, &json!("LOOP_DETECTED"))
    );
}

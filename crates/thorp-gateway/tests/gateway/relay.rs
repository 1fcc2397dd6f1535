//! What passes: requests and answers of every kind.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use thorp_gateway::{Budget, Roots, Tenant};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::support::{
    Identity, Names, Town, USER, begin, echo_origin, read_head, scripted, server, tls_origin,
};

fn post(url: &str, bytes: usize) -> Request<Full<Bytes>> {
    Request::post(url)
        .body(Full::new(vec![b'x'; bytes].into()))
        .unwrap()
}

/// The line that names the connection.
fn connection(text: &str) -> &str {
    text.lines().nth(1).unwrap()
}

#[tokio::test]
async fn a_request_arrives_as_it_was_meant() {
    let town = Town::start();
    let origin = echo_origin().await;
    let reply = town.get(&format!("http://{origin}/a%20b?c=%2F&d")).await;
    assert_eq!(
        reply.show(),
        format!("200 GET /a%20b?c=%2F&d HTTP/1.1\nconnection 0\nhost: {origin}\n0 bytes")
    );
    let reply = town
        .send(post(&format!("http://origin.test:{}", origin.port()), 3))
        .await;
    let expected = format!(
        "200 POST / HTTP/1.1\nconnection 1\nhost: origin.test:{}\ncontent-length: 3\n3 bytes",
        origin.port()
    );
    assert_eq!(reply.show(), expected);
}

#[tokio::test]
async fn the_host_is_the_urls() {
    let town = Town::start();
    let origin = echo_origin().await;
    let raw = format!(
        "GET http://{origin}/ HTTP/1.1\r\nHost: metadata.internal\r\nX-A: 1\r\nConnection: close, x-a\r\n\r\n"
    );
    let answer = town.raw(raw).await;
    assert!(
        answer.contains(&format!("\nhost: {origin}\n0 bytes")),
        "{answer}"
    );
    assert!(
        !answer.contains("metadata") && !answer.contains("x-a"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_of_unknown_length_is_sent_in_chunks() {
    let town = Town::start();
    let origin = echo_origin().await;
    for method in ["POST", "GET"] {
        let raw = format!(
            "{method} http://{origin}/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n\
             3\r\nabc\r\n2\r\nde\r\n0\r\nx-trailer: 1\r\n\r\n"
        );
        let answer = town.raw(raw).await;
        assert!(
            answer.contains("transfer-encoding: chunked\n5 bytes"),
            "{answer}"
        );
    }
    let raw = format!(
        "POST http://{origin}/ HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let answer = town.raw(raw).await;
    assert!(answer.contains("content-length: 0\n"), "{answer}");
}

#[tokio::test]
async fn an_answer_is_passed_on_while_it_comes() {
    let (sender, receiver) = mpsc::channel::<&'static str>(1);
    let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(receiver));
    let origin = server(move |mut stream| {
        let receiver = receiver.clone();
        async move {
            read_head(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .await
                .unwrap();
            while let Some(text) = receiver.lock().await.recv().await {
                let chunk = format!("{:x}\r\n{text}\r\n", text.len());
                stream.write_all(chunk.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let town = Town::start();
    let request = Request::get(format!("http://{origin}/"))
        .body(Full::default())
        .unwrap();
    let mut answer = begin(&town.socket(), request).await;
    for text in ["one", "two"] {
        sender.send(text).await.unwrap();
        let frame = answer.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), text);
    }
    // Without its end, the answer is not whole.
    drop(sender);
    assert!(answer.body_mut().frame().await.unwrap().is_err());
}

#[tokio::test]
async fn a_slow_reader_holds_its_origin_up() {
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = sent.clone();
    let origin = server(move |mut stream| {
        let counter = counter.clone();
        async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[0; 64 << 10]).await.is_ok() {
                counter.fetch_add(64 << 10, std::sync::atomic::Ordering::Relaxed);
            }
        }
    })
    .await;
    let town = Town::start();
    let request = Request::get(format!("http://{origin}/"))
        .body(Full::default())
        .unwrap();
    let answer = begin(&town.socket(), request).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let bytes = sent.load(std::sync::atomic::Ordering::Relaxed);
    assert!(bytes < 16 << 20, "{bytes} bytes are under way");
    drop(answer);
}

#[tokio::test]
async fn a_large_body_passes_whole() {
    let town = Town::start();
    let origin = echo_origin().await;
    let reply = town
        .send(post(&format!("http://{origin}/"), 20 << 20))
        .await;
    assert!(reply.text().ends_with("20971520 bytes"), "{}", reply.text());
}

#[tokio::test]
async fn answers_without_bodies_are_whole() {
    let town = Town::start();
    let origin = scripted("HTTP/1.1 304 Not Modified\r\ncontent-length: 77\r\n\r\n").await;
    let reply = town.get(&format!("http://{origin}/")).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (304, 0));
    let origin = scripted("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n").await;
    let head = Request::head(format!("http://{origin}/"))
        .body(Full::default())
        .unwrap();
    let reply = town.send(head).await;
    assert_eq!(
        (reply.body.len(), &reply.headers["content-length"]),
        (0, &"99".parse().unwrap())
    );
}

#[tokio::test]
async fn compressed_bytes_are_not_touched() {
    let town = Town::start();
    let origin = scripted(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x00ab",
    )
    .await;
    let reply = town.get(&format!("http://{origin}/")).await;
    assert_eq!(&reply.body[..], b"\x1f\x00ab");
    assert_eq!(reply.headers["content-encoding"], "gzip");
}

#[tokio::test]
async fn tls_speaks_h2_where_the_origin_does() {
    let identity = Identity::of(&["origin.test", "127.0.0.1"]);
    let town = Town::with(|config| config.roots = Roots::Given(vec![identity.certificate.clone()]));
    let origin = tls_origin(&identity, &["h2", "http/1.1"]).await;
    let url = format!("https://origin.test:{}/x?y", origin.port());
    for bytes in [0, 5 << 20] {
        let reply = town.send(post(&url, bytes)).await;
        assert!(
            reply
                .text()
                .starts_with(&format!("POST {url} HTTP/2.0\nconnection 0\n")),
            "{}",
            reply.text()
        );
        assert!(
            reply.text().ends_with(&format!("\n{bytes} bytes")),
            "{}",
            reply.text()
        );
        assert!(!reply.text().contains("\nhost:"), "{}", reply.text());
    }
    let origin = tls_origin(&identity, &["http/1.1"]).await;
    let reply = town.get(&format!("https://{origin}/")).await;
    assert!(
        reply.text().starts_with("GET / HTTP/1.1\n"),
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn tls_trusts_only_its_roots_and_the_urls_name() {
    let identity = Identity::of(&["other.test"]);
    let origin = tls_origin(&identity, &[]).await;
    let url = format!("https://origin.test:{}/", origin.port());
    let stranger = Town::start();
    let shown = stranger.get(&url).await.show();
    assert!(
        shown.starts_with("502 EGRESS_TLS: no TLS with `origin.test`: invalid peer certificate"),
        "{shown}"
    );
    let town = Town::with(|config| config.roots = Roots::Given(vec![identity.certificate.clone()]));
    let shown = town.get(&url).await.show();
    assert!(
        shown.contains("502 EGRESS_TLS") && shown.contains("not valid for name"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_connection_is_used_again_by_its_user_only() {
    let identity = Identity::of(&["origin.test"]);
    let town = Town::with(|config| config.roots = Roots::Given(vec![identity.certificate.clone()]));
    let (_same, same) = town.open("1", USER);
    let (_other, other) = town.open(
        "2",
        Tenant {
            user: Uuid::from_u128(2),
        },
    );
    for (scheme, origin) in [
        ("http", echo_origin().await),
        ("https", tls_origin(&identity, &["h2"]).await),
    ] {
        let url = format!("{scheme}://origin.test:{}/", origin.port());
        let first = town.get(&url).await;
        // The connection goes back when its answer has been read, which is a moment later.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let ask = async |socket: &std::path::Path| {
            let request = Request::get(&url).body(Full::default()).unwrap();
            let body = begin(socket, request)
                .await
                .into_body()
                .collect()
                .await
                .unwrap();
            String::from_utf8(body.to_bytes().to_vec()).unwrap()
        };
        assert_eq!(connection(first.text()), "connection 0");
        assert_eq!(connection(&ask(&other).await), "connection 1");
        assert_eq!(connection(&ask(&same).await), "connection 0");
    }
}

#[tokio::test]
async fn requests_at_once_share_an_h2_connection() {
    let identity = Identity::of(&["origin.test"]);
    let town = Town::with(|config| config.roots = Roots::Given(vec![identity.certificate.clone()]));
    let origin = tls_origin(&identity, &["h2"]).await;
    let url = format!("https://origin.test:{}/", origin.port());
    let town = std::sync::Arc::new(town);
    town.get(&url).await;
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let (town, url) = (town.clone(), url.clone());
            tokio::spawn(async move { town.send(post(&url, 300_000)).await })
        })
        .collect();
    for reply in asking {
        let reply = reply.await.unwrap();
        assert_eq!(connection(reply.text()), "connection 0");
        assert!(reply.text().ends_with("\n300000 bytes"));
    }
}

#[tokio::test]
async fn a_kept_connection_that_its_origin_closed_is_replaced() {
    let origin = server(|mut stream| async move {
        read_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .await
            .unwrap();
    })
    .await;
    let town = Town::start();
    for _ in 0..5 {
        assert_eq!(
            town.get(&format!("http://{origin}/")).await.show(),
            "200 ok"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn kept_connections_are_closed_after_a_while() {
    let (sender, mut closed) = mpsc::channel(1);
    let origin = server(move |mut stream| {
        let sender = sender.clone();
        async move {
            read_head(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await
                .unwrap();
            read_head(&mut stream).await;
            sender.send(()).await.unwrap();
        }
    })
    .await;
    let town = Town::with(|config| config.limits.pool_idle = Duration::from_millis(100));
    assert_eq!(
        town.get(&format!("http://{origin}/")).await.show(),
        "200 ok"
    );
    tokio::time::timeout(Duration::from_secs(5), closed.recv())
        .await
        .unwrap();
}

#[tokio::test]
async fn redirects_are_the_guests_to_follow() {
    let town = Town::start();
    let origin =
        scripted("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2/\r\ncontent-length: 0\r\n\r\n")
            .await;
    let reply = town.get(&format!("http://{origin}/")).await;
    assert_eq!(reply.status, 302);
    let next = reply.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(
        town.get(&next).await.show(),
        "403 EGRESS_DENIED: 127.0.0.2 is not a public address"
    );
}

#[tokio::test]
async fn the_report_says_what_was_done() {
    let town = Town::start();
    let origin = echo_origin().await;
    let length = town
        .send(post(&format!("http://{origin}/secret"), 1000))
        .await
        .body
        .len() as u64;
    town.get("http://10.0.0.1/").await;
    town.raw("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await;
    let report = town.door.report();
    let [sent, denied] = &report.requests[..] else {
        panic!("{report:?}")
    };
    assert_eq!(
        (sent.method.as_str(), sent.scheme, sent.host.as_str()),
        ("POST", "http", "127.0.0.1")
    );
    assert_eq!(
        (sent.port, sent.status, sent.denial),
        (origin.port(), Some(200), None)
    );
    assert!(sent.bytes_out > 1000 && sent.bytes_out < 1200, "{sent:?}");
    assert!(
        sent.bytes_in > length && sent.bytes_in < length + 200,
        "{sent:?}"
    );
    assert!(sent.duration_micros > 0 && denied.started_micros > sent.started_micros);
    assert_eq!(
        (denied.status, denied.denial.unwrap().as_str()),
        (None, "EGRESS_DENIED")
    );
    assert_eq!(report.dropped, 1);
    assert_eq!(report.bytes_out, sent.bytes_out + denied.bytes_out);
    town.door.assign(USER, Budget::default()).unwrap();
    assert_eq!(town.door.report(), Default::default());
}

#[tokio::test]
async fn a_door_is_one_users() {
    let town = Town::unassigned(|_| {});
    let shown = town.get("http://origin.test/").await.show();
    assert_eq!(shown, "403 EGRESS_DENIED: nothing runs in this sandbox");
    town.door.assign(USER, Budget::default()).unwrap();
    let other = Tenant {
        user: Uuid::from_u128(2),
    };
    assert!(town.door.assign(other, Budget::default()).is_err());
}

#[tokio::test]
async fn a_dropped_door_ends_what_is_under_way() {
    let origin = scripted("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
    let town = Town::with(|config| config.resolver = Names::of(&[]));
    let (door, socket) = town.open("1", USER);
    let request = Request::get(format!("http://{origin}/"))
        .body(Full::default())
        .unwrap();
    let mut answer = begin(&socket, request).await;
    answer.body_mut().frame().await.unwrap().unwrap();
    drop(door);
    let ended = tokio::time::timeout(Duration::from_secs(5), answer.body_mut().frame());
    assert!(ended.await.unwrap().unwrap().is_err());
    assert!(tokio::net::UnixStream::connect(&socket).await.is_err());
}

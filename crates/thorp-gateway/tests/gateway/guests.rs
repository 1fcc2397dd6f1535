//! Hostile guests: malformed, smuggled, huge and slow requests.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::support::{Town, echo_origin, scripted, server};

/// The gateway's answer to a request line and headers.
async fn check(town: &Town, head: &str, expected: &str) {
    let answer = town
        .raw(format!("{head}\r\nconnection: close\r\n\r\n"))
        .await;
    let status = answer.get(9..12).unwrap_or_default();
    let message = answer
        .split_once(r#""message":""#)
        .map_or("", |(_, rest)| rest);
    let message = message.split_once('"').map_or("", |(message, _)| message);
    assert_eq!(
        format!("{status} {message}").trim(),
        expected,
        "{head}: {answer}"
    );
}

#[tokio::test]
async fn what_is_not_a_request_to_a_proxy_is_refused() {
    let town = Town::start();
    check(
        &town,
        "GET / HTTP/1.1\r\nhost: a",
        "400 the URL has no scheme and host",
    )
    .await;
    check(
        &town,
        "OPTIONS * HTTP/1.1\r\nhost: a",
        "400 the URL has no scheme and host",
    )
    .await;
    let method = "400 the method is not one that the gateway carries";
    check(&town, "CONNECT 127.0.0.1:80 HTTP/1.1\r\nhost: a", method).await;
    check(
        &town,
        "TRACE http://origin.test/ HTTP/1.1\r\nhost: a",
        method,
    )
    .await;
    check(
        &town,
        "GET http://a@origin.test/ HTTP/1.1\r\nhost: a",
        "400 the URL holds a user name or a password",
    )
    .await;
    check(&town, "GET file:///etc/passwd HTTP/1.1\r\nhost: a", "400").await;
    check(
        &town,
        "GET ftp://origin.test/ HTTP/1.1\r\nhost: a",
        "400 the URL's scheme is not http or https",
    )
    .await;
    check(
        &town,
        "GET http://origin.test/\0 HTTP/1.1\r\nhost: a",
        "400",
    )
    .await;
    check(
        &town,
        "GET http://origin.test/ HTTP/1.1\r\nhost: a\r\nhost: b",
        "400 there is more than one `Host`",
    )
    .await;
    check(
        &town,
        "GET http://origin.test/ HTTP/1.1\r\nhost: a\r\nx: a\r\n folded",
        "400",
    )
    .await;
    check(
        &town,
        "GET http://origin.test/ HTTP/1.1\r\nhost: a\r\nx: a\0b",
        "400",
    )
    .await;
    check(
        &town,
        "GET http://origin.test/ HTTP/1.1\r\nhost: a\r\nx : a",
        "400",
    )
    .await;
    check(
        &town,
        "GET http://origin.test/ HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 2",
        "400",
    )
    .await;
    check(
        &town,
        "GET http://origin.test/ HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2",
        "400",
    )
    .await;
    check(
        &town,
        "GET http://origin.test/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip",
        "400",
    )
    .await;
    check(
        &town,
        "GET http://origin.test/ HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked",
        "400",
    )
    .await;
    // HTTP/2 without TLS: no answer, or one that is no HTTP/1.
    let answer = town.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn a_request_can_not_hide_another() {
    let town = Town::start();
    let origin = echo_origin().await;
    let hidden =
        format!("GET http://{origin}/hidden HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    for framing in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "transfer-encoding:\tchunked\r\ncontent-length: 5",
        "Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\ncontent-length: 100",
    ] {
        let raw = format!(
            "POST http://{origin}/a HTTP/1.1\r\nhost: a\r\n{framing}\r\n\r\n0\r\n\r\n{hidden}"
        );
        let answer = town.raw(raw).await;
        // If the second request is one, it is the gateway's to judge and to write: the origin sees two whole requests.
        let seen: Vec<_> = answer
            .lines()
            .filter(|line| line.starts_with("POST ") || line.starts_with("GET "))
            .collect();
        assert!(
            matches!(
                seen[..],
                [] | ["POST /a HTTP/1.1"] | ["POST /a HTTP/1.1", "GET /hidden HTTP/1.1"]
            ),
            "{answer}"
        );
        assert!(!answer.contains("content-length: 5\n"), "{answer}");
        assert_eq!(
            town.door
                .report()
                .requests
                .iter()
                .filter(|one| one.status.is_some())
                .count(),
            seen.len()
        );
        town.door
            .assign(crate::support::USER, Default::default())
            .unwrap();
    }
}

#[tokio::test]
async fn bare_line_feeds_do_not_reach_an_origin() {
    let town = Town::start();
    let origin = echo_origin().await;
    let answer = town
        .raw(format!(
            "GET http://{origin}/ HTTP/1.1\nhost: a\nx: 1\nconnection: close\n\n"
        ))
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 400") || answer.contains("\nx: 1\n"),
        "{answer}"
    );
    let answer = town
        .raw(format!(
            "GET http://{origin}/ HTTP/1.1\r\nhost: a\r\nx: 1\rhost: b\r\n\r\n"
        ))
        .await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn heads_and_urls_have_bounds() {
    let town = Town::start();
    let long = "a".repeat(20 << 10);
    check(
        &town,
        &format!("GET http://origin.test/{long} HTTP/1.1\r\nhost: a"),
        "400 the URL is longer than 16384 bytes",
    )
    .await;
    let lines = format!("\r\nx: {long}").repeat(4);
    check(
        &town,
        &format!("GET http://origin.test/ HTTP/1.1\r\nhost: a{lines}"),
        "400 the header lines are longer than 65536 bytes",
    )
    .await;
    let lines = "\r\nx: y".repeat(97);
    check(
        &town,
        &format!("GET http://origin.test/ HTTP/1.1\r\nhost: a{lines}"),
        "400 there are more than 96 header lines",
    )
    .await;
    check(
        &town,
        &format!(
            "GET http://origin.test/ HTTP/1.1\r\nhost: a{}",
            "\r\nx: y".repeat(10_000)
        ),
        "431",
    )
    .await;
    check(
        &town,
        &format!(
            "GET http://origin.test/ HTTP/1.1\r\nhost: a\r\nx: {}",
            "y".repeat(4 << 20)
        ),
        "431",
    )
    .await;
    check(
        &town,
        &format!(
            "GET http://origin.test/{} HTTP/1.1\r\nhost: a",
            "y".repeat(70_000)
        ),
        "414",
    )
    .await;
}

#[tokio::test]
async fn a_slow_head_is_cut() {
    let town = Town::with(|config| config.limits.guest_head = Duration::from_millis(200));
    let mut stream = UnixStream::connect(town.socket()).await.unwrap();
    let begun = Instant::now();
    let mut bytes = b"GET http://origin.test/ HTTP/1.1\r\nx: "
        .iter()
        .chain(std::iter::repeat(&b'y'));
    while stream.write_all(&[*bytes.next().unwrap()]).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "the connection is still open"
        );
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_cut() {
    let town = Town::with(|config| config.limits.first_byte = Duration::from_millis(200));
    let origin = echo_origin().await;
    let raw = format!("POST http://{origin}/ HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc");
    let answer = town.raw(raw).await;
    assert!(
        answer.starts_with("HTTP/1.1 504") && answer.contains("EGRESS_TIMEOUT"),
        "{answer}"
    );
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_cut() {
    let town = Town::with(|config| config.limits.idle = Duration::from_millis(300));
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(64 << 20, b'x');
    let origin = scripted(endless).await;
    let mut stream = UnixStream::connect(town.socket()).await.unwrap();
    let head = format!("GET http://{origin}/ HTTP/1.1\r\nhost: a\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.len() < 64 << 20);
    assert_eq!(
        town.door.report().requests[0].denial.unwrap().as_str(),
        "EGRESS_TIMEOUT"
    );
}

#[tokio::test]
async fn a_body_that_its_origin_does_not_read_is_held_up() {
    let town = Town::with(|config| config.limits.first_byte = Duration::from_millis(300));
    let origin = server(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let request = Request::post(format!("http://{origin}/"))
        .body(Full::new(vec![0; 64 << 20].into()))
        .unwrap();
    let reply = town.send(request).await;
    assert_eq!(
        reply.show(),
        "504 EGRESS_TIMEOUT: no answer from `127.0.0.1` in time"
    );
    let report = town.door.report();
    assert!(
        report.bytes_out < 16 << 20,
        "{} bytes are under way",
        report.bytes_out
    );
}

#[tokio::test]
async fn many_requests_at_once_wait_for_each_other() {
    let town = std::sync::Arc::new(Town::with(|config| config.limits.open_requests = 4));
    let origin = echo_origin().await;
    let asking: Vec<_> = (0..300)
        .map(|_| {
            let (town, url) = (town.clone(), format!("http://{origin}/"));
            tokio::spawn(async move { town.get(&url).await.status })
        })
        .collect();
    for status in asking {
        assert_eq!(status.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn requests_that_hold_all_places_hold_them_not_for_ever() {
    let town = Town::with(|config| {
        config.limits.open_requests = 1;
        config.limits.connect = Duration::from_millis(200);
    });
    let origin = scripted("HTTP/1.1 200 OK\r\n\r\nabc").await;
    let request = || -> Request<Full<Bytes>> {
        Request::get(format!("http://{origin}/"))
            .body(Full::default())
            .unwrap()
    };
    let held = crate::support::begin(&town.socket(), request()).await;
    let shown = town.send(request()).await.show();
    assert_eq!(
        shown,
        "429 EGRESS_QUOTA: 1 requests are open, and none has ended"
    );
    drop(held);
}

#[tokio::test]
async fn a_door_is_closed_to_other_processes() {
    let town = Town::start();
    let own = i32::try_from(std::process::id()).unwrap();
    for (process, status) in [(own, Some(400)), (own + 1, None)] {
        let path = town.socket().with_extension(process.to_string());
        let listener = UnixListener::bind(&path).unwrap();
        let _door = town.gateway.open(listener, Some(process));
        let mut stream = UnixStream::connect(&path).await.unwrap();
        let _ = stream.write_all(b"nonsense\r\n\r\n").await;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert_eq!(answer.get(9..12).and_then(|text| text.parse().ok()), status);
    }
}

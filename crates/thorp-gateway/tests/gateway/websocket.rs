//! Connections that become WebSockets.

use std::time::Duration;

use thorp_gateway::{Budget, Roots};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::{Identity, Town, USER, echo_origin, read_head, server};

const ACCEPTED: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Accepts every upgrade and sends back what comes.
async fn mirror(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let head = read_head(&mut stream).await;
    assert!(
        head.contains("upgrade: websocket\r\n")
            && head.contains("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="),
        "{head}"
    );
    stream.write_all(ACCEPTED).await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let _ = tokio::io::copy(&mut reader, &mut writer).await;
    let _ = writer.shutdown().await;
}

async fn upgrade(town: &Town, url: &str) -> (UnixStream, String) {
    let mut stream = UnixStream::connect(town.socket()).await.unwrap();
    let head = format!(
        "GET {url} HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let head = read_head(&mut stream).await;
    (stream, head)
}

#[tokio::test]
async fn bytes_pass_both_ways_until_both_ends_close() {
    let identity = Identity::of(&["origin.test"]);
    let acceptor = identity.acceptor(&["h2", "http/1.1"]);
    let plain = server(mirror).await;
    let tls = server(move |stream| {
        let acceptor = acceptor.clone();
        async move { mirror(acceptor.accept(stream).await.unwrap()).await }
    })
    .await;
    let town = Town::with(|config| config.roots = Roots::Given(vec![identity.certificate.clone()]));
    for url in [
        format!("http://{plain}/"),
        format!("https://origin.test:{}/", tls.port()),
    ] {
        let (mut stream, head) = upgrade(&town, &url).await;
        assert!(
            head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
            "{head}"
        );
        assert!(
            head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            "{head}"
        );
        for _ in 0..100 {
            stream.write_all(b"hello").await.unwrap();
            let mut bytes = [0; 5];
            stream.read_exact(&mut bytes).await.unwrap();
            assert_eq!(&bytes, b"hello");
        }
        stream.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
    let report = town.door.report();
    for record in &report.requests {
        assert_eq!((record.status, record.denial), (Some(101), None));
        assert!(
            record.bytes_out > 500 && record.bytes_in > 500,
            "{record:?}"
        );
    }
}

#[tokio::test]
async fn an_origin_that_declines_is_heard() {
    let town = Town::start();
    let origin = echo_origin().await;
    let (_, head) = upgrade(&town, &format!("http://{origin}/")).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let (_, head) = upgrade(&town, "http://10.0.0.1/").await;
    assert!(head.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{head}");
}

#[tokio::test]
async fn only_websockets_are_upgraded_to() {
    let town = Town::start();
    let origin = echo_origin().await;
    let answer = town
        .raw(format!(
            "GET http://{origin}/ HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n"
        ))
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && !answer.contains("h2c"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_quiet_websocket_is_cut() {
    let town = Town::with(|config| config.limits.idle = Duration::from_millis(200));
    let origin = server(mirror).await;
    let (mut stream, _) = upgrade(&town, &format!("http://{origin}/")).await;
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    assert_eq!(
        town.door.report().requests[0].denial.unwrap().as_str(),
        "EGRESS_TIMEOUT"
    );
}

#[tokio::test]
async fn a_websocket_has_the_budget_of_its_evaluation() {
    let town = Town::start();
    let budget = Budget {
        bytes_in: 100_000,
        ..Budget::default()
    };
    town.door.assign(USER, budget).unwrap();
    let origin = server(mirror).await;
    let (mut stream, _) = upgrade(&town, &format!("http://{origin}/")).await;
    let mut got = 0;
    let mut buffer = [0; 4096];
    loop {
        if stream.write_all(&[0; 4096]).await.is_err() {
            break;
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => got += read,
        }
    }
    assert!(got <= 100_000, "{got}");
    assert_eq!(
        town.door.report().requests[0].denial.unwrap().as_str(),
        "EGRESS_QUOTA"
    );
}

//! Hostile origins: answers that lie, never come, or never end.

use std::time::Duration;

use thorp_gateway::Roots;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Identity, Town, read_head, scripted, server};

async fn answer(bytes: impl Into<Vec<u8>>) -> String {
    let town = Town::with(|config| {
        config.limits.first_byte = Duration::from_secs(1);
        config.limits.idle = Duration::from_secs(2);
    });
    let origin = scripted(bytes).await;
    let reply = town.get(&format!("http://{origin}/")).await;
    format!("{}{}", reply.show(), if reply.cut { " (cut)" } else { "" })
}

#[tokio::test]
async fn an_origin_can_not_speak_for_the_gateway() {
    let town = Town::start();
    let origin = scripted(
        "HTTP/1.1 403 Forbidden\r\nThorp-Egress-Error: EGRESS_DENIED\r\nproxy-status: thorp; error=x\r\n\
         connection: x-hop, keep-alive\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\ncontent-length: 2\r\nx-kept: 1\r\n\r\nno",
    )
    .await;
    let reply = town.get(&format!("http://{origin}/")).await;
    assert_eq!(reply.show(), "403 no");
    let mut names: Vec<_> = reply.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "x-kept"]);
}

#[tokio::test]
async fn what_is_not_http_is_an_error() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 banana\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
    ] {
        let shown = answer(bytes).await;
        assert!(
            shown.starts_with("502 EGRESS_UPSTREAM: no answer from `127.0.0.1`: "),
            "{bytes}: {shown}"
        );
    }
}

#[tokio::test]
async fn a_protocol_that_nobody_asked_for_is_an_error() {
    let shown = answer(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    )
    .await;
    assert!(shown.starts_with("502 EGRESS_UPSTREAM"), "{shown}");
}

#[tokio::test]
async fn huge_heads_are_errors() {
    let lines = "x: y\r\n".repeat(1000);
    let shown = answer(format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).await;
    assert!(shown.starts_with("502 EGRESS_UPSTREAM"), "{shown}");
    let line = "y".repeat(1 << 20);
    let shown = answer(format!("HTTP/1.1 200 OK\r\nx: {line}\r\n\r\n")).await;
    assert!(shown.starts_with("502 EGRESS_UPSTREAM"), "{shown}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_cut() {
    assert_eq!(
        answer("").await,
        "504 EGRESS_TIMEOUT: no answer from `127.0.0.1` in time"
    );
    let shown = answer("HTTP/1.1 200 OK\r\nx: ").await;
    assert_eq!(
        shown,
        "504 EGRESS_TIMEOUT: no answer from `127.0.0.1` in time"
    );
}

#[tokio::test]
async fn an_answer_that_stops_is_cut() {
    assert_eq!(
        answer("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await,
        "200  (cut)"
    );
}

#[tokio::test]
async fn interim_answers_are_passed_over_until_they_are_too_many() {
    let few = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(3);
    let shown = answer(format!(
        "{few}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    ))
    .await;
    assert_eq!(shown, "200 ok");
    let origin = server(|mut stream| async move {
        read_head(&mut stream).await;
        while stream
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await
            .is_ok()
        {}
    })
    .await;
    let town = Town::start();
    let shown = town.get(&format!("http://{origin}/")).await.show();
    assert_eq!(
        shown,
        "502 EGRESS_UPSTREAM: `127.0.0.1` sent interim answers without end"
    );
}

#[tokio::test]
async fn a_lie_about_the_length_stays_with_its_connection() {
    let town = Town::start();
    let origin = scripted(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    )
    .await;
    for _ in 0..3 {
        assert_eq!(
            town.get(&format!("http://{origin}/")).await.show(),
            "200 ok"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn chunks_and_a_length_together_are_chunks() {
    let shown = answer(
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    )
    .await;
    assert_eq!(shown, "200 ok");
}

#[tokio::test]
async fn frames_that_are_no_answer_do_not_come_without_end() {
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    let mut unknown = vec![0, 0x40, 0, 0xfa, 0, 0, 0, 0, 0];
    unknown.resize(9 + 0x4000, 0);
    // HEADERS of stream 1 with `:status: 100`, as a literal.
    let interim = [0, 0, 5, 1, 4, 0, 0, 0, 1, 0x08, 3, b'1', b'0', b'0'];
    for flood in [ping.to_vec(), unknown, interim.to_vec()] {
        let identity = Identity::of(&["origin.test"]);
        let acceptor = identity.acceptor(&["h2"]);
        let frames = flood.repeat((64 << 10) / flood.len());
        let origin = server(move |stream| {
            let (acceptor, frames) = (acceptor.clone(), frames.clone());
            async move {
                let stream = acceptor.accept(stream).await.unwrap();
                let (mut reader, mut writer) = tokio::io::split(stream);
                writer.write_all(&settings).await.unwrap();
                // Its preface and its request; then whatever it says is not listened to.
                let _ = reader.read(&mut [0; 4096]).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
                tokio::spawn(async move {
                    while reader.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
                });
                while writer.write_all(&frames).await.is_ok() {}
            }
        })
        .await;
        let town = Town::with(|config| config.roots = Roots::Given(vec![identity.certificate]));
        let shown = town
            .get(&format!("https://origin.test:{}/", origin.port()))
            .await
            .show();
        assert!(
            shown.starts_with("502 EGRESS_UPSTREAM: no answer from `origin.test`: "),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn small_pieces_are_no_abuse() {
    let identity = Identity::of(&["origin.test"]);
    let acceptor = identity.acceptor(&["http/1.1"]);
    let origin = server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            read_head(&mut stream).await;
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            // Each a record of TLS: 28 bytes for one, about 3 MiB in all.
            for _ in 0..100_000 {
                stream.write_all(b"1\r\nx\r\n").await.unwrap();
            }
            stream.write_all(b"0\r\n\r\n").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    })
    .await;
    let town = Town::with(|config| config.roots = Roots::Given(vec![identity.certificate]));
    let reply = town
        .get(&format!("https://origin.test:{}/", origin.port()))
        .await;
    let report = town.door.report();
    assert_eq!(
        (reply.body.len(), reply.cut),
        (100_000, false),
        "{report:?}"
    );
}

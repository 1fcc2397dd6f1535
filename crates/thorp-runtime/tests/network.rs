//! What runs reach of the network: through the gateway, and no other way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::net::SocketAddr;

use support::{Town, show};
use thorp_runtime::gateway::policy::Rules;
use thorp_runtime::gateway::{Code, Gateway, GatewayConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers every request with the same few bytes. Ends with the test.
async fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let answer =
                    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

async fn town(allow: &[&str]) -> Town {
    let rules = Rules::parse(allow, &[]).unwrap();
    let gateway = Gateway::new(GatewayConfig {
        rules,
        ..GatewayConfig::default()
    });
    Town::with(|config| config.gateway = gateway.unwrap()).await
}

#[tokio::test]
async fn fetch_reaches_what_is_allowed_and_is_reported() {
    let origin = origin().await;
    let town = town(&[&origin.to_string()]).await;
    let code = format!("return (await fetch('http://{origin}/x')).text()");
    let outcome = town.body(&code).await;
    assert_eq!(show(&outcome), r#""hello""#);
    let [request] = outcome.egress.requests.as_slice() else {
        panic!("{:?}", outcome.egress);
    };
    assert_eq!(
        (request.method.as_str(), request.host.as_str(), request.port),
        ("GET", "127.0.0.1", origin.port())
    );
    assert_eq!((request.status, request.denial), (Some(200), None));
    town.stop().await;
}

#[tokio::test]
async fn what_is_not_public_is_refused_with_the_reason() {
    let origin = origin().await;
    let town = town(&[]).await;
    for (host, said) in [
        ("127.0.0.1", "127.0.0.1 is not a public address"),
        ("169.254.169.254", "169.254.169.254 is not a public address"),
        ("[::ffff:127.0.0.1]", "is not a public address"),
    ] {
        let code = format!(
            "return (await fetch('http://{host}:{}/')).text()",
            origin.port()
        );
        let outcome = town.body(&code).await;
        let shown = show(&outcome);
        assert!(
            shown.contains("TypeError: EGRESS_DENIED: ") && shown.contains(said),
            "{shown}"
        );
        assert_eq!(outcome.egress.requests[0].denial, Some(Code::Denied));
    }
    town.stop().await;
}

#[tokio::test]
async fn there_is_no_other_way() {
    let origin = origin().await;
    let town = town(&[&origin.to_string()]).await;
    let port = origin.port();
    for code in [
        format!("const c = await Deno.connect({{ port: {port} }}); c.close()"),
        format!(
            "const net = await import('node:net'); await new Promise((ok, no) => net.connect({port}, '127.0.0.1', ok).on('error', no))"
        ),
        "await Deno.resolveDns('localhost', 'A')".to_owned(),
        "Deno.listen({ port: 0 })".to_owned(),
        "(await Deno.listenDatagram({ port: 0, transport: 'udp' })).close()".to_owned(),
        format!(
            "Deno.env.delete('ALL_PROXY'); await new Promise((ok, no) => {{ const w = new WebSocket('ws://169.254.169.254:{port}'); w.onopen = ok; w.onerror = () => no(new Error('refused')) }})"
        ),
    ] {
        let shown = show(&town.body(&code).await);
        assert!(shown.starts_with("! "), "{code}: {shown}");
    }
    town.stop().await;
}

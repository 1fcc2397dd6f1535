//! Bounds on what the gateway does for a guest towards origins.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use thorp_gateway::Rules;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Names, Town, read_head, server};

#[tokio::test]
async fn connecting_ends_in_time() {
    let town = Town::with(|config| config.limits.connect = Duration::from_millis(200));
    // Takes connections and says nothing, so that there is no TLS.
    let origin = server(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let shown = town.get(&format!("https://{origin}/")).await.show();
    assert_eq!(
        shown,
        format!("504 EGRESS_TIMEOUT: no connection to `{origin}` in time")
    );
    // Takes no connection at all: one waits already, and there is room for one.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let deaf = socket.listen(0).unwrap();
    let address = deaf.local_addr().unwrap();
    let _first = TcpStream::connect(address).await.unwrap();
    let shown = town.get(&format!("http://{address}/")).await.show();
    assert_eq!(
        shown,
        format!("504 EGRESS_TIMEOUT: no connection to `{address}` in time")
    );
}

#[tokio::test]
async fn so_many_addresses_of_a_name_are_tried() {
    let listener = TcpListener::bind("127.0.0.7:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            let _ = stream
                .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
                .await;
        }
    });
    let town = Town::with(|config| {
        config.rules = Rules::parse(&["127.0.0.0/8", "five.test", "six.test"], &[]).unwrap();
        config.resolver = Names::of(&[
            (
                "five.test",
                &[&[
                    "127.0.0.2",
                    "127.0.0.3",
                    "127.0.0.4",
                    "127.0.0.5",
                    "127.0.0.6",
                    "127.0.0.7",
                ]],
            ),
            (
                "six.test",
                &[&[
                    "127.0.0.1",
                    "127.0.0.2",
                    "127.0.0.3",
                    "127.0.0.4",
                    "127.0.0.5",
                    "127.0.0.6",
                    "127.0.0.7",
                ]],
            ),
        ]);
    });
    assert_eq!(
        town.get(&format!("http://five.test:{port}/")).await.status,
        204
    );
    let shown = town.get(&format!("http://six.test:{port}/")).await.show();
    assert!(shown.starts_with("502 EGRESS_CONNECT: "), "{shown}");
}

/// An origin at every address of this machine that keeps connections, and counts those that are open and all.
async fn counting(open: Arc<AtomicUsize>, all: Arc<AtomicUsize>) -> u16 {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let listener = TcpListener::bind(any).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (open, all) = (open.clone(), all.clone());
            open.fetch_add(1, SeqCst);
            all.fetch_add(1, SeqCst);
            tokio::spawn(async move {
                while !read_head(&mut stream).await.is_empty() {
                    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
                }
                open.fetch_sub(1, SeqCst);
            });
        }
    });
    port
}

#[tokio::test]
async fn a_user_keeps_so_many_connections() {
    const KEPT: u8 = 32;
    let town = Town::with(|config| config.rules = Rules::parse(&["127.0.0.0/8"], &[]).unwrap());
    let (open, all) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let port = counting(open.clone(), all.clone()).await;
    let ask = async |host: u8| {
        let reply = town.get(&format!("http://127.0.0.{host}:{port}/")).await;
        assert_eq!(reply.status, 204);
        // It is kept when its answer has been read to the end.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    };
    for host in 1..=KEPT + 8 {
        ask(host).await;
    }
    let open = || open.load(SeqCst);
    for _ in 0..2_000 {
        if open() == usize::from(KEPT) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(open(), usize::from(KEPT));
    let before = all.load(SeqCst);
    ask(KEPT + 8).await;
    assert_eq!(all.load(SeqCst), before, "the newest is kept");
    ask(1).await;
    assert_eq!(all.load(SeqCst), before + 1, "the oldest is not");
}

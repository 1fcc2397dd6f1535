//! The budget of an evaluation.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use thorp_gateway::{Budget, Destination, Roots};
use tokio::io::AsyncWriteExt;

use crate::support::{Identity, Town, USER, echo_origin, read_head, server, tls_origin};

fn town(requests: u64, bytes_out: u64, bytes_in: u64) -> Town {
    let town = Town::start();
    let budget = Budget {
        requests,
        bytes_out,
        bytes_in,
    };
    town.door.assign(USER, budget).unwrap();
    town
}

#[tokio::test]
async fn requests_are_counted_refused_ones_too() {
    let town = town(2, 1 << 20, 1 << 20);
    let origin = echo_origin().await;
    let url = format!("http://{origin}/");
    assert_eq!(town.get(&url).await.status, 200);
    assert_eq!(town.get("http://10.0.0.1/").await.status, 403);
    for _ in 0..2 {
        assert_eq!(
            town.get(&url).await.show(),
            "429 EGRESS_QUOTA: this run may make 2 requests"
        );
    }
    let report = town.door.report();
    assert_eq!((report.requests.len(), report.dropped), (2, 2));
    town.door.assign(USER, Budget::default()).unwrap();
    assert_eq!(town.get(&url).await.status, 200);
}

#[tokio::test]
async fn an_endless_answer_ends_with_the_budget() {
    let origin = server(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        // Not quite endless, as the test would hold it all.
        for _ in 0..10_000 {
            if stream.write_all(&[b'x'; 10_000]).await.is_err() {
                break;
            }
        }
    })
    .await;
    let town = town(10, 1 << 20, 1 << 20);
    let reply = town.get(&format!("http://{origin}/")).await;
    assert!(reply.cut);
    let report = town.door.report();
    assert!(
        report.bytes_in <= 1 << 20 && report.bytes_in > 100_000,
        "{report:?}"
    );
    assert_eq!(report.requests[0].status, Some(200));
    assert_eq!(report.requests[0].denial.unwrap().as_str(), "EGRESS_QUOTA");
}

#[tokio::test]
async fn a_body_beyond_the_budget_is_not_sent() {
    let identity = Identity::of(&["origin.test"]);
    for alpn in ["http/1.1", "h2"] {
        let town =
            Town::with(|config| config.roots = Roots::Given(vec![identity.certificate.clone()]));
        let budget = Budget {
            bytes_out: 100_000,
            ..Budget::default()
        };
        town.door.assign(USER, budget).unwrap();
        let origin = tls_origin(&identity, &[alpn]).await;
        let request: Request<Full<Bytes>> =
            Request::post(format!("https://origin.test:{}/", origin.port()))
                .body(Full::new(vec![0; 2 << 20].into()))
                .unwrap();
        let shown = town.send(request).await.show();
        assert_eq!(
            shown, "429 EGRESS_QUOTA: this run may send no more bytes",
            "{alpn}"
        );
        assert!(town.door.report().bytes_out <= 100_000);
    }
}

#[tokio::test]
async fn a_raw_connection_ends_with_the_budget() {
    let town = town(10, 100_000, 100_000);
    let origin = server(|mut stream| async move {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    let to = Destination::parse("127.0.0.1", origin.port()).unwrap();
    let mut stream = town.door.connect(&to).await.unwrap();
    for _ in 0..10 {
        assert!(stream.write_all(&[0; 10_000]).await.is_ok());
    }
    for _ in 0..10 {
        assert!(stream.write_all(&[0; 10_000]).await.is_err());
    }
    assert_eq!(town.door.report().bytes_out, 100_000);
}

#[tokio::test]
async fn the_list_of_requests_is_bounded() {
    let town = Arc::new(town(5_000, 1 << 30, 1 << 30));
    for _ in 0..1_100 {
        town.get("http://10.0.0.1/").await;
    }
    let report = town.door.report();
    assert_eq!((report.requests.len(), report.dropped), (1_000, 100));
}

/// Such requests are in no account, and would cost the host processor time without end.
#[tokio::test]
async fn who_may_ask_no_more_loses_the_connection() {
    let request = "GET http://10.0.0.1/ HTTP/1.1\r\nhost: a\r\n\r\n";
    let answers = async |town: &Town| {
        let said = town.raw(request.repeat(5)).await;
        let codes = said
            .split("HTTP/1.1 ")
            .skip(1)
            .map(|answer| answer[..3].to_owned());
        codes.collect::<Vec<_>>()
    };
    let town = town(2, 1 << 20, 1 << 20);
    assert_eq!(answers(&town).await, ["403", "403", "429"]);
    assert_eq!(town.door.report().dropped, 1);
    let _ = town.door.close_account();
    assert_eq!(answers(&town).await, ["403"]);
}

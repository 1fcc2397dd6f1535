//! Where a guest may not go, by whatever way.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::Request;
use thorp_gateway::{Destination, Rules, Tenant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use crate::support::{Names, Town, begin, echo_origin, server};

#[tokio::test]
async fn every_spelling_of_a_private_address_is_refused() {
    let town = Town::start();
    for (host, address) in [
        ("127.0.0.2", "127.0.0.2"),
        ("127.2", "127.0.0.2"),
        ("0x7f000002", "127.0.0.2"),
        ("2130706434", "127.0.0.2"),
        ("0177.0.0.2", "127.0.0.2"),
        ("127.0.0.2.", "127.0.0.2"),
        ("0", "0.0.0.0"),
        ("169.254.169.254", "169.254.169.254"),
        ("[::1]", "::1"),
        ("[::]", "::"),
        ("[::ffff:127.0.0.2]", "127.0.0.2"),
        ("[::7f00:2]", "127.0.0.2"),
        ("[64:ff9b::10.0.0.1]", "10.0.0.1"),
        ("[2002:a00:1::]", "10.0.0.1"),
        ("[fd00:ec2::254]", "fd00:ec2::254"),
        ("[fe80::1]", "fe80::1"),
    ] {
        let shown = town.get(&format!("http://{host}/")).await.show();
        assert_eq!(
            shown,
            format!("403 EGRESS_DENIED: {address} is not a public address"),
            "{host}"
        );
    }
}

#[tokio::test]
async fn a_name_with_any_private_address_is_refused() {
    let names = Names::of(&[
        ("v4.test", &[&["10.0.0.1"]]),
        ("mixed.test", &[&["93.184.215.14", "127.0.0.2"]]),
        (
            "mixed6.test",
            &[&["2606:4700::1111", "::ffff:10.0.0.1", "1.1.1.1"]],
        ),
        ("empty.test", &[&[]]),
    ]);
    let town = Town::with(|config| config.resolver = names);
    for name in ["v4.test", "MIXED.test.", "mixed6.test"] {
        let shown = town.get(&format!("http://{name}/")).await.show();
        let name = name.to_lowercase();
        let name = name.trim_end_matches('.');
        assert_eq!(
            shown,
            format!("403 EGRESS_DENIED: `{name}` has an address that is not public")
        );
    }
    let shown = town.get("http://empty.test/").await.show();
    assert_eq!(shown, "502 EGRESS_NAME: `empty.test` has no address");
    let shown = town.get("http://none.test/").await.show();
    assert_eq!(shown, "502 EGRESS_NAME: `none.test` could not be resolved");
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_its_next_answer_judged_anew() {
    let origin = server(|mut stream| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok")
            .await;
    })
    .await;
    // Allowed by address: the first answer is, the second isn't.
    let names = Names::of(&[(
        "rebind.test",
        &[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.1"]],
    )]);
    let asked = names.clone();
    let town = Town::with(|config| config.resolver = names);
    let url = format!("http://rebind.test:{}/", origin.port());
    assert_eq!(town.get(&url).await.show(), "200 ok");
    assert_eq!(asked.asked.load(Relaxed), 1);
    let refused = "403 EGRESS_DENIED: `rebind.test` has an address that is not public";
    assert_eq!(town.get(&url).await.show(), refused);
    assert_eq!(asked.asked.load(Relaxed), 2);
    assert_eq!(town.get(&url).await.show(), "200 ok");
}

#[tokio::test]
async fn the_operators_denials_need_no_look_up() {
    let names = Names::of(&[]);
    let town = Town::with(|config| {
        config.resolver = names.clone();
        config.rules = Rules::parse(&["127.0.0.1"], &["*.evil.test", "127.0.0.1:81"]).unwrap();
    });
    let shown = town.get("http://a.evil.test/").await.show();
    assert_eq!(
        shown,
        "403 EGRESS_DENIED: the operator of this town denies `a.evil.test:80`"
    );
    let shown = town.get("http://127.0.0.1:81/").await.show();
    assert_eq!(
        shown,
        "403 EGRESS_DENIED: the operator of this town denies `127.0.0.1:81`"
    );
    assert_eq!(names.asked.load(Relaxed), 0);
}

#[tokio::test]
async fn the_town_itself_is_refused() {
    let own = echo_origin().await;
    let town = Town::with(|config| config.own = vec![own]);
    let shown = town
        .get(&format!("http://origin.test:{}/", own.port()))
        .await
        .show();
    assert_eq!(
        shown,
        format!(
            "403 EGRESS_DENIED: `origin.test:{}` is the town itself",
            own.port()
        )
    );
}

#[tokio::test]
async fn a_name_that_is_not_resolved_in_time_holds_no_other_user_up() {
    let town = Town::with(|config| config.limits.lookup = Duration::from_millis(100));
    let origin = echo_origin().await;
    let town = Arc::new(town);
    let slow: Vec<_> = (0..20)
        .map(|_| {
            let town = town.clone();
            tokio::spawn(async move { town.get("http://slow.test/").await.show() })
        })
        .collect();
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let other = Tenant {
        user: Uuid::from_u128(2),
    };
    let (_door, socket) = town.open("1", other);
    let named = Request::get(format!("http://origin.test:{}/", origin.port()));
    assert_eq!(
        begin(&socket, named.body(Full::default()).unwrap())
            .await
            .status(),
        200
    );
    for shown in slow {
        assert_eq!(
            shown.await.unwrap(),
            "504 EGRESS_TIMEOUT: `slow.test` was not resolved in time"
        );
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_closed_port_says_so() {
    let town = Town::start();
    let shown = town.get("http://127.0.0.1:1/").await.show();
    assert_eq!(
        shown,
        "502 EGRESS_CONNECT: no connection to `127.0.0.1:1`: connection refused"
    );
}

#[tokio::test]
async fn a_raw_connection_has_the_same_policy_and_account() {
    let origin = server(|mut stream| async move {
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).await.unwrap();
        stream.write_all(b"pong!").await.unwrap();
    })
    .await;
    let town = Town::start();
    let to = Destination::parse("origin.test", origin.port()).unwrap();
    let mut stream = town.door.connect(&to).await.unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "pong!");
    drop(stream);
    let refused = town
        .door
        .connect(&Destination::parse("10.0.0.1", 5432).unwrap())
        .await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "10.0.0.1 is not a public address"
    );
    let report = town.door.report();
    assert_eq!((report.bytes_out, report.bytes_in), (4, 5));
    assert_eq!(report.requests[0].scheme, "tcp");
    assert_eq!(report.requests[1].denial.unwrap().as_str(), "EGRESS_DENIED");
}

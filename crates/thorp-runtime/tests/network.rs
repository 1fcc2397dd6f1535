//! What runs reach of the network: through the gateway, and no other way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use support::{Town, show};
use thorp_runtime::gateway::limits::{OPEN_REQUESTS_MAX, REQUESTS_DEFAULT};
use thorp_runtime::gateway::policy::Rules;
use thorp_runtime::gateway::{Code, EgressRecord, Gateway, GatewayConfig};
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

/// What a program says with a raw connection to a port, and what it must get.
fn raw_ways(host: &str, port: u16) -> [String; 3] {
    [
        format!(
            "const http = await import('node:http');
            return await new Promise((ok, no) => http.get('http://{host}:{port}/x', (answer) => {{
                let text = ''; answer.on('data', (part) => text += part).on('end', () => ok(text));
            }}).on('error', no))"
        ),
        format!(
            "const net = await import('node:net');
            return await new Promise((ok, no) => {{
                let text = '';
                const socket = net.connect({port}, '{host}', () => socket.write('GET / HTTP/1.1\\r\\n\\r\\n'));
                socket.on('data', (part) => text += part).on('error', no);
                socket.on('close', () => text ? ok(text.split('\\r\\n\\r\\n')[1]) : no(new Error('connection closed')));
            }})"
        ),
        format!(
            "const connection = await Deno.connect({{ hostname: '{host}', port: {port} }});
            await connection.write(new TextEncoder().encode('GET / HTTP/1.1\\r\\n\\r\\n'));
            const text = await new Response(connection.readable).text();
            return text.split('\\r\\n\\r\\n')[1]"
        ),
    ]
}

#[tokio::test]
async fn raw_connections_reach_what_is_allowed_and_are_reported() {
    let origin = origin().await;
    let port = origin.port();
    let name = format!("localhost:{port}");
    let town = town(&[&origin.to_string(), &name]).await;
    for host in ["127.0.0.1", "localhost"] {
        for code in raw_ways(host, port) {
            let outcome = town.body(&code).await;
            assert_eq!(show(&outcome), r#""hello""#, "{code}");
            let [connection] = outcome.egress.requests.as_slice() else {
                panic!("{:?}", outcome.egress);
            };
            assert_eq!(
                (
                    connection.method.as_str(),
                    connection.scheme,
                    connection.host.as_str()
                ),
                ("CONNECT", "tcp", host)
            );
            assert!(connection.bytes_in > 40 && connection.bytes_out > 10);
        }
    }
    town.stop().await;
}

#[tokio::test]
async fn raw_connections_to_other_addresses_are_refused_with_the_reason() {
    let town = town(&[]).await;
    for (host, said) in [
        (
            "127.0.0.1",
            "EGRESS_DENIED: 127.0.0.1 is not a public address",
        ),
        (
            "10.1.2.3",
            "EGRESS_DENIED: 10.1.2.3 is not a public address",
        ),
        (
            "169.254.169.254",
            "EGRESS_DENIED: 169.254.169.254 is not a public address",
        ),
        ("::1", "EGRESS_DENIED: ::1 is not a public address"),
        (
            "::ffff:10.1.2.3",
            "EGRESS_DENIED: 10.1.2.3 is not a public address",
        ),
        // An address that is given to names, and was given to none.
        (
            "198.18.0.1",
            "EGRESS_DENIED: 198.18.0.1 is not a public address",
        ),
        (
            "localhost",
            "EGRESS_DENIED: `localhost` has an address that is not public",
        ),
    ] {
        for code in raw_ways(host, 5432)
            .iter()
            .skip(usize::from(host.contains(':')))
        {
            let outcome = town.body(code).await;
            let shown = show(&outcome);
            assert!(shown.contains(said), "{code}: {shown}");
            assert!(
                outcome.logs.iter().any(|line| line.text == said),
                "{:?}",
                outcome.logs
            );
            assert_eq!(outcome.egress.requests[0].denial, Some(Code::Denied));
        }
    }
    town.stop().await;
}

/// Makes so many raw connections at once, and gives how many had an answer.
fn many_at_once(count: usize, address: SocketAddr) -> String {
    format!(
        "const hello = async () => {{
            const connection = await Deno.connect({{ hostname: '{}', port: {} }});
            await connection.write(new TextEncoder().encode('x'));
            const text = await new Response(connection.readable).text();
            if (!text.endsWith('hello')) throw new Error('connection closed');
        }};
        const all = await Promise.allSettled(Array.from({{ length: {count} }}, hello));
        return all.filter((each) => each.status === 'fulfilled').length",
        address.ip(),
        address.port()
    )
}

#[tokio::test]
async fn raw_connections_wait_for_each_other() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = listener.local_addr().unwrap();
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, peak) = (Arc::clone(&open), Arc::clone(&most));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (open, most) = (Arc::clone(&counted), Arc::clone(&peak));
            most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 64]).await;
                // Long enough for all that may come at once.
                tokio::time::sleep(Duration::from_millis(300)).await;
                // Before its end is seen, which makes room for the next.
                open.fetch_sub(1, Ordering::SeqCst);
                let _ = stream.write_all(b"hello").await;
            });
        }
    });
    let town = town(&[&origin.to_string()]).await;
    let count = OPEN_REQUESTS_MAX + 40;
    let outcome = town.body(&many_at_once(count, origin)).await;
    assert_eq!(show(&outcome), count.to_string());
    assert_eq!(most.load(Ordering::SeqCst), OPEN_REQUESTS_MAX);
    town.stop().await;
}

#[tokio::test]
async fn raw_connections_are_counted_as_requests() {
    let origin = origin().await;
    let town = town(&[&origin.to_string()]).await;
    let code = format!(
        "let made = 0;
        for (;;) {{
            const connection = await Deno.connect({{ hostname: '{}', port: {} }});
            await connection.write(new TextEncoder().encode('x'));
            const text = await new Response(connection.readable).text();
            if (!text.endsWith('hello')) throw new Error(`connection closed after ${{made}}`);
            made++;
        }}",
        origin.ip(),
        origin.port()
    );
    let outcome = town.body(&code).await;
    let shown = show(&outcome);
    assert!(shown.contains("EGRESS_QUOTA"), "{shown}");
    let answered = |request: &&EgressRecord| request.denial.is_none();
    let answered = outcome.egress.requests.iter().filter(answered).count();
    assert_eq!(answered as u64, REQUESTS_DEFAULT);
    town.stop().await;
}

#[tokio::test]
async fn a_sandbox_cannot_listen_and_its_datagrams_lead_nowhere() {
    let town = town(&[]).await;
    for code in [
        "Deno.listen({ port: 0 })",
        "Deno.listen({ hostname: '10.0.0.1', port: 5432 })",
        "Deno.listen({ transport: 'unix', path: '/sandbox/x' })",
        "const net = await import('node:net'); await new Promise((ok, no) => net.createServer().listen(8080, ok).on('error', no))",
        "Deno.listenDatagram({ port: 0, transport: 'udp' })",
        "const dgram = await import('node:dgram'); const socket = dgram.createSocket('udp4'); await new Promise((ok, no) => { socket.on('error', no); socket.send('x', 53, '8.8.8.8', (error) => error ? no(error) : ok()) })",
        // A port that nobody took.
        "await Deno.connect({ hostname: '1.1.1.1', port: 4 })",
    ] {
        let shown = show(&town.body(code).await);
        assert!(shown.starts_with("! "), "{code}: {shown}");
    }
    town.stop().await;
}

#[tokio::test]
async fn programs_do_not_see_where_fetch_leads() {
    let origin = origin().await;
    let town = town(&[&origin.to_string()]).await;
    let code = format!(
        "const {{ env }} = await import('node:process');
        const seen = [env.ALL_PROXY, 'ALL_PROXY' in env, Deno.env.get('ALL_PROXY'), Deno.env.has('ALL_PROXY'),
            Object.keys(env).filter((name) => /proxy/i.test(name)).length, Deno.env.toObject().ALL_PROXY];
        return [seen.map(String).join(), await (await fetch('http://{origin}/')).text()]"
    );
    assert_eq!(
        show(&town.body(&code).await),
        r#"["undefined,false,undefined,false,0,undefined","hello"]"#
    );
    town.stop().await;
}

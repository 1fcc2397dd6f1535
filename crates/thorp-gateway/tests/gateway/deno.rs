//! Real Deno, whose only way out is a door.

use std::path::{Path, PathBuf};
use std::process::Output;

use thorp_gateway::Roots;
use tokio::io::AsyncWriteExt;

use crate::support::{Identity, Town, read_head, server, tls_origin};

/// Deno: `THORP_DENO`, or that of the nearest `node_modules`.
fn deno() -> PathBuf {
    if let Some(path) = std::env::var_os("THORP_DENO") {
        return path.into();
    }
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .flat_map(|folder| {
            std::fs::read_dir(folder.join("node_modules/@deno"))
                .into_iter()
                .flatten()
                .flatten()
        })
        .map(|entry| entry.path().join("deno"))
        .find(|path| path.exists())
        .expect("Deno is installed by `npm ci`")
}

/// Runs a program; gives what it prints.
async fn run(town: &Town, code: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let entry = folder.path().join("main.ts");
    std::fs::write(&entry, code).unwrap();
    let running = tokio::process::Command::new(deno())
        .args([
            "run",
            "--quiet",
            "--no-lock",
            "--no-config",
            "--no-check",
            "--allow-net",
            "--allow-import",
        ])
        // Deno takes a proxy's socket for a file of the program.
        .arg(format!("--allow-read={}", town.socket().display()))
        .arg(format!("--allow-write={}", town.socket().display()))
        .arg(&entry)
        .env_clear()
        .env("ALL_PROXY", format!("unix:{}", town.socket().display()))
        .env("DENO_DIR", folder.path().join("cache"))
        .env("DENO_NO_UPDATE_CHECK", "1")
        .env("NO_COLOR", "1")
        .kill_on_drop(true)
        .output();
    let Output { stdout, stderr, .. } =
        tokio::time::timeout(std::time::Duration::from_secs(60), running)
            .await
            .unwrap()
            .unwrap();
    String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn fetch_goes_through_the_door() {
    let identity = Identity::of(&["origin.test"]);
    let town = Town::with(|config| config.roots = Roots::Given(vec![identity.certificate.clone()]));
    let port = tls_origin(&identity, &["h2", "http/1.1"]).await.port();
    let printed = run(
        &town,
        &format!(
            r#"
            const url = "https://origin.test:{port}/a%20b?c=1";
            const first = await fetch(url, {{ method: "POST", body: "hello" }});
            console.log(first.status, (await first.text()).split("\n").filter((line) => /POST|host|bytes/.test(line)).join());
            const body = new Blob(["x".repeat(100_000)]).stream();
            const second = await fetch(url, {{ method: "PUT", body }});
            console.log((await second.text()).split("\n").at(-1));
            const third = await fetch("https://user:secret@origin.test:{port}/");
            console.log((await third.text()).includes("authorization: Basic dXNlcjpzZWNyZXQ="));
            "#
        ),
    )
    .await;
    assert_eq!(
        printed,
        format!(
            "200 POST https://origin.test:{port}/a%20b?c=1 HTTP/2.0,5 bytes\n100000 bytes\ntrue\n"
        )
    );
}

#[tokio::test]
async fn a_denial_is_an_answer_with_its_code() {
    let town = Town::start();
    let origin = server(|mut stream| async move {
        read_head(&mut stream).await;
        let answer =
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let printed = run(
        &town,
        &format!(
            r#"
            for (const url of ["http://127.0.0.2/", "https://[::1]/", "http://2130706434/", "http://{origin}/"]) {{
              const answer = await fetch(url);
              console.log(answer.status, answer.headers.get("thorp-egress-error"), (await answer.json()).error.message);
            }}
            const upload = await fetch("http://127.0.0.2/", {{ method: "POST", body: new Uint8Array(5e6) }});
            console.log(upload.status, upload.headers.get("thorp-egress-error"));
            const big = await fetch("http://{origin}/", {{ headers: {{ x: "y".repeat(70_000) }} }});
            console.log(big.status, big.headers.get("thorp-egress-error"));
            try {{
              await import("https://jsr.test/x.ts");
            }} catch (error) {{
              console.log(error.message.includes("502"));
            }}
            "#
        ),
    )
    .await;
    assert_eq!(
        printed,
        "403 EGRESS_DENIED 127.0.0.2 is not a public address\n\
         403 EGRESS_DENIED ::1 is not a public address\n\
         403 EGRESS_DENIED 127.0.0.2 is not a public address\n\
         403 EGRESS_DENIED 169.254.169.254 is not a public address\n\
         403 EGRESS_DENIED\n\
         400 EGRESS_BAD_REQUEST\n\
         true\n"
    );
}

#[tokio::test]
async fn answers_and_events_stream() {
    let town = Town::start();
    let origin = server(|mut stream| async move {
        read_head(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // The guest closes after the second event; the third would never come.
        for _ in 0..2 {
            stream.write_all(b"9\r\ndata: x\n\n\r\n").await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        std::future::pending().await
    })
    .await;
    let printed = run(
        &town,
        &format!(
            r#"
            const reader = (await fetch("http://{origin}/")).body.getReader();
            let text = "";
            while (text.length < 18) text += new TextDecoder().decode((await reader.read()).value);
            await reader.cancel();
            console.log(JSON.stringify(text));
            const events = new EventSource("http://{origin}/");
            let seen = 0;
            await new Promise((resolve) => events.onmessage = () => ++seen === 2 && resolve());
            events.close();
            console.log(seen);
            "#
        ),
    )
    .await;
    assert_eq!(printed, "\"data: x\\n\\ndata: x\\n\\n\"\n2\n");
}

#[tokio::test]
async fn websockets_go_through_the_door() {
    let identity = Identity::of(&["origin.test"]);
    let acceptor = identity.acceptor(&["h2", "http/1.1"]);
    let plain = server(|stream| async move { echo_messages(stream).await }).await;
    let tls = server(move |stream| {
        let acceptor = acceptor.clone();
        async move { echo_messages(acceptor.accept(stream).await.unwrap()).await }
    })
    .await;
    let town = Town::with(|config| config.roots = Roots::Given(vec![identity.certificate.clone()]));
    let printed = run(
        &town,
        &format!(
            r#"
            for (const url of ["ws://{plain}/a?b", "wss://origin.test:{}/a?b"]) {{
              const socket = new WebSocket(url);
              await new Promise((resolve) => socket.onopen = resolve);
              socket.send("hello");
              const event = await new Promise((resolve) => socket.onmessage = resolve);
              socket.close();
              await new Promise((resolve) => socket.onclose = resolve);
              console.log(event.data);
            }}
            const refused = new WebSocket("ws://127.0.0.2/");
            await new Promise((resolve) => refused.onerror = resolve);
            console.log("refused");
            "#,
            tls.port()
        ),
    )
    .await;
    assert_eq!(printed, "hello\nhello\nrefused\n");
}

/// A WebSocket origin that sends messages back.
async fn echo_messages(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
    let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    let (writer, reader) = futures_util::StreamExt::split(socket);
    let messages = futures_util::TryStreamExt::try_filter(reader, |message| {
        std::future::ready(message.is_text() || message.is_binary())
    });
    let _ = futures_util::StreamExt::forward(messages, writer).await;
}

//! Programs that answer web requests: many at a time, each with its own log, body and end.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;
use hyper::{Method, Request};
use support::Town;
use thorp_runtime::{
    Asking, BodyError, Export, Failure, ModuleProgram, RunLimits, Service, WebBody, WebEnd,
    WebRequest,
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

const USER: Uuid = Uuid::from_u128(1);

/// A program of one file; its text is what it is known by.
fn service(code: &str) -> Service {
    Service {
        user: USER,
        program: Arc::new(ModuleProgram {
            files: vec![("main.js".to_owned(), code.to_owned())],
            entry: "main.js".to_owned(),
            export: if code.contains("export default") {
                Export::Default
            } else {
                Export::Nothing
            },
            ..ModuleProgram::default()
        }),
        worker: code.into(),
        group: Uuid::from_u128(7),
        author: None,
        limits: RunLimits::default(),
        secrets: Vec::new(),
        withheld: Vec::new(),
    }
}

fn empty() -> WebBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

fn request(method: Method, path: &str, body: WebBody) -> WebRequest {
    Request::builder()
        .method(method)
        .uri(format!("http://a-b.localhost:8700{path}"))
        .header("host", "a-b.localhost:8700")
        .body(body)
        .unwrap()
}

/// What came of a request.
struct Got {
    status: u16,
    body: String,
    end: WebEnd,
}

impl Got {
    fn logs(&self) -> String {
        let lines = self.end.logs.iter();
        lines
            .map(|line| format!("{}: {}\n", line.level.as_str(), line.text))
            .collect()
    }

    fn failure(&self) -> String {
        let failure = self.end.failure.as_ref();
        failure.map_or_else(|| "none".to_owned(), Failure::to_string)
    }
}

async fn send(town: &Town, service: &Arc<Service>, request: WebRequest) -> Got {
    let (sender, ended) = oneshot::channel();
    let told = move |end| {
        let _ = sender.send(end);
    };
    match town
        .runtime
        .fetch(service, request, Asking::default(), told)
        .await
    {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let body = match answer.into_body().collect().await {
                Ok(body) => String::from_utf8(body.to_bytes().to_vec()).unwrap(),
                Err(error) => format!("broke off: {error}"),
            };
            let end = ended.await.unwrap();
            Got { status, body, end }
        }
        Err(end) => Got {
            status: 0,
            body: String::new(),
            end: *end,
        },
    }
}

async fn get(town: &Town, service: &Arc<Service>, path: &str) -> Got {
    send(town, service, request(Method::GET, path, empty())).await
}

async fn holds(condition: impl Fn() -> bool) -> bool {
    for _ in 0..1000 {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn a_program_answers_in_each_of_the_usual_forms() {
    let town = Town::start().await;
    for code in [
        "export default (request) => new Response(`${request.method} ${request.url}`)",
        "export default async (request) => { await 1; return new Response(`${request.method} ${request.url}`) }",
        "export default { fetch(request) { return new Response(`${request.method} ${request.url}`) } }",
        "Deno.serve((request) => new Response(`${request.method} ${request.url}`))",
        "Deno.serve({ port: 1 }, (request) => new Response(`${request.method} ${request.url}`))",
        "Deno.serve({ handler: (request) => new Response(`${request.method} ${request.url}`) })",
    ] {
        let got = get(&town, &Arc::new(service(code)), "/p?q=1").await;
        assert_eq!(
            (got.status, got.body.as_str(), got.failure().as_str()),
            (200, "GET http://a-b.localhost:8700/p?q=1", "none"),
            "{code}"
        );
        assert_eq!(got.end.bytes_out, got.body.len() as u64);
    }
    town.stop().await;
}

#[tokio::test]
async fn what_answers_nothing_says_what_would() {
    let town = Town::start().await;
    for (code, expected) in [
        (
            "export default 7",
            "TypeError: The program answers no web requests",
        ),
        (
            "export default class A {}",
            "TypeError: The program answers no web requests",
        ),
        (
            "console.log('x')",
            "TypeError: The program answers no web requests",
        ),
        (
            "console.log('loading'); throw new RangeError('no')",
            "RangeError: no",
        ),
        (
            "export default () => 7",
            "TypeError: Return value from serve handler must be a response",
        ),
        (
            "export default () => { throw new RangeError('no') }",
            "RangeError: no",
        ),
        (
            "export default async () => { await 1; throw 'text' }",
            "Error: text",
        ),
    ] {
        let got = get(&town, &Arc::new(service(code)), "/").await;
        assert_eq!(got.status, 0, "{code}");
        assert!(
            got.failure().starts_with(expected),
            "{code}: {}",
            got.failure()
        );
    }
    let got = get(
        &town,
        &Arc::new(service("console.log('loading'); null.x")),
        "/",
    )
    .await;
    assert_eq!(got.logs(), "log: loading\n");
    town.stop().await;
}

#[tokio::test]
async fn sixty_four_requests_at_a_time_don_t_mix() {
    let town = Town::start().await;
    let code = "let calls = 0;
    export default async (request) => {
        const number = new URL(request.url).pathname.slice(1);
        console.log('begin', number);
        await new Promise((done) => setTimeout(done, Math.random() * 30));
        const text = await request.text();
        console.warn('end', number);
        return Response.json({ number, text, calls: ++calls });
    }";
    let service = Arc::new(service(code));
    let all = join_all((0..64).map(|number| {
        let body = Full::new(Bytes::from(format!("body {number}")));
        let body = body.map_err(|never| match never {}).boxed_unsync();
        send(
            &town,
            &service,
            request(Method::POST, &format!("/{number}"), body),
        )
    }))
    .await;
    for (number, got) in all.iter().enumerate() {
        assert!(
            got.body.contains(&format!("\"text\":\"body {number}\"")),
            "{}",
            got.body
        );
        assert_eq!(
            got.logs(),
            format!("log: begin {number}\nwarn: end {number}\n")
        );
        assert_eq!(got.end.bytes_in, format!("body {number}").len() as u64);
    }
    // All came to one worker.
    let calls = get(&town, &service, "/last").await;
    assert!(calls.body.contains("\"calls\":65"), "{}", calls.body);
    town.stop().await;
}

#[tokio::test]
async fn a_program_goes_on_after_an_error() {
    let town = Town::start().await;
    let code = "let calls = 0;
    export default (request) => {
        calls++;
        if (request.url.endsWith('/throw')) throw new RangeError('no');
        if (request.url.endsWith('/later')) Promise.reject(new RangeError('later'));
        return new Response(calls);
    }";
    let service = Arc::new(service(code));
    assert_eq!(get(&town, &service, "/").await.body, "1");
    let got = get(&town, &service, "/throw").await;
    let Some(Failure::Thrown {
        name,
        message,
        stack,
    }) = got.end.failure
    else {
        panic!("{:?}", got.end);
    };
    assert_eq!((name.as_str(), message.as_str()), ("RangeError", "no"));
    assert!(stack.unwrap().contains("file:///val/main.js:4"));
    assert_eq!(get(&town, &service, "/later").await.body, "3");
    assert_eq!(get(&town, &service, "/").await.body, "4");
    town.stop().await;
}

#[tokio::test]
async fn bodies_pass_both_ways_while_they_are_made() {
    let town = Town::start().await;
    let code =
        "export default (request) => new Response(request.body.pipeThrough(new TransformStream({
        transform(chunk, to) { to.enqueue(chunk.map((byte) => byte ^ 32)) },
    })))";
    let service = Arc::new(service(code));
    let (sender, mut receiver) = mpsc::channel::<Result<Frame<Bytes>, BodyError>>(1);
    let stream = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let body = StreamBody::new(stream).boxed_unsync();
    let asked = request(Method::POST, "/", body);
    let answering = town
        .runtime
        .fetch(&service, asked, Asking::default(), |_| ());
    let (answer, ()) = tokio::join!(answering, async {
        sender.send(Ok(Frame::data("abc".into()))).await.unwrap();
    });
    let mut body = answer.unwrap().into_body();
    for piece in ["abc", "def", "ghi"] {
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece.to_uppercase());
        let next = Bytes::from(match piece {
            "abc" => "def",
            _ => "ghi",
        });
        if piece != "ghi" {
            sender.send(Ok(Frame::data(next))).await.unwrap();
        }
    }
    drop(sender);
    assert!(body.frame().await.is_none());
    town.stop().await;
}

#[tokio::test]
async fn a_visitor_who_goes_away_aborts_the_request() {
    let town = Town::start().await;
    let code = "let aborted = 0; let ended = 0;
    export default (request) => {
        if (request.url.endsWith('/count')) return Response.json({ aborted, ended });
        request.signal.addEventListener('abort', () => aborted++);
        if (request.url.endsWith('/normal')) return new Response('x');
        if (request.url.endsWith('/head')) return new Promise(() => {});
        return new Response(new ReadableStream({
            pull: (to) => new Promise((done) => setTimeout(() => { to.enqueue(new Uint8Array(9)); done(); }, 5)),
            cancel: () => { ended++ },
        }));
    }";
    let service = Arc::new(service(code));
    let count = async || get(&town, &service, "/count").await.body;
    get(&town, &service, "/normal").await;
    assert_eq!(count().await, r#"{"aborted":0,"ended":0}"#);
    let waiting = town.runtime.fetch(
        &service,
        request(Method::GET, "/head", empty()),
        Asking::default(),
        |_| (),
    );
    assert!(
        tokio::time::timeout(Duration::from_millis(200), waiting)
            .await
            .is_err()
    );
    let (sender, ended) = oneshot::channel();
    let told = move |end: WebEnd| sender.send(end).unwrap();
    let asked = request(Method::GET, "/body", empty());
    let answer = town
        .runtime
        .fetch(&service, asked, Asking::default(), told)
        .await
        .unwrap();
    let mut body = answer.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let end = ended.await.unwrap();
    assert!(end.aborted && end.failure.is_none() && end.status == Some(200));
    let mut found = String::new();
    for _ in 0..500 {
        found = count().await;
        if found == r#"{"aborted":2,"ended":1}"# {
            break;
        }
    }
    assert_eq!(found, r#"{"aborted":2,"ended":1}"#);
    town.stop().await;
}

#[tokio::test]
async fn a_request_is_not_over_before_what_it_waits_for() {
    let town = Town::start().await;
    let code = "export default (request, context) => {
        context.waitUntil(new Promise((done) => setTimeout(() => { console.log('afterwards'); done(); }, 50)));
        context.waitUntil(Promise.reject(new RangeError('afterwards')));
        return new Response('first');
    }";
    let got = get(&town, &Arc::new(service(code)), "/").await;
    assert_eq!(
        (got.body.as_str(), got.failure().as_str()),
        ("first", "none")
    );
    let logs = got.logs();
    assert!(
        logs.contains("error: RangeError: afterwards") && logs.ends_with("log: afterwards\n"),
        "{logs}"
    );
    town.stop().await;
}

#[tokio::test]
async fn whoever_shares_a_worker_that_ends_is_told() {
    let town = Town::start().await;
    let code = "export default (request) => {
        if (request.url.endsWith('/exit')) Deno.exit(3);
        if (request.url.endsWith('/wait')) return new Promise(() => {});
        return new Response('here');
    }";
    let service = Arc::new(service(code));
    assert_eq!(get(&town, &service, "/").await.body, "here");
    let exit = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        get(&town, &service, "/exit").await
    };
    let (first, second, exit) = tokio::join!(
        get(&town, &service, "/wait"),
        get(&town, &service, "/wait"),
        exit
    );
    for got in [first, second, exit] {
        assert_eq!(
            got.failure(),
            "the sandbox was lost: the program ended its process with code 3"
        );
    }
    assert_eq!(get(&town, &service, "/").await.body, "here");
    town.stop().await;
}

#[tokio::test]
async fn a_request_has_limits() {
    let town = Town::start().await;
    let code = "export default (request) => {
        if (request.url.endsWith('/loop')) for (;;);
        if (request.url.endsWith('/never')) return new Promise(() => {});
        if (request.url.endsWith('/memory')) { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); }
        return new Response('here');
    }";
    let limits = RunLimits {
        wall: Duration::from_secs(2),
        cpu: Duration::from_millis(500),
        ..RunLimits::default()
    };
    let service = Arc::new(Service {
        limits,
        ..service(code)
    });
    for (path, expected) in [
        ("/loop", "the run used more than 500 ms of processor time"),
        ("/never", "the run took longer than 2000 ms"),
        ("/memory", "the run needs more than 128 MiB of memory"),
    ] {
        assert_eq!(
            get(&town, &service, path).await.failure(),
            expected,
            "{path}"
        );
        assert_eq!(get(&town, &service, "/").await.body, "here", "{path}");
    }
    town.stop().await;
}

#[tokio::test]
async fn cold_requests_join_one_start() {
    let town = Town::start().await;
    let code = "const id = crypto.randomUUID(); export default () => new Response(id)";
    let service = Arc::new(service(code));
    let all = join_all((0..20).map(|_| get(&town, &service, "/"))).await;
    assert!(
        all.iter()
            .all(|got| got.status == 200 && got.body == all[0].body)
    );
    town.stop().await;
}

#[tokio::test]
async fn another_version_takes_over_and_the_one_before_ends_its_requests() {
    let town = Town::start().await;
    let code = |version: u32| {
        format!(
            "const later = new Promise((done) => setTimeout(() => done(new Response('{version}')), 300));
            export default (request) => request.url.endsWith('/later') ? later : new Response('{version}')"
        )
    };
    let (old, new) = (Arc::new(service(&code(1))), Arc::new(service(&code(2))));
    assert_eq!(get(&town, &old, "/").await.body, "1");
    let (later, now) = tokio::join!(get(&town, &old, "/later"), get(&town, &new, "/"));
    assert_eq!((later.body.as_str(), now.body.as_str()), ("1", "2"));
    assert!(holds(|| town.runtime.status().idle_workers == 1).await);
    town.stop().await;
}

#[tokio::test]
async fn a_worker_without_requests_ends() {
    let town = Town::with(|config| config.pool.worker_idle = Duration::from_millis(300)).await;
    let service = Arc::new(service("export default () => new Response('here')"));
    assert_eq!(get(&town, &service, "/").await.body, "here");
    assert!(holds(|| town.runtime.status().idle_workers == 0).await);
    assert!(holds(|| town.runtime.status().running == 0).await);
    assert_eq!(get(&town, &service, "/").await.body, "here");
    town.stop().await;
}

#[tokio::test]
async fn large_bodies_are_not_held() {
    let town = Town::start().await;
    let code = "export default (request) => new Response(request.body)";
    let service = Arc::new(service(code));
    let (pieces, piece) = (256, Bytes::from(vec![b'x'; 1 << 20]));
    let stream = futures_util::stream::iter(
        std::iter::repeat_n(piece, pieces).map(|piece| Ok::<_, BodyError>(Frame::data(piece))),
    );
    let asked = request(Method::POST, "/", StreamBody::new(stream).boxed_unsync());
    let (sender, ended) = oneshot::channel();
    let told = move |end: WebEnd| sender.send(end).unwrap();
    let answer = town
        .runtime
        .fetch(&service, asked, Asking::default(), told)
        .await
        .unwrap();
    let mut body = answer.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame.unwrap().into_data().unwrap().len();
    }
    drop(body);
    assert_eq!(bytes, pieces << 20);
    let end = ended.await.unwrap();
    assert_eq!((end.bytes_in, end.bytes_out), (bytes as u64, bytes as u64));
    // It has less memory than what has passed through it.
    assert!(end.failure.is_none());
    town.stop().await;
}

#[tokio::test]
async fn nothing_is_left_when_the_runtime_ends() {
    let town = Town::start().await;
    let service = Arc::new(service("export default () => new Response('here')"));
    assert_eq!(get(&town, &service, "/").await.body, "here");
    let waiting = Arc::new(self::service("export default () => new Promise(() => {})"));
    let (got, ()) = tokio::join!(get(&town, &waiting, "/"), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        town.runtime.shutdown(Duration::ZERO).await;
    });
    assert_eq!(got.failure(), "the sandbox was lost: the town stopped");
    assert_eq!(town.runtime.status().running, 0);
}

//! Saves every val of `examples/` in a real town, runs it, and compares what comes out with its `example.json`.
//!
//! Packages come from the registry that the machine is set up with. What an example speaks to over HTTP is served here,
//! from its `stub.json`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use thorp_testkit::TestTown;
use thorp_town::Rules;

/// What stands for the stub's base URL in an example's arguments.
const STUB: &str = "$STUB";

macro_rules! examples {
    ($($test:ident = $folder:literal),* $(,)?) => {
        $(#[test] fn $test() { check($folder); })*

        #[test]
        fn every_example_is_tested() {
            let tested = [$($folder),*];
            let untested: Vec<String> = folders().into_iter().filter(|name| !tested.contains(&name.as_str())).collect();
            assert_eq!(untested, Vec::<String>::new());
        }
    };
}

examples! {
    ask_model = "ask-model",
    csv_report = "csv-report",
    group_orders = "group-orders",
    hello = "hello",
    invoice = "invoice",
    jwt_check = "jwt-check",
    lru_cache = "lru-cache",
    markdown_page = "markdown-page",
    meeting_times = "meeting-times",
    password_hash = "password-hash",
    payday = "payday",
    qr_code = "qr-code",
    react_card = "react-card",
    rss_to_json = "rss-to-json",
    scrape_headlines = "scrape-headlines",
    short_link = "short-link",
    signup_form = "signup-form",
    status_page = "status-page",
    text_diff = "text-diff",
    todo_api = "todo-api",
    verify_webhook = "verify-webhook",
    web_events = "web-events",
    web_guestbook = "web-guestbook",
    web_hello = "web-hello",
    web_hono = "web-hono",
}

fn check(folder: &str) {
    let example = read_json(&root().join(folder).join("example.json"));
    let stub =
        (example["needsStub"] == true).then(|| Stub::start(&root().join(folder).join("stub.json")));
    // The stub is on this machine, which vals reach only where the operator says so.
    let town = TestTown::start_with(|config| {
        config.egress = Rules::parse(&["127.0.0.1"], &[]).expect("it is a rule");
    });
    let Saved { target, url } = save(&town, folder);
    let list = |name: &str| example[name].as_array().cloned().unwrap_or_default();
    let (runs, requests) = (list("runs"), list("requests"));
    assert!(
        !runs.is_empty() || !requests.is_empty(),
        "`{folder}` runs nothing"
    );
    for request in &requests {
        let (status, answer) = ask(&town, &url, request);
        assert!(
            request["status"] == status && answer.contains(request["contains"].as_str().unwrap()),
            "`{folder}` at {request} answered {status} {answer}"
        );
    }
    for run in &runs {
        let args = run["args"]
            .to_string()
            .replace(STUB, stub.as_deref().unwrap_or(STUB));
        let (status, answer) = post(
            &town,
            &format!("/v1/run/{target}"),
            &format!(r#"{{"args":{args}}}"#),
        );
        assert!(
            is_expected(run, status, &answer),
            "`{folder}` with {args} answered {status} {answer:#}"
        );
    }
}

/// A saved example.
struct Saved {
    /// As `/v1/run` wants it.
    target: String,
    /// Where it answers web requests.
    url: String,
}

/// Sends one of an example's requests to the val's own address: the status, and all that came back.
fn ask(town: &TestTown, url: &str, request: &Value) -> (u16, String) {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let method = request["method"].as_str().unwrap_or("GET");
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let headers = request["headers"].as_object().into_iter().flatten();
    let headers: String = headers
        .map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap_or_default()))
        .collect();
    let (path, body) = (text("path"), text("body"));
    let mut stream = TcpStream::connect(town.url().trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

/// Makes the val with all its files.
fn save(town: &TestTown, folder: &str) -> Saved {
    let files = files(&root().join(folder));
    let entry = if files.contains_key("main.tsx") {
        "main.tsx"
    } else {
        "main.ts"
    };
    let files: Vec<Value> = files
        .iter()
        .map(|(path, text)| json!({"path": path, "text": text}))
        .collect();
    let val =
        json!({"name": val_name(folder), "entry": entry, "files": files, "privacy": "public"});
    let (status, saved) = post(town, "/v1/vals", &val.to_string());
    assert_eq!(
        (status, errors(&saved)),
        (200, Vec::new()),
        "saving `{folder}` answered {saved:#}"
    );
    let owner = saved["author"]["username"]
        .as_str()
        .expect("a val has an author");
    Saved {
        target: format!("{}.{}", owner.trim_start_matches('@'), val_name(folder)),
        url: saved["url"].as_str().unwrap_or_default().to_owned(),
    }
}

fn errors(saved: &Value) -> Vec<&Value> {
    let diagnostics = saved["diagnostics"].as_array().into_iter().flatten();
    diagnostics
        .filter(|diagnostic| diagnostic["severity"] == "error")
        .collect()
}

fn post(town: &TestTown, path: &str, body: &str) -> (u16, Value) {
    let reply = town.post(path, town.token(), body);
    (reply.status, reply.json())
}

/// Whether an answer is what one of an example's runs expects.
fn is_expected(run: &Value, status: u16, answer: &Value) -> bool {
    if let Some(result) = run.get("result") {
        return status == 200 && answer == result;
    }
    if let Some(part) = run.get("resultContains") {
        return status == 200 && contains(answer, part);
    }
    let (expected, error) = (&run["error"], &answer["error"]);
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    error["code"] == expected["code"]
        && error["name"] == expected["name"]
        && text(error, "message").contains(&text(expected, "messageContains"))
}

/// Whether a text contains a text, or an object has properties that contain those of another.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::String(whole), Value::String(part)) => whole.contains(part),
        (Value::Object(whole), Value::Object(part)) => has_all(whole, part),
        _ => whole == part,
    }
}

fn has_all(whole: &Map<String, Value>, part: &Map<String, Value>) -> bool {
    part.iter()
        .all(|(name, part)| whole.get(name).is_some_and(|whole| contains(whole, part)))
}

/// `rss-to-json` is the val `rssToJson`.
fn val_name(folder: &str) -> String {
    let mut words = folder.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (head, tail) = word.split_at(1);
        name + &head.to_uppercase() + tail
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn folders() -> Vec<String> {
    entries(&root())
        .into_iter()
        .filter(|(_, path)| path.join("example.json").is_file())
        .map(|(name, _)| name)
        .collect()
}

/// The val's own files: all but what describes the example.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let own = entries(folder)
        .into_iter()
        .filter(|(name, _)| name != "example.json" && name != "stub.json");
    own.map(|(name, path)| (name, read(&path))).collect()
}

fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Canned answers by path, as `stub.json` has them.
struct Stub {
    routes: Value,
}

impl Stub {
    /// Serves on loopback until the test's process ends; answers the base URL.
    fn start(path: &Path) -> String {
        let stub = Self {
            routes: read_json(path)["routes"].take(),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // A client that goes away is no concern of the stub; the run's result tells.
                let _ = stub.answer(connection);
            }
        });
        base
    }

    fn answer(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let canned = &self.routes[read_request(&connection)?];
        let status = canned["status"].as_u64().unwrap_or(404);
        let body = canned["body"].as_str().unwrap_or("no such route");
        let headers = canned["headers"].as_object().into_iter().flatten();
        let headers: String = headers
            .map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap_or_default()))
            .collect();
        let length = body.len();
        write!(
            connection,
            "HTTP/1.1 {status} Canned\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    }
}

/// Reads one request with its body; answers its path.
fn read_request(connection: &TcpStream) -> std::io::Result<String> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut body_bytes = 0;
    while line != "\r\n" && !line.is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
        if let Some(length) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            body_bytes = length.trim().parse().unwrap_or(0);
        }
    }
    reader.read_exact(&mut vec![0; body_bytes])?;
    Ok(path)
}

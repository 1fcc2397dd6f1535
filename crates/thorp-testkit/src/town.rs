//! A town that lives as long as a test.

use crate::places::{deno, executable};
use crate::reply::Reply;
use crate::shown::Shown;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tempfile::TempDir;
use thorp_server::ServerOptions;
use thorp_town::{Layers, Opened, Town, TownConfig, TownError, probe};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use ureq::Agent;
use ureq::http::Request;
use uuid::Uuid;

/// How long an answer may take: more than any run.
const ANSWER_WALL: Duration = Duration::from_secs(120);

/// A town in a temporary folder. Dropping it ends it.
pub struct TestTown {
    url: String,
    token: String,
    agent: Agent,
    town: Town,
    runtime: Handle,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    folder: Option<TempDir>,
}

/// A request that is not sent yet.
#[must_use]
pub struct Ask<'a> {
    agent: &'a Agent,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// What the town's thread tells when it is up.
struct Begun {
    address: SocketAddr,
    token: String,
    town: Town,
    runtime: Handle,
}

impl TestTown {
    /// A town with the usual limits and few sandboxes.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A town whose settings `change` may change.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_with(change: impl FnOnce(&mut TownConfig) + Send + 'static) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        Self::start_in(folder, change)
    }

    /// Ends, and starts again with the same data and settings that `change` may change.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn restart_with(mut self, change: impl FnOnce(&mut TownConfig) + Send + 'static) -> Self {
        let folder = self.folder.take().expect("a town has a folder");
        drop(self);
        Self::start_in(folder, change)
    }

    fn start_in(folder: TempDir, change: impl FnOnce(&mut TownConfig) + Send + 'static) -> Self {
        let data = folder.path().join("data");
        let (shutdown, asked) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let mut config = TownConfig::new(data, deno(), executable(), now);
            config.pool.floor = 1;
            config.esbuild = thorp_town::esbuild_beside(&config.deno);
            change(&mut config);
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime starts");
            config.layers = runtime.block_on(layers());
            runtime.block_on(keep(
                config,
                |begun| tell.send(begun).expect("the test waits"),
                asked,
            ));
        });
        let begun = told.recv().expect("the town starts");
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_WALL))
            .build()
            .into();
        let url = format!("http://{}", begun.address);
        Self {
            url,
            token: begun.token,
            agent,
            town: begun.town,
            runtime: begun.runtime,
            shutdown: Some(shutdown),
            thread: Some(thread),
            folder: Some(folder),
        }
    }

    /// Where the town is, such as `http://127.0.0.1:4711`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends mail as a run of the user does: `payload` is what `console.email` is called with. Answers with its id, or why not.
    ///
    /// # Errors
    /// What the town says.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn send_email(&self, user: &str, payload: &str) -> Result<Uuid, TownError> {
        self.runtime.block_on(async {
            let user = self.town.user_named(user).await.expect("there is the user");
            self.town.send_email(user.id, Uuid::now_v7(), payload).await
        })
    }

    /// The owner's token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The town's data folder.
    #[must_use]
    pub fn data(&self) -> std::path::PathBuf {
        let folder = self.folder.as_ref().expect("a town has a folder");
        folder.path().join("data")
    }

    /// A request to `path`.
    pub fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let (method, url) = (method.to_owned(), format!("{}{path}", self.url));
        Ask {
            agent: &self.agent,
            method,
            url,
            headers: Vec::new(),
            body: None,
        }
    }

    /// `GET`, with a token unless it is empty.
    #[must_use]
    pub fn get(&self, path: &str, token: &str) -> Reply {
        self.ask("GET", path).token(token).send()
    }

    /// `DELETE`, with a token unless it is empty.
    #[must_use]
    pub fn delete(&self, path: &str, token: &str) -> Reply {
        self.ask("DELETE", path).token(token).send()
    }

    /// `POST` of a JSON text, with a token unless it is empty.
    #[must_use]
    pub fn post(&self, path: &str, token: &str, body: &str) -> Reply {
        self.ask("POST", path).token(token).json(body).send()
    }

    /// `PATCH` of a JSON text, with a token unless it is empty.
    #[must_use]
    pub fn patch(&self, path: &str, token: &str, body: &str) -> Reply {
        self.ask("PATCH", path).token(token).json(body).send()
    }

    /// Makes a user; answers with their token.
    #[must_use]
    pub fn add_user(&self, name: &str) -> String {
        let reply = self.post("/v1/users", &self.token, &format!(r#"{{"name":"{name}"}}"#));
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.text("token")
    }

    /// Makes a val of `code`; answers with its id.
    #[must_use]
    pub fn add_val(&self, token: &str, name: &str, privacy: &str, code: &str) -> String {
        let body = serde_json::json!({"name": name, "privacy": privacy, "code": code});
        let reply = self.post("/v1/vals", token, &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.text("id")
    }

    /// A reply for a snapshot, with everything that differs between two towns replaced.
    #[must_use]
    pub fn shown(&self, reply: &Reply) -> String {
        let host = self.url.trim_start_matches("http://").to_owned();
        let port = host.rsplit(':').next().unwrap_or_default();
        let vals = format!("localhost:{port}");
        reply.shown(&Shown {
            words: vec![
                (self.url.clone(), "[town]"),
                (host, "[host]"),
                (vals, "[vals]"),
            ],
        })
    }
}

impl Ask<'_> {
    /// Adds a token unless it is empty.
    pub fn token(self, token: &str) -> Self {
        if token.is_empty() {
            self
        } else {
            self.header("authorization", &format!("Bearer {token}"))
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a body, with no word of what it is.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Adds a body that is called JSON.
    pub fn json(self, body: &str) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    /// Sends it and waits for the answer.
    ///
    /// # Panics
    /// If the town does not answer.
    #[must_use]
    pub fn send(self) -> Reply {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let sent = match self.body {
            Some(body) => self
                .agent
                .run(request.body(body).expect("the request can be written")),
            None => self
                .agent
                .run(request.body(()).expect("the request can be written")),
        };
        Reply::read(
            sent.unwrap_or_else(|error| {
                panic!("no answer from {} {}: {error}", self.method, self.url)
            }),
        )
    }
}

impl Drop for TestTown {
    fn drop(&mut self) {
        self.shutdown.take().map(|shutdown| shutdown.send(()));
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(
                ended.is_some_and(|ended| ended.is_ok()),
                "the town ended badly"
            );
        }
    }
}

/// The strongest jail that this machine gives, as `thorp serve` finds it.
async fn layers() -> Layers {
    probe(&executable()).await.layers
}

async fn keep(config: TownConfig, tell: impl FnOnce(Begun), asked: oneshot::Receiver<()>) {
    let Opened {
        town,
        owner_token_file,
        ..
    } = Town::open(config).await.expect("the town opens");
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("there is a free port");
    let address = listener.local_addr().expect("the listener has an address");
    let mut options = ServerOptions::new(format!("http://{address}"));
    options.shutdown_wall = Duration::from_secs(1);
    tell(Begun {
        address,
        token: read_token(&owner_token_file),
        town: town.clone(),
        runtime: Handle::current(),
    });
    thorp_server::serve(listener, town.clone(), options, asked)
        .await
        .expect("the town serves");
    town.close(Duration::ZERO).await;
}

fn read_token(file: &Path) -> String {
    fs::read_to_string(file)
        .expect("the owner's token is in its file")
        .trim()
        .to_owned()
}

fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

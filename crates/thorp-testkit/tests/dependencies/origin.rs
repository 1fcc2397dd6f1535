//! A small web server with files that a test made up.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What is answered to the path.
#[derive(Clone)]
pub(crate) enum Page {
    /// A body of this type.
    Body(&'static str, Vec<u8>),
    /// Something else is to be asked for.
    Redirect(String),
    /// A body of this type that never ends.
    Endless(&'static str),
    /// Nothing, ever.
    Never,
}

/// Serves until it is stopped or dropped.
pub(crate) struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    pages: Mutex<HashMap<String, Page>>,
    asked: AtomicUsize,
    /// Those who wait for ever.
    held: Mutex<Vec<(String, TcpStream)>>,
    stopped: AtomicBool,
}

impl Origin {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                // Whoever goes away before the end of the answer does not want it.
                let _ = serving.answer(stream.unwrap());
            }
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// Such as `http://127.0.0.1:4711`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn put(&self, path: &str, page: Page) {
        self.shared
            .pages
            .lock()
            .unwrap()
            .insert(path.to_owned(), page);
    }

    pub(crate) fn put_typescript(&self, path: &str, text: &str) {
        self.put(path, Page::Body("application/typescript", text.into()));
    }

    pub(crate) fn put_json(&self, path: &str, value: &serde_json::Value) {
        self.put(
            path,
            Page::Body("application/json", value.to_string().into()),
        );
    }

    /// How many requests there were.
    pub(crate) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// Which paths somebody waits for that are never answered.
    pub(crate) fn waited_for(&self) -> BTreeSet<String> {
        let held = self.shared.held.lock().unwrap();
        held.iter().map(|(path, _)| path.clone()).collect()
    }

    /// From now on there is no such page: whoever waits for it is told nothing, and finds out when asking again.
    pub(crate) fn give_up(&self, path: &str) {
        self.shared.pages.lock().unwrap().remove(path);
        let mut held = self.shared.held.lock().unwrap();
        held.retain(|(waited_for, _)| waited_for != path);
    }

    /// Ends it: whoever connects from now on is refused.
    pub(crate) fn stop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.shared.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address).unwrap());
        thread.join().unwrap();
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        while lines
            .next()
            .transpose()?
            .is_some_and(|line| !line.is_empty())
        {}
        self.asked.fetch_add(1, Ordering::SeqCst);
        let path = request.split(' ').nth(1).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        let path = path.replace("%2f", "/").replace("%2F", "/");
        let page = self.pages.lock().unwrap().get(&path).cloned();
        let (head, body) = match page {
            Some(Page::Body(kind, body)) => (format!("200 OK\r\ncontent-type: {kind}"), body),
            Some(Page::Redirect(to)) => (format!("302 Found\r\nlocation: {to}"), Vec::new()),
            Some(Page::Endless(kind)) => return endless(stream, kind),
            Some(Page::Never) => {
                self.held.lock().unwrap().push((path, stream));
                return Ok(());
            }
            None => ("404 Not Found".to_owned(), Vec::new()),
        };
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        )?;
        stream.write_all(&body)
    }
}

/// Until whoever asked has had enough.
fn endless(mut stream: TcpStream, kind: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n"
    )?;
    let part = vec![b'/'; 64 << 10];
    loop {
        stream.write_all(&part)?;
    }
}

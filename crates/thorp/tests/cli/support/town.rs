//! `thorp serve` in a folder of its own.

use super::processes::parent;
use super::{PATIENCE, descendants, eventually, thorp};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use tempfile::TempDir;

/// What a town is started with.
#[derive(Default)]
pub(crate) struct Options<'a> {
    pub(crate) args: &'a [&'a str],
}

/// A running town. Dropping it kills it.
pub(crate) struct Town {
    child: Child,
    url: String,
    /// Stdout after the URL.
    said: Arc<Mutex<String>>,
    rest: Option<JoinHandle<()>>,
    log: Option<JoinHandle<String>>,
    folder: TempDir,
}

impl Town {
    /// A new town.
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), &Options::default())
    }

    /// A town whose data is in this folder, or will be.
    pub(crate) fn start_in(folder: TempDir, options: &Options<'_>) -> Self {
        Self::start_with(folder, options, &[])
    }

    /// The same with some variables in its environment.
    pub(crate) fn start_with(
        folder: TempDir,
        options: &Options<'_>,
        variables: &[(&str, &Path)],
    ) -> Self {
        let mut command = command(folder.path(), options.args);
        let mut child = command.envs(variables.iter().copied()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || read(&mut stderr));
        let (tell, told) = mpsc::channel();
        let said = Arc::new(Mutex::new(String::new()));
        let hear = Arc::clone(&said);
        let rest = std::thread::spawn(move || {
            let mut lines = stdout.lines().map(|line| line.unwrap() + "\n");
            tell.send(lines.next().unwrap_or_default()).unwrap();
            lines.for_each(|line| hear.lock().unwrap().push_str(&line));
        });
        let url = told
            .recv_timeout(PATIENCE)
            .unwrap_or_default()
            .trim_end()
            .to_owned();
        let town = Self {
            child,
            url,
            said,
            rest: Some(rest),
            log: Some(log),
            folder,
        };
        if !town.url.starts_with("http://127.0.0.1:") {
            panic!(
                "the first line is {:?}: {}",
                town.url.clone(),
                town.kill().1
            );
        }
        town
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The folder around the data folder and the folder of sandboxes.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The owner's token.
    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(data(self.folder()).join("owner.token")).unwrap()
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Stops it kindly; answers how it ended, and what it printed on stdout after the URL and on stderr.
    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for its end and for that of all it started.
    pub(crate) fn wait(mut self) -> Ended {
        let started = descendants(self.id());
        eventually("the town ends", || self.child.try_wait().unwrap().is_some());
        let status = self.child.wait().unwrap();
        eventually("its processes end", || {
            started.iter().all(|process| parent(*process).is_none())
        });
        let (stdout, stderr) = self.outputs();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        Ended {
            status,
            stdout,
            stderr,
            folder,
        }
    }

    fn kill(mut self) -> (String, String) {
        let _ = self.child.kill();
        self.outputs()
    }

    /// What it said on stdout after the URL, once it has said enough.
    pub(crate) fn stdout_until(&self, enough: impl Fn(&str) -> bool) -> String {
        eventually("the town says enough", || {
            enough(&self.said.lock().unwrap())
        });
        self.said.lock().unwrap().clone()
    }

    fn outputs(&mut self) -> (String, String) {
        self.rest.take().unwrap().join().unwrap();
        let log = self.log.take().unwrap().join().unwrap();
        (self.said.lock().unwrap().clone(), log)
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is left of a town.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) folder: TempDir,
}

/// `thorp serve` with its data and its sandboxes below this folder.
pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let scratch = folder.join("tmp");
    std::fs::create_dir_all(&scratch).unwrap();
    let mut command = thorp();
    command.arg("serve").args(args);
    command
        .env("THORP_LISTEN", "127.0.0.1:0")
        .env("THORP_POOL_FLOOR", "1")
        .env("THORP_DATA", data(folder));
    command
        .env("TMPDIR", scratch)
        .env("THORP_DENO", thorp_testkit::deno())
        .env("HOME", folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The data folder.
pub(crate) fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn read(from: &mut impl Read) -> String {
    let mut text = Vec::new();
    from.read_to_end(&mut text).unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

//! A town that runs as a program of its own, and people at other terminals.

mod processes;
mod town;

pub(crate) use processes::descendants;
pub(crate) use town::{Options, Town, command as town_command, data as town_data};

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use thorp_testkit::Shown;

/// The longest that anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program, with an environment of which only the PATH is the test's own.
pub(crate) fn thorp() -> Command {
    thorp_at(Path::new(env!("CARGO_BIN_EXE_thorp")))
}

/// A copy of the program.
pub(crate) fn thorp_at(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command
}

/// The same on a machine that gives no jail: without rights, and without user namespaces.
pub(crate) fn without_jail(command: &Command) -> Command {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all \"$@\"";
    let mut all = Command::new("unshare");
    all.args(["-Ur", "sh", "-c", script, "sh"]);
    behind(all, command)
}

/// A command that becomes another one.
pub(crate) fn behind(mut first: Command, command: &Command) -> Command {
    first.arg(command.get_program()).args(command.get_args());
    first.env_clear().envs(
        command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    first.stdin(Stdio::null());
    first
}

/// Waits until something is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Somebody with a home and a folder to work in.
pub(crate) struct Person {
    pub(crate) home: TempDir,
    words: Vec<(String, &'static str)>,
}

impl Person {
    /// Somebody who never logged in.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let words = vec![(home.path().display().to_string(), "[home]")];
        Self { home, words }
    }

    /// Somebody who is logged in with this token.
    pub(crate) fn logged_in(town: &Town, token: &str) -> Self {
        let mut person = Self::new();
        person.knows(town);
        person.write(".token", token);
        let login = person.run(&["login", town.url(), "--token-file", ".token"]);
        assert!(login.starts_with("exit: 0"), "{login}");
        std::fs::remove_file(person.path(".token")).unwrap();
        person
    }

    /// Replaces what is this town's own in what is shown.
    pub(crate) fn knows(&mut self, town: &Town) {
        self.words.push((town.url().to_owned(), "[town]"));
        self.words
            .push((town.folder().display().to_string(), "[folder]"));
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file in the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Reads a file in the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program with this person's home and folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = thorp();
        command.args(args).current_dir(self.home.path());
        command
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.path(".config"));
        command
    }

    /// What a command does: exit code, stdout, stderr.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        self.shown(&self.command(args).output().unwrap())
    }

    /// The stdout of a command that must go well.
    pub(crate) fn get(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", self.shown(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The JSON that a command prints.
    pub(crate) fn json(&self, args: &[&str]) -> serde_json::Value {
        let args = [args, &["--json"]].concat();
        serde_json::from_str(&self.get(&args)).unwrap()
    }

    fn shown(&self, output: &Output) -> String {
        shown(output, &self.words)
    }
}

/// An output for a snapshot, with what differs between two runs replaced.
pub(crate) fn shown(output: &Output, words: &[(String, &'static str)]) -> String {
    let shown = Shown {
        words: words.to_vec(),
    };
    let text = |bytes: &[u8]| {
        shown
            .text(&String::from_utf8_lossy(bytes))
            .trim_end()
            .to_owned()
    };
    let code = output
        .status
        .code()
        .map_or_else(|| output.status.to_string(), |code| code.to_string());
    let mut all = format!("exit: {code}");
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            all.push_str(&format!("\n--- {name}\n{}", text(bytes)));
        }
    }
    all
}

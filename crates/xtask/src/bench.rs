//! `cargo xtask bench`: starts a town of its own and lets `bench/run.mjs` measure it beside its peers,
//! which that program installs itself.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::tree::Tree;
use crate::{npm, say, sh};

/// Measures; every argument but `--` goes on to `bench/run.mjs`.
pub(crate) fn run(tree: &Tree, args: &[String]) -> Result<()> {
    prepare(tree)?;
    say::line("3/3 measuring");
    let town = Town::start(tree)?;
    sh::run(&mut measure(tree, &town, args))
}

fn prepare(tree: &Tree) -> Result<()> {
    say::line("1/3 Node packages");
    npm::install(&tree.root)?;
    say::line("2/3 building `thorp`, and the runtime's and the gateway's own benchmarks");
    sh::run(&mut tree.cargo("build --release --package thorp"))?;
    sh::run(&mut tree.cargo("build --release --package thorp-runtime --example fresh_rate"))?;
    sh::run(&mut tree.cargo("build --release --package thorp-gateway --example overhead"))
}

fn measure(tree: &Tree, town: &Town, args: &[String]) -> Command {
    let mut node = Command::new("node");
    node.current_dir(&tree.root).arg("bench/run.mjs");
    node.args(["--thorp-url", &town.url])
        .arg("--thorp-token-file")
        .arg(town.data.0.join("owner.token"));
    node.args(["--thorp-pid", &town.process.0.id().to_string()]);
    node.arg("--runtime-bench")
        .arg(tree.built("release", "examples/fresh_rate"));
    node.arg("--gateway-bench")
        .arg(tree.built("release", "examples/overhead"));
    node.arg("--deno").arg(tree.deno_path());
    node.args(["--out", "bench/RESULTS.md"])
        .args(args.iter().filter(|arg| *arg != "--"));
    node
}

/// A town with a data folder of its own, stopped and removed when dropped. Fields drop in order: the process first.
struct Town {
    process: Process,
    url: String,
    data: Folder,
}

impl Town {
    fn start(tree: &Tree) -> Result<Self> {
        let data = Folder(std::env::temp_dir().join(format!("thorp-bench-{}", std::process::id())));
        let mut command = thorp_serve(tree, &data.0);
        let mut child = command
            .spawn()
            .map_err(|error| sh::not_started(&command, error))?;
        let stdout = child.stdout.take().context("the town has no stdout")?;
        let process = Process(child);
        let mut lines = BufReader::new(stdout).lines();
        let url = lines
            .next()
            .context("`thorp serve` ended before it printed its address")??;
        if !url.starts_with("http") {
            bail!("`thorp serve` printed `{url}` instead of its address");
        }
        std::thread::spawn(move || lines.for_each(drop)); // an unread pipe would fill and stop the town
        Ok(Self {
            process,
            url: url.trim().to_string(),
            data,
        })
    }
}

fn thorp_serve(tree: &Tree, data: &Path) -> Command {
    let mut thorp = Command::new(tree.built("release", "thorp"));
    thorp
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data);
    thorp
        .env("THORP_DENO", tree.deno_path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    thorp
}

struct Process(Child);

impl Drop for Process {
    /// Asks the town to stop, so that it can end its sandboxes, and waits for it.
    fn drop(&mut self) {
        sh::succeeds(Command::new("sh").args([
            "-c",
            r#"kill -TERM "$0""#,
            &self.0.id().to_string(),
        ]));
        if let Err(error) = self.0.wait() {
            say::line(&format!("the town could not be waited for: {error}"));
        }
    }
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            say::line(&format!(
                "`{}` could not be removed: {error}",
                self.0.display()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aprocess_is_asked_to_stop_and_its_folder_goes() {
        let folder = std::env::temp_dir().join(format!("xtask-test-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let script = r#"trap 'echo stopped > "$0/stopped"; exit' TERM; echo up; for _ in $(seq 1000); do sleep 0.01; done"#;
        let mut command = Command::new("sh");
        let mut child = command
            .args(["-c", script])
            .arg(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut up = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut up)
            .unwrap();
        drop(Process(child));
        assert!(folder.join("stopped").exists());
        drop(Folder(folder.clone()));
        assert!(!folder.exists());
    }
}

//! The Deno binary: its version, and how it is started.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use thorp_jail::{Command, Input, Limits, Spawner};
use tokio::io::AsyncReadExt;

use crate::config::RuntimeConfig;
use crate::error::{DENO_VERSION, RuntimeError};
use crate::folder::Seen;
use crate::guest::{self, Kind};
use crate::image::Image;
use crate::limits;

/// What every sandbox is started with.
#[derive(Clone, Debug)]
pub(crate) struct Deno {
    binary: PathBuf,
    /// What is started instead.
    image: Option<Arc<Image>>,
    /// The folder of the guest's files.
    pub(crate) guest: PathBuf,
    /// Which of the guests is started.
    pub(crate) kind: Kind,
    version: String,
    /// Folders that every sandbox may read.
    readable: Vec<PathBuf>,
    jsr_registry: Option<String>,
    /// A file with certificate authorities that programs trust too.
    pub(crate) authorities: Option<PathBuf>,
    memory_bytes: u64,
}

impl Deno {
    pub(crate) fn new(
        config: &RuntimeConfig,
        image: Option<Image>,
        guest: PathBuf,
        version: String,
        authorities: Option<PathBuf>,
    ) -> Self {
        Self {
            binary: config.deno.clone(),
            image: image.map(Arc::new),
            guest,
            kind: Kind::Plain,
            version,
            readable: config.readable.clone(),
            jsr_registry: config.jsr_registry.clone(),
            authorities,
            memory_bytes: config.pool.memory_bytes,
        }
    }

    /// The same, made ready to answer web requests.
    pub(crate) fn web(&self) -> Self {
        Self {
            kind: Kind::Web,
            ..self.clone()
        }
    }

    /// The same with the hardened guest.
    pub(crate) fn hardened(&self) -> Self {
        Self {
            kind: Kind::Hardened,
            ..self.clone()
        }
    }

    /// The file that is executed.
    pub(crate) fn binary(&self) -> &Path {
        self.image
            .as_ref()
            .map_or(&self.binary, |image| &image.path)
    }

    /// The command that starts the guest.
    pub(crate) fn command(&self, name: &str, seen: &Seen, idle_priority: bool) -> Command {
        let data_bytes = limits::DATA_BYTES_BASE + self.memory_bytes;
        Command {
            program: self.binary().to_owned(),
            args: self.args(seen),
            env: self.environment(seen),
            cwd: seen.modules.clone(),
            private: Some(name.to_owned()),
            stdin: Input::Empty,
            limits: Limits {
                data_bytes: Some(data_bytes),
                data_bytes_in_group: Some(data_bytes + limits::DATA_BYTES_OF_WORKER),
                idle_priority,
                ..Limits::default()
            },
        }
    }

    fn args(&self, seen: &Seen) -> Vec<OsString> {
        let mut args: Vec<OsString> = FLAGS.iter().map(OsString::from).collect();
        args.push(self.system_flag());
        args.push(self.heap_flag().into());
        let imports = guest::import_map(&self.guest, &seen.modules);
        args.push(format!("--import-map={imports}").into());
        args.push(self.read_flag(seen));
        args.push(flag(
            "--allow-write=",
            [
                seen.socket.as_path(),
                seen.door.as_path(),
                seen.requests.as_path(),
            ],
        ));
        args.push(self.guest.join(self.kind.main()).into());
        args
    }

    /// What of the system programs may ask for. Where Deno is told of authorities, its `node:https` wants a permission that
    /// cannot be given by its name; what else comes with it, the kernel's layers keep from programs anyway.
    fn system_flag(&self) -> OsString {
        let flag = match &self.authorities {
            Some(_) => ALL_SYSTEM_FLAG,
            None => SYSTEM_FLAG,
        };
        flag.into()
    }

    fn heap_flag(&self) -> String {
        let bytes = self
            .memory_bytes
            .saturating_sub(limits::HEAP_BYTES_BELOW)
            .max(limits::HEAP_BYTES_MIN);
        format!("--v8-flags=--max-old-space-size={}", bytes >> 20)
    }

    fn read_flag(&self, seen: &Seen) -> OsString {
        let own = [
            seen.modules.as_path(),
            seen.socket.as_path(),
            seen.door.as_path(),
            seen.requests.as_path(),
            self.guest.as_path(),
        ];
        flag(
            "--allow-read=",
            own.into_iter()
                .chain(self.readable.iter().map(PathBuf::as_path)),
        )
    }

    /// Names the cache that fits this guest, this version of Deno and these flags.
    pub(crate) fn cache_name(&self) -> String {
        let mut digest = Sha256::new();
        for text in [
            guest::hash().as_str(),
            &self.version,
            self.kind.main(),
            &self.heap_flag(),
            &FLAGS.join(" "),
            SYSTEM_FLAG,
            &self.guest.to_string_lossy(),
        ] {
            digest.update(text.as_bytes());
            digest.update([0]);
        }
        format!("deno-{}", guest::short(digest))
    }

    /// The guest takes away from its environment what is only for Deno.
    fn environment(&self, seen: &Seen) -> Vec<(OsString, OsString)> {
        let fixed = [
            ("HOME", "/nonexistent"),
            ("LANG", "C.UTF-8"),
            ("NO_COLOR", "1"),
            ("DENO_NO_UPDATE_CHECK", "1"),
        ];
        let paths = [
            ("DENO_DIR", &seen.deno_dir),
            ("THORP_CONTROL", &seen.socket),
        ];
        let mut proxy = OsString::from("unix:");
        proxy.push(&seen.door);
        let jsr = self.jsr_registry.as_ref();
        let fixed = fixed
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        let paths = paths
            .into_iter()
            .map(|(name, path)| (name.into(), path.into()));
        let jsr = jsr.map(|url| ("JSR_URL".into(), url.into()));
        let authorities = self.authorities.as_ref();
        let authorities = authorities.map(|path| ("NODE_EXTRA_CA_CERTS".into(), path.into()));
        fixed
            .chain(paths)
            .chain(jsr)
            .chain(authorities)
            .chain([("ALL_PROXY".into(), proxy)])
            .collect()
    }
}

/// Without `no-legacy-abort`, the signal of every web request aborts when its answer is sent.
const FLAGS: &[&str] = &[
    "run",
    "--quiet",
    "--no-config",
    "--no-lock",
    "--no-prompt",
    "--no-code-cache",
    "--cached-only",
    "--node-modules-dir=manual",
    "--unstable-no-legacy-abort",
    "--allow-env",
    "--allow-net",
];
const ALL_SYSTEM_FLAG: &str = "--allow-sys";
const SYSTEM_FLAG: &str = "--allow-sys=hostname,osRelease,cpus,homedir,uid,systemMemoryInfo";

fn flag<'a>(name: &str, paths: impl IntoIterator<Item = &'a Path>) -> OsString {
    let mut flag = OsString::from(name);
    for (index, path) in paths.into_iter().enumerate() {
        if index > 0 {
            flag.push(",");
        }
        flag.push(path);
    }
    flag
}

/// Asks Deno for its version, and refuses one that the guest was not made for.
pub(crate) async fn version(spawner: &Spawner, binary: &Path) -> Result<String, RuntimeError> {
    let not_runnable = |source| RuntimeError::DenoNotRunnable {
        path: binary.to_owned(),
        source,
    };
    std::fs::metadata(binary).map_err(not_runnable)?;
    let command = Command {
        program: binary.to_owned(),
        args: vec!["--version".into()],
        env: vec![
            ("NO_COLOR".into(), "1".into()),
            ("HOME".into(), "/nonexistent".into()),
        ],
        cwd: "/".into(),
        private: None,
        stdin: Input::Empty,
        limits: Limits::default(),
    };
    let sandbox = spawner
        .spawn(&command)
        .await
        .map_err(|error| RuntimeError::Start(error.to_string()))?;
    let mut text = String::new();
    if let Some(stdout) = sandbox.take_stdout().map_err(not_runnable)? {
        stdout
            .take(limits::VERSION_BYTES_MAX)
            .read_to_string(&mut text)
            .await
            .map_err(not_runnable)?;
    }
    accept(&text).ok_or_else(|| RuntimeError::DenoVersion {
        path: binary.to_owned(),
        found: text.lines().next().unwrap_or("unknown").to_owned(),
    })
}

/// The first line is `deno 2.9.6 (stable, release, x86_64-unknown-linux-gnu)`.
fn accept(text: &str) -> Option<String> {
    let version = text
        .lines()
        .next()?
        .strip_prefix("deno ")?
        .split(' ')
        .next()?;
    let patch = version.strip_prefix(DENO_VERSION)?.strip_prefix('.')?;
    patch
        .chars()
        .all(|char| char.is_ascii_digit())
        .then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::accept;

    #[test]
    fn only_versions_that_the_guest_was_made_for_are_accepted() {
        assert_eq!(
            accept("deno 2.9.6 (stable, release, x86_64-unknown-linux-gnu)\nv8 1\n").as_deref(),
            Some("2.9.6")
        );
        for text in [
            "deno 2.90.1",
            "deno 2.8.9",
            "deno 3.0.0",
            "deno 2.9.0-rc.1",
            "bun 2.9.6",
            "",
        ] {
            assert_eq!(accept(text), None);
        }
    }
}

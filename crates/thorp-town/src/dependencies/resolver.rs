//! Finds out and downloads, by the stock Deno in a process of its own, in a folder that is thrown away. Scripts of packages
//! are never run.

use super::bundle::Bundler;
use super::intake::{IntakeError, remove_folder, take_in};
use super::{Failure, Manifest};
use crate::error::TownError;
use crate::limits::{
    DEPENDENCIES_MAX, DEPENDENCY_BYTES_MAX, RESOLVE_OUTPUT_BYTES_MAX, RESOLVE_WALL,
};
use crate::save::{OnProgress, ProgressStep, tell};
use crate::town::TownConfig;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use thorp_runtime::Runtime;
use thorp_runtime::confined::{Command, Exit, Input, Limits, Spawner};
use thorp_store::Digest;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use uuid::Uuid;

/// What makes dependency folders.
pub(super) struct Resolver {
    /// Holds the folders that are being made, and the downloads.
    pub(super) work: PathBuf,
    spawner: Spawner,
    deno: PathBuf,
    registries: Vec<(OsString, OsString)>,
    bundler: Bundler,
}

/// A folder that was made and is not in its place yet.
pub(super) struct Resolution {
    folder: PathBuf,
    pub(super) hash: Digest,
    pub(super) bytes: u64,
    pub(super) resolved: BTreeMap<String, String>,
}

impl Resolver {
    pub(super) fn new(
        config: &TownConfig,
        work: PathBuf,
        spawner: Spawner,
        runtime: Runtime,
    ) -> Self {
        let mut registries: Vec<(OsString, OsString)> = Vec::new();
        let mut setting = |name: &str, value: &Option<String>| {
            registries.extend(value.as_ref().map(|value| (name.into(), value.into())));
        };
        setting("NPM_CONFIG_REGISTRY", &config.npm_registry);
        setting("JSR_URL", &config.jsr_registry);
        let bundler = Bundler::new(config.esbuild.clone(), spawner.clone(), runtime);
        Self {
            bundler,
            work,
            spawner,
            deno: config.deno.clone(),
            registries,
        }
    }

    pub(super) async fn resolve(
        &self,
        manifest: &Manifest,
        progress: OnProgress<'_>,
    ) -> Result<Resolution, Failure> {
        if manifest.packages.len() + manifest.remote.len() > DEPENDENCIES_MAX {
            let message = format!("a version imports at most {DEPENDENCIES_MAX} packages");
            return Err(Failure::too_large(message));
        }
        let room =
            Room::new(&self.work).map_err(|error| Failure::unavailable(error.to_string()))?;
        if !manifest.remote.is_empty() {
            self.fetch_modules(&room, manifest, progress).await?;
        }
        if !manifest.packages.is_empty() {
            self.install_packages(&room, manifest, progress).await?;
            self.bundler.bundle(&room, manifest, progress).await;
        }
        room.take_in(manifest).await
    }

    /// `https:` and `jsr:` modules, with all that they import, into a cache of their own.
    async fn fetch_modules(
        &self,
        room: &Room,
        manifest: &Manifest,
        progress: OnProgress<'_>,
    ) -> Result<(), Failure> {
        let entry: String = manifest
            .remote
            .iter()
            .map(|address| format!("import {address:?};\n"))
            .collect();
        room.write("entry.mjs", &entry)?;
        let args = [
            "cache",
            "--no-config",
            "--no-lock",
            "--allow-import",
            "--node-modules-dir=none",
            "entry.mjs",
        ];
        self.deno(room, &args, &room.path("deno-dir"), manifest, progress)
            .await
    }

    /// `npm:` packages, each under its alias.
    async fn install_packages(
        &self,
        room: &Room,
        manifest: &Manifest,
        progress: OnProgress<'_>,
    ) -> Result<(), Failure> {
        let package = serde_json::json!({ "private": true, "dependencies": manifest.packages });
        room.write("package.json", &package.to_string())?;
        room.write("deno.json", "{}")?;
        let args = [
            "install",
            "--node-modules-dir=auto",
            "--node-modules-linker=isolated",
        ];
        self.deno(
            room,
            &args,
            &self.work.join("downloads"),
            manifest,
            progress,
        )
        .await
    }

    async fn deno(
        &self,
        room: &Room,
        args: &[&str],
        cache: &Path,
        manifest: &Manifest,
        progress: OnProgress<'_>,
    ) -> Result<(), Failure> {
        let command = self.command(room, args, cache);
        let failed =
            |error: &dyn std::fmt::Display| Failure::unavailable(format!("Deno failed: {error}"));
        let process = self
            .spawner
            .spawn(&command)
            .await
            .map_err(|error| failed(&error))?;
        let (stdout, stderr) = (process.take_stdout(), process.take_stderr());
        let (Ok(Some(stdout)), Ok(Some(stderr))) = (stdout, stderr) else {
            return Err(Failure::unavailable("Deno has no output"));
        };
        let work = async {
            let on_line = |line: &str| report(progress, line);
            let (_, said) = tokio::join!(listen(stdout, &|_| ()), listen(stderr, &on_line));
            (process.wait().await, said)
        };
        match tokio::time::timeout(RESOLVE_WALL, work).await {
            Ok((Ok(Exit::Code(0)), _)) => Ok(()),
            Ok((_, said)) => Err(explain(&said, manifest)),
            Err(_) => Err(Failure::unavailable(format!(
                "it took longer than {} s",
                RESOLVE_WALL.as_secs()
            ))),
        }
    }

    fn command(&self, room: &Room, args: &[&str], cache: &Path) -> Command {
        let mut env: Vec<(OsString, OsString)> = vec![
            ("DENO_DIR".into(), cache.into()),
            ("HOME".into(), "/nonexistent".into()),
            ("NO_COLOR".into(), "1".into()),
            ("DENO_NO_UPDATE_CHECK".into(), "1".into()),
            ("DENO_TLS_CA_STORE".into(), "mozilla,system".into()),
        ];
        env.extend(self.registries.iter().cloned());
        // Where the system's certificates are, if the operator says so.
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            env.extend(std::env::var_os(name).map(|value| (name.into(), value)));
        }
        Command {
            program: self.deno.clone(),
            args: args.iter().map(Into::into).collect(),
            env,
            cwd: room.folder.clone(),
            stdin: Input::Empty,
            limits: Limits {
                file_bytes: DEPENDENCY_BYTES_MAX,
                open_files: 4096,
                ..Limits::default()
            },
        }
    }
}

/// Reads lines until the end. Keeps the first [`RESOLVE_OUTPUT_BYTES_MAX`] of them.
async fn listen(pipe: impl AsyncRead + Unpin, on_line: &(dyn Fn(&str) + Send + Sync)) -> String {
    let mut said = String::new();
    let mut lines = BufReader::new(pipe).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        on_line(&line);
        if said.len() + line.len() < RESOLVE_OUTPUT_BYTES_MAX {
            said.push_str(&line);
            said.push('\n');
        }
    }
    said
}

/// Deno says `Download <address>` for each thing it gets.
fn report(progress: OnProgress<'_>, line: &str) {
    if let Some(address) = line.strip_prefix("Download ") {
        let name = address.rsplit('/').next().unwrap_or(address);
        let name = name.strip_suffix(".tgz").unwrap_or(name);
        tell(
            progress,
            ProgressStep::Download,
            name.replace("%2f", "/").replace("%2F", "/"),
        );
    }
}

/// Makes what Deno said into what a person needs to know.
fn explain(said: &str, manifest: &Manifest) -> Failure {
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let told = lines.iter().position(|line| line.starts_with("error:"));
    let message = match told {
        Some(at) => lines[at..]
            .iter()
            .take(3)
            .map(|line| line.trim_start_matches("error: "))
            .collect::<Vec<_>>()
            .join(" "),
        None => lines.last().map_or_else(
            || "Deno ended without a word".to_owned(),
            |line| (*line).to_owned(),
        ),
    };
    let packages = manifest
        .packages
        .values()
        .filter_map(|wanted| package_name(wanted));
    let culprit = packages
        .chain(manifest.remote.iter().map(String::as_str))
        .find(|name| names(&message, name));
    Failure {
        culprit: culprit.map(str::to_owned),
        ..Failure::unavailable(message)
    }
}

/// Whether the text speaks of exactly this package or address.
fn names(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let ends =
            |c: Option<char>| c.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '-' | '_')));
        ends(text[..at].chars().next_back()) && ends(text[at + name.len()..].chars().next())
    })
}

/// `npm:@scope/name@range` to `@scope/name`.
fn package_name(wanted: &str) -> Option<&str> {
    let wanted = wanted.strip_prefix("npm:")?;
    let end = wanted
        .char_indices()
        .skip(1)
        .find(|(_, c)| *c == '@')
        .map_or(wanted.len(), |(at, _)| at);
    Some(&wanted[..end])
}

/// A folder to work in, gone when it is dropped.
pub(super) struct Room {
    pub(super) folder: PathBuf,
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = remove_folder(&self.folder);
    }
}

impl Room {
    fn new(work: &Path) -> std::io::Result<Self> {
        let folder = work.join(Uuid::now_v7().simple().to_string());
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        std::fs::write(self.path(name), text)
            .map_err(|error| Failure::unavailable(error.to_string()))
    }

    /// Copies what a run needs, and nothing else.
    async fn take_in(&self, manifest: &Manifest) -> Result<Resolution, Failure> {
        let from = self.folder.clone();
        let to = from.with_extension("taken");
        let target = to.clone();
        let taken = tokio::task::spawn_blocking(move || {
            let taken = take_in(&from, &target, &is_left_out);
            if taken.is_err() {
                let _ = remove_folder(&target);
            }
            taken
        });
        let intake = taken
            .await
            .map_err(|error| Failure::unavailable(error.to_string()))?
            .map_err(refusal)?;
        let resolved = resolved(manifest, &to);
        Ok(Resolution {
            folder: to,
            hash: intake.hash,
            bytes: intake.bytes,
            resolved,
        })
    }
}

fn refusal(error: IntakeError) -> Failure {
    match error {
        IntakeError::Io(_) => Failure::unavailable(error.to_string()),
        _ => Failure::too_large(error.to_string()),
    }
}

/// Deno's own notes differ from one resolution to the next, and a run needs none of them.
fn is_left_out(path: &Path) -> bool {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    match parts.as_slice() {
        [name] => !matches!(*name, "node_modules" | "deno-dir"),
        ["deno-dir", name] => *name != "remote",
        ["node_modules", ".deno", name] => name.starts_with('.') || name.ends_with("@0.0.0"),
        _ => false,
    }
}

/// What each alias came to be, as the package says of itself. Addresses stand for themselves.
fn resolved(manifest: &Manifest, folder: &Path) -> BTreeMap<String, String> {
    let packages = manifest.packages.keys().filter_map(|alias| {
        let text =
            std::fs::read(folder.join("node_modules").join(alias).join("package.json")).ok()?;
        let package: serde_json::Value = serde_json::from_slice(&text).ok()?;
        Some((
            alias.clone(),
            format!(
                "{}@{}",
                package["name"].as_str()?,
                package["version"].as_str()?
            ),
        ))
    });
    packages
        .chain(
            manifest
                .remote
                .iter()
                .map(|address| (address.clone(), address.clone())),
        )
        .collect()
}

impl Resolution {
    /// Puts the folder in its place, unless an equal one is there.
    pub(super) fn put_in(&self, folders: &Path) -> Result<(), TownError> {
        let place = folders.join(self.hash.to_string());
        if place.is_dir() {
            return remove_folder(&self.folder)
                .map_err(|error| TownError::unusable(&self.folder, &error));
        }
        std::fs::rename(&self.folder, &place).map_err(|error| TownError::unusable(&place, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_packages() {
        assert_eq!(package_name("npm:zod@4"), Some("zod"));
        assert_eq!(
            package_name("npm:@hono/zod-validator@^0.4"),
            Some("@hono/zod-validator")
        );
        assert_eq!(package_name("npm:zod@*"), Some("zod"));
    }

    #[test]
    fn the_package_to_blame_is_found_in_what_deno_says() {
        let wanted = [("nanoid__99", "npm:nanoid@99"), ("nano__1", "npm:nano@1")];
        let packages = wanted
            .into_iter()
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect();
        let manifest = Manifest {
            packages,
            ..Manifest::default()
        };
        let failure = explain(
            "Download x\nerror: Could not find npm package 'nanoid' matching '99'.\n",
            &manifest,
        );
        assert_eq!(
            failure.message,
            "Could not find npm package 'nanoid' matching '99'."
        );
        assert_eq!(failure.culprit.as_deref(), Some("nanoid"));
    }

    #[test]
    fn only_what_a_run_needs_is_kept() {
        for kept in [
            "node_modules",
            "node_modules/zod",
            "node_modules/.deno/zod@4.0.0",
            "deno-dir/remote/https",
        ] {
            assert!(!is_left_out(Path::new(kept)), "{kept}");
        }
        for left in [
            "package.json",
            "deno.lock",
            "node_modules/.deno/.deno.lock",
            "deno-dir/gen",
            "entry.mjs",
        ] {
            assert!(is_left_out(Path::new(left)), "{left}");
        }
    }
}

//! Finds out and downloads, by the stock Deno, in a folder that is thrown away. Scripts of packages are never run.

use super::bundle::{Bundler, INSTALLED};
use super::downloader::{CACHE, Downloader};
use super::explain::{ENTRY, explain, package_name};
use super::intake::{IntakeError, remove_folder, take_in};
use super::{Failure, Manifest};
use crate::error::TownError;
use crate::limits::{DEPENDENCIES_MAX, DOWNLOADS_SHARED};
use crate::save::{OnProgress, ProgressStep, tell};
use crate::town::Clock;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use thorp_store::Digest;
use uuid::Uuid;

/// What makes dependency folders.
pub(super) struct Resolver {
    downloader: Downloader,
    bundler: Bundler,
    clock: Clock,
}

/// For whom packages are got, and who hears of it.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) user: Uuid,
    pub(super) progress: OnProgress<'a>,
}

/// A folder that was made and is not in its place yet.
pub(super) struct Resolution {
    folder: PathBuf,
    pub(super) hash: Digest,
    pub(super) bytes: u64,
    pub(super) resolved: BTreeMap<String, String>,
}

impl Resolver {
    pub(super) fn new(clock: Clock, downloader: Downloader, bundler: Bundler) -> Self {
        Self {
            downloader,
            bundler,
            clock,
        }
    }

    pub(super) async fn resolve(
        &self,
        manifest: &Manifest,
        asking: Asking<'_>,
    ) -> Result<Resolution, Failure> {
        if manifest.packages.len() + manifest.remote.len() > DEPENDENCIES_MAX {
            let message = format!("a version imports at most {DEPENDENCIES_MAX} packages");
            return Err(Failure::too_large(message));
        }
        let room = Room::new(&self.downloader.work)
            .map_err(|error| Failure::unavailable(error.to_string()))?;
        self.install(&room, manifest, asking).await?;
        // What modules of the web import by `npm:` is found among the installed packages only.
        if !manifest.packages.is_empty() && manifest.remote.is_empty() {
            self.bundler.bundle(&room, manifest, asking.progress).await;
        }
        room.take_in(manifest).await
    }

    /// `npm:` packages, each under its alias; `https:` and `jsr:` modules in a cache of their own; and all that they import.
    async fn install(
        &self,
        room: &Room,
        manifest: &Manifest,
        asking: Asking<'_>,
    ) -> Result<(), Failure> {
        let package = serde_json::json!({ "private": true, "dependencies": manifest.packages });
        room.write("package.json", &package.to_string())?;
        room.write("deno.json", "{}")?;
        room.write(ENTRY, &entry(manifest))?;
        self.share_downloads(room)
            .map_err(|error| Failure::unavailable(error.to_string()))?;
        let mut args = vec![
            "install",
            "--node-modules-dir=auto",
            "--node-modules-linker=isolated",
        ];
        if !manifest.remote.is_empty() {
            args.extend(["--allow-import", "--entrypoint", ENTRY]);
        }
        self.deno(room, &args, manifest, asking).await
    }

    /// Packages are downloaded once for all rooms, but what the registry says of them is soon asked again.
    fn share_downloads(&self, room: &Room) -> std::io::Result<()> {
        let age = i64::try_from(DOWNLOADS_SHARED.as_micros()).unwrap_or(i64::MAX);
        let now = (self.clock)() / age;
        // One before may be in use still: a resolution does not last as long as that.
        for old in std::fs::read_dir(&self.downloader.work)? {
            let old = old?.path();
            let number = old
                .extension()
                .and_then(|number| number.to_str()?.parse::<i64>().ok());
            if number.is_some_and(|number| number + 1 < now) {
                remove_folder(&old)?;
            }
        }
        let downloads = self.downloader.work.join(format!("downloads.{now}"));
        std::fs::create_dir_all(&downloads)?;
        std::fs::create_dir(room.path(CACHE))?;
        std::os::unix::fs::symlink(downloads, room.path(CACHE).join("npm"))
    }

    async fn deno(
        &self,
        room: &Room,
        args: &[&str],
        manifest: &Manifest,
        asking: Asking<'_>,
    ) -> Result<(), Failure> {
        let on_line = |line: &str| report(asking.progress, line);
        let told = self
            .downloader
            .run(room, args, asking.user, &on_line)
            .await?;
        if told.is_done {
            return Ok(());
        }
        let excess = told.excess();
        Err(excess.unwrap_or_else(|| explain(&told.said, manifest, &told.egress.requests)))
    }
}

/// Deno says `Download <address>` for each thing it gets.
fn report(progress: OnProgress<'_>, line: &str) {
    if let Some(address) = line.strip_prefix("Download ") {
        tell(progress, ProgressStep::Download, shown(address));
    }
}

/// `https://registry.example/@scope/name/-/name-1.2.3.tgz` as `@scope/name 1.2.3`, others without the scheme.
fn shown(address: &str) -> String {
    let decoded = address.replace("%2f", "/").replace("%2F", "/");
    let plain = decoded
        .split_once("://")
        .map_or(decoded.as_str(), |(_, rest)| rest);
    package_of(plain).unwrap_or_else(|| plain.to_owned())
}

fn package_of(tarball: &str) -> Option<String> {
    let (folder, file) = tarball.split_once("/-/")?;
    let (scope, name) = folder.rsplit_once('/')?;
    let version = file
        .strip_suffix(".tgz")?
        .strip_prefix(name)?
        .strip_prefix('-')?;
    let scope = scope
        .rsplit('/')
        .next()
        .filter(|scope| scope.starts_with('@'));
    let scope = scope.map_or(String::new(), |scope| format!("{scope}/"));
    Some(format!("{scope}{name} {version}"))
}

/// Imports everything that is not a package, a line each.
fn entry(manifest: &Manifest) -> String {
    let imports = manifest.remote.iter();
    imports
        .map(|address| format!("import {};\n", serde_json::json!(address)))
        .collect()
}

/// A folder to work in, gone when it is dropped.
pub(crate) struct Room {
    pub(crate) folder: PathBuf,
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = remove_folder(&self.folder);
    }
}

impl Room {
    pub(crate) fn new(work: &Path) -> std::io::Result<Self> {
        let folder = work.join(Uuid::now_v7().simple().to_string());
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        std::fs::write(self.path(name), text)
            .map_err(|error| Failure::unavailable(error.to_string()))
    }

    /// What Deno noted; nothing if it noted nothing that we understand.
    fn lock(&self) -> DenoLock {
        let text = std::fs::read(self.path("deno.lock")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Copies what a run needs, and nothing else.
    async fn take_in(&self, manifest: &Manifest) -> Result<Resolution, Failure> {
        let from = self.folder.clone();
        let to = from.with_extension("taken");
        let target = to.clone();
        let taken = tokio::task::spawn_blocking(move || {
            let taken = take_in(&from, &target, &|path| is_left_out(path, &own_name(&from)));
            if taken.is_err() {
                let _ = remove_folder(&target);
            }
            taken
        });
        let intake = taken
            .await
            .map_err(|error| Failure::unavailable(error.to_string()))?
            .map_err(refusal)?;
        let resolved = resolved(manifest, &to, &self.lock());
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

/// What Deno calls the room among the packages.
fn own_name(room: &Path) -> String {
    let name = room.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}@0.0.0")
}

/// Deno's own notes differ from one resolution to the next, and a run needs none of them.
fn is_left_out(path: &Path, own_name: &str) -> bool {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    match parts.as_slice() {
        [name] => !matches!(*name, "node_modules" | CACHE | INSTALLED),
        [CACHE, name] => *name != "remote",
        ["node_modules" | INSTALLED, ".deno", name] => name.starts_with('.') || *name == own_name,
        _ => false,
    }
}

/// What each alias came to be, as the package says of itself, and what each address came to be, as Deno's lock says.
fn resolved(manifest: &Manifest, folder: &Path, lock: &DenoLock) -> BTreeMap<String, String> {
    let packages = manifest
        .packages
        .keys()
        .filter_map(|alias| Some((alias.clone(), installed(folder, alias)?)));
    let remote = manifest
        .remote
        .iter()
        .map(|address| (address.clone(), lock.resolved(address)));
    packages.chain(remote).collect()
}

fn installed(folder: &Path, alias: &str) -> Option<String> {
    let text = std::fs::read(folder.join("node_modules").join(alias).join("package.json")).ok()?;
    let package: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let (name, version) = (package["name"].as_str()?, package["version"].as_str()?);
    Some(format!("{name}@{version}"))
}

/// The part of Deno's lock that people are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DenoLock {
    /// `jsr:@a/b@1` to `1.2.3`.
    specifiers: BTreeMap<String, String>,
    /// Addresses that led elsewhere.
    redirects: BTreeMap<String, String>,
}

impl DenoLock {
    /// What an address stands for; itself if the lock says nothing else.
    fn resolved(&self, address: &str) -> String {
        let Some(name) = package_name(address) else {
            return self
                .redirects
                .get(address)
                .map_or(address, String::as_str)
                .to_owned();
        };
        let wanted = address.trim_start_matches("jsr:").trim_start_matches('/');
        let range = wanted
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('@'));
        let range = range.map_or("*", |range| range.split('/').next().unwrap_or(range));
        match self.specifiers.get(&format!("jsr:{name}@{range}")) {
            Some(version) => format!("{name}@{version}"),
            None => address.to_owned(),
        }
    }
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
    fn only_what_a_run_needs_is_kept() {
        for kept in [
            "node_modules",
            "node_modules/zod",
            "node_modules/.deno/zod@4.0.0",
            "node_modules/.deno/first@0.0.0",
            "installed/zod",
            "installed/.deno/zod@4.0.0",
            "deno-dir/remote/https",
        ] {
            assert!(!is_left_out(Path::new(kept), "room@0.0.0"), "{kept}");
        }
        for left in [
            "package.json",
            "deno.lock",
            "node_modules/.deno/.deno.lock",
            "node_modules/.deno/room@0.0.0",
            "installed/.deno/room@0.0.0",
            "deno-dir/gen",
            "entry.mjs",
        ] {
            assert!(is_left_out(Path::new(left), "room@0.0.0"), "{left}");
        }
    }

    #[test]
    fn downloads_are_told_by_the_name_of_the_package() {
        for (address, expected) in [
            ("https://registry.example/zod/-/zod-4.0.0.tgz", "zod 4.0.0"),
            (
                "https://registry.example/npm/@a/b/-/b-1.0.0.tgz",
                "@a/b 1.0.0",
            ),
            ("https://registry.example/@a%2fb", "registry.example/@a/b"),
            ("https://x.example/lib/mod.ts", "x.example/lib/mod.ts"),
        ] {
            assert_eq!(shown(address), expected);
        }
    }

    #[test]
    fn addresses_stand_for_what_the_lock_says() {
        let lock: DenoLock = serde_json::from_str(
            r#"{"version":"5","specifiers":{"jsr:@a/b@1":"1.2.3","jsr:@a/c@*":"4.0.0"},"redirects":{"https://x/a":"https://x/a@1"}}"#,
        )
        .unwrap();
        for (address, expected) in [
            ("jsr:@a/b@1", "@a/b@1.2.3"),
            ("jsr:@a/b@1/path", "@a/b@1.2.3"),
            ("jsr:@a/c", "@a/c@4.0.0"),
            ("jsr:/@a/c/path", "@a/c@4.0.0"),
            ("jsr:@a/d@1", "jsr:@a/d@1"),
            ("https://x/a", "https://x/a@1"),
            ("https://x/b", "https://x/b"),
        ] {
            assert_eq!(lock.resolved(address), expected);
        }
    }
}

//! Makes installed packages quick to load: one file an import instead of hundreds.
//!
//! What is bundled must behave as what was installed. Whatever hints at the opposite (files read beside the code,
//! computed `require`s, other exports than Deno finds) leaves the packages as they were installed.

use super::manifest::Manifest;
use super::resolver::Room;
use crate::limits::Bounds;
use crate::save::{OnProgress, ProgressStep, tell};
use crate::workshop;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;
use thorp_runtime::confined::{Command, Exit, Input, Limits, Part, Spawner};
use thorp_runtime::{Job, ModuleProgram, Program, RunLimits, Runtime};
use uuid::Uuid;

/// Where the installed packages go when the bundles take their place: programs of other users have them from there.
pub(super) const INSTALLED: &str = "installed";
const BUNDLED: &str = "bundled";
/// What esbuild read and wrote, in a folder that no sandbox may read.
const READ: &str = "read.json";

/// What code may not say if it is to be bundled: it looks for files beside itself, or loads what nobody can foresee.
const SUSPICIOUS: [&str; 4] = ["__dirname", "__filename", "import.meta.", ".node\""];

/// What esbuild writes where CommonJS code asks for a built-in module, which an ES module can't do by itself.
const NEEDS_REQUIRE: &str = "Dynamic require of";

/// Gives it the means. Not there for everybody, since it loads `node:module`.
const GIVE_REQUIRE: &str = "--banner:js=import{createRequire as __thorp}from\"node:module\";\
                            const require=__thorp(\"file:///val/main.mjs\");";

/// The esbuild that lies in the same `node_modules` folder as this Deno, if one does.
#[must_use]
pub fn esbuild_beside(deno: &Path) -> Option<PathBuf> {
    let platform = if cfg!(target_arch = "aarch64") {
        "linux-arm64"
    } else {
        "linux-x64"
    };
    let modules = deno
        .ancestors()
        .find(|folder| folder.ends_with("node_modules"))?;
    let esbuild = modules.join("@esbuild").join(platform).join("bin/esbuild");
    esbuild.is_file().then_some(esbuild)
}

/// Names and types of exports, by specifier.
type Exports = BTreeMap<String, BTreeMap<String, String>>;

/// Bundles with esbuild, if it is there.
pub(super) struct Bundler {
    /// Its program, and what starts it.
    esbuild: Option<(PathBuf, Spawner)>,
    /// Holds what esbuild made until it is known what it is made of.
    closed: PathBuf,
    runtime: Runtime,
    wall: Duration,
    memory_bytes: u64,
    bytes_max: u64,
}

/// Why packages stay as they are.
#[derive(Debug, thiserror::Error)]
enum Unbundled {
    #[error("esbuild is not there")]
    NoBundler,
    #[error("the packages do not load: {0}")]
    DoNotLoad(String),
    #[error("esbuild refused them")]
    Refused,
    #[error("esbuild needs more memory for them than it may have")]
    NeedsMemory,
    #[error("their code says `{0}`")]
    Suspicious(&'static str),
    #[error("they are larger than {0} bytes")]
    TooLarge(u64),
    #[error("`{0}` exports something else when bundled")]
    Differs(String),
    #[error("they import `{0}`, which is none of their files")]
    Outside(String),
    #[error("esbuild did not say what it read: {0}")]
    Unsaid(#[from] serde_json::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Bundler {
    pub(super) fn new(
        esbuild: Option<(PathBuf, Spawner)>,
        closed: PathBuf,
        runtime: Runtime,
        bounds: &Bounds,
    ) -> Self {
        Self {
            esbuild,
            closed,
            runtime,
            wall: bounds.bundle_wall,
            memory_bytes: bounds.bundle_memory_bytes,
            bytes_max: bounds.bundle_bytes_max,
        }
    }

    /// Replaces the installed packages of the room by bundles, where that changes nothing but the time to load them.
    pub(super) async fn bundle(&self, room: &Room, manifest: &Manifest, progress: OnProgress<'_>) {
        tell(progress, ProgressStep::Bundle, "bundling packages");
        if let Err(reason) = self.try_bundle(room, manifest).await {
            tracing::debug!(packages = ?manifest.packages, %reason, "packages are not bundled");
        }
    }

    async fn try_bundle(&self, room: &Room, manifest: &Manifest) -> Result<(), Unbundled> {
        let esbuild = self.esbuild.as_ref().ok_or(Unbundled::NoBundler)?;
        let installed = self.exports(&room.folder, &manifest.specifiers).await?;
        for (at, (specifier, exports)) in installed.iter().enumerate() {
            fs::write(room.path(&entry_name(at)), entry(specifier, exports))?;
        }
        let closed = Room::new(&self.closed)?;
        let args = esbuild_args(manifest);
        self.run_esbuild(esbuild, room, &closed, args.clone())
            .await?;
        if outputs_need_require(&closed.path(BUNDLED), self.bytes_max)? {
            let args = args.into_iter().chain([GIVE_REQUIRE.to_owned()]);
            self.run_esbuild(esbuild, room, &closed, args.collect())
                .await?;
        }
        fs::rename(closed.path(BUNDLED), room.path(BUNDLED))?;
        write_packages(room, manifest)?;
        let trial = room.path("trial");
        fs::create_dir(&trial)?;
        std::os::unix::fs::symlink(room.path(BUNDLED), trial.join("node_modules"))?;
        let bundled = self.exports(&trial, &manifest.specifiers).await?;
        check_same(&installed, &bundled)?;
        fs::rename(room.path("node_modules"), room.path(INSTALLED))?;
        fs::rename(room.path(BUNDLED), room.path("node_modules"))?;
        Ok(())
    }

    /// What the packages export, found out by loading them in a sandbox.
    async fn exports(
        &self,
        folder: &Path,
        specifiers: &BTreeSet<String>,
    ) -> Result<Exports, Unbundled> {
        let program = ModuleProgram {
            files: vec![("exports.mjs".to_owned(), exports_code(specifiers))],
            entry: "exports.mjs".to_owned(),
            dependencies: Some(folder.to_path_buf()),
            ..ModuleProgram::default()
        };
        let job = Job {
            run: Uuid::now_v7(),
            user: Uuid::nil(),
            program: Program::Module(program.into()),
            args: "[]".to_owned(),
            limits: RunLimits {
                wall: self.wall,
                cpu: self.wall,
                ..RunLimits::default()
            },
            sight: thorp_runtime::Sight::default(),
            host: None,
            worker: None,
            secrets: Vec::new(),
            withheld: Vec::new(),
        };
        let value = self
            .runtime
            .run(job)
            .await
            .result
            .map_err(|failure| Unbundled::DoNotLoad(failure.to_string()))?;
        serde_json::from_str(&value.json).map_err(|error| Unbundled::DoNotLoad(error.to_string()))
    }

    /// Bundles what lies in the room into the closed folder. esbuild asks nobody before it reads a file, wherever an import
    /// leads, and the code is a stranger's: what it made counts only if all that it read lies in the room.
    async fn run_esbuild(
        &self,
        (esbuild, spawner): &(PathBuf, Spawner),
        room: &Room,
        closed: &Room,
        args: Vec<String>,
    ) -> Result<(), Unbundled> {
        let to = [("--outdir=", BUNDLED), ("--metafile=", READ)];
        let to = to.map(|(flag, name)| {
            let mut arg = OsString::from(flag);
            arg.push(closed.path(name));
            arg
        });
        let command = Command {
            program: esbuild.clone(),
            args: args.into_iter().map(Into::into).chain(to).collect(),
            env: Vec::new(),
            cwd: room.folder.clone(),
            private: None,
            stdin: Input::Empty,
            limits: Limits {
                file_bytes: self.bytes_max,
                ..workshop::limits(self.memory_bytes)
            },
        };
        let process = spawner.spawn(&command).await.map_err(io::Error::other)?;
        process.set_part(Part::Small)?;
        match tokio::time::timeout(self.wall, process.wait()).await {
            Ok(Ok(Exit::Code(0))) => check_read(&fs::read(closed.path(READ))?),
            _ if process.shortage().is_some() => Err(Unbundled::NeedsMemory),
            _ => Err(Unbundled::Refused),
        }
    }
}

/// The part of esbuild's notes that says what it read, by paths from the room.
#[derive(Deserialize)]
struct Read {
    inputs: BTreeMap<String, IgnoredAny>,
}

/// The packages of a dependency folder as they were installed: what is bundled of them for runs of their user is for Deno.
pub(crate) fn installed(folder: &Path) -> PathBuf {
    let whole = folder.join(INSTALLED);
    match whole.is_dir() {
        true => whole,
        false => folder.join("node_modules"),
    }
}

/// Whether all that esbuild notes to have read lies in one of these folders; it was started in `cwd`.
pub(crate) fn read_within(notes: &[u8], cwd: &Path, folders: &[PathBuf]) -> Result<(), String> {
    let read: Read = serde_json::from_slice(notes).map_err(|error| error.to_string())?;
    let is_inside = |path: &str| {
        // A module that esbuild makes up, for what a package leaves out for browsers.
        let path = path.strip_prefix("(disabled):").unwrap_or(path);
        let path = plain(&cwd.join(path));
        path.is_some_and(|path| folders.iter().any(|folder| path.starts_with(folder)))
    };
    match read.inputs.keys().find(|path| !is_inside(path)) {
        Some(path) => Err(path.clone()),
        None => Ok(()),
    }
}

/// A path without `..`; esbuild has followed links before it writes one down.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop().then_some(())?;
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Some(plain)
}

/// Refuses what was read from outside of the room.
fn check_read(notes: &[u8]) -> Result<(), Unbundled> {
    let read: Read = serde_json::from_slice(notes)?;
    let is_outside = |path: &&String| {
        let mut parts = Path::new(path.as_str()).components();
        !parts.all(|part| matches!(part, Component::Normal(_)))
    };
    match read.inputs.keys().find(is_outside) {
        Some(path) => Err(Unbundled::Outside(path.clone())),
        None => Ok(()),
    }
}

fn entry_name(at: usize) -> String {
    format!("entry-{at}.mjs")
}

fn exports_code(specifiers: &BTreeSet<String>) -> String {
    let specifiers = json!(specifiers);
    format!(
        "export default async () => {{\n  const all = {{}};\n  for (const specifier of {specifiers}) {{\n    \
         const module = await import(specifier);\n    all[specifier] = Object.fromEntries(\n      \
         Object.keys(module).filter((name) => name !== \"module.exports\")\n        \
         .map((name) => [name, typeof module[name]]),\n    );\n  }}\n  return all;\n}};\n"
    )
}

/// A module that exports exactly what the package does.
fn entry(specifier: &str, exports: &BTreeMap<String, String>) -> String {
    let names: Vec<String> = exports.keys().map(|name| exported(name)).collect();
    format!(
        "export {{ {} }} from {};\n",
        names.join(", "),
        json!(specifier)
    )
}

fn exported(name: &str) -> String {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if plain && !name.starts_with(|c: char| c.is_ascii_digit()) {
        name.to_owned()
    } else {
        json!(name).to_string()
    }
}

/// `esbuild` with the same conditions as Deno. Entries lie as the packages' files; what they share lies beside.
fn esbuild_args(manifest: &Manifest) -> Vec<String> {
    let fixed = [
        "--bundle",
        "--splitting",
        "--format=esm",
        "--platform=node",
        "--target=esnext",
        "--conditions=deno",
        "--out-extension:.js=.mjs",
        "--chunk-names=.shared/[hash]",
        "--keep-names",
        "--minify-whitespace",
        "--legal-comments=none",
        "--log-level=error",
        "--log-override:unsupported-require-call=error",
        "--log-override:indirect-require=error",
    ];
    let entries = manifest
        .specifiers
        .iter()
        .enumerate()
        .map(|(at, specifier)| format!("{}={}", output_stem(manifest, specifier), entry_name(at)));
    fixed
        .into_iter()
        .map(str::to_owned)
        .chain(entries)
        .collect()
}

/// `zod__4/mini` lies in `zod__4/mini.mjs`, `zod__4` in `zod__4/index.mjs`.
fn output_stem(manifest: &Manifest, specifier: &str) -> String {
    match split(manifest, specifier) {
        Some((alias, "")) => format!("{alias}/index"),
        Some((alias, subpath)) => format!("{alias}/sub/{}", subpath.replace(['/', '.'], "_")),
        None => specifier.to_owned(),
    }
}

/// A specifier's alias and the path behind it.
fn split<'a>(manifest: &Manifest, specifier: &'a str) -> Option<(&'a str, &'a str)> {
    let parts = if specifier.starts_with('@') { 2 } else { 1 };
    let end = specifier
        .match_indices('/')
        .nth(parts - 1)
        .map_or(specifier.len(), |(at, _)| at);
    let (alias, subpath) = specifier.split_at(end);
    manifest
        .packages
        .contains_key(alias)
        .then(|| (alias, subpath.trim_start_matches('/')))
}

/// Refuses what can't be bundled. Answers whether the code asks for built-in modules by `require`.
fn outputs_need_require(bundled: &Path, bytes_max: u64) -> Result<bool, Unbundled> {
    let (mut bytes, mut needs_require) = (0, false);
    let mut folders = vec![bundled.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            bytes += entry.metadata()?.len();
            if bytes > bytes_max {
                return Err(Unbundled::TooLarge(bytes_max));
            }
            let text = fs::read_to_string(entry.path())?;
            check_text(&text)?;
            needs_require |= text.contains(NEEDS_REQUIRE);
        }
    }
    Ok(needs_require)
}

fn check_text(text: &str) -> Result<(), Unbundled> {
    match SUSPICIOUS.into_iter().find(|word| text.contains(word)) {
        Some(word) => Err(Unbundled::Suspicious(word)),
        None => Ok(()),
    }
}

/// Gives each alias a `package.json` that leads its specifiers to the bundles.
fn write_packages(room: &Room, manifest: &Manifest) -> io::Result<()> {
    for alias in manifest.packages.keys() {
        let text = fs::read_to_string(room.path("node_modules").join(alias).join("package.json"))?;
        let package: serde_json::Value = serde_json::from_str(&text)?;
        let exports: BTreeMap<String, String> = manifest
            .specifiers
            .iter()
            .filter_map(|specifier| {
                let (_, subpath) = split(manifest, specifier).filter(|(of, _)| of == alias)?;
                let key = if subpath.is_empty() {
                    ".".to_owned()
                } else {
                    format!("./{subpath}")
                };
                let file = output_stem(manifest, specifier);
                Some((key, format!("./{}.mjs", &file[alias.len() + 1..])))
            })
            .collect();
        let bundled =
            json!({ "name": package["name"], "version": package["version"], "exports": exports });
        let folder = room.path(BUNDLED).join(alias);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("package.json"), bundled.to_string())?;
    }
    Ok(())
}

fn check_same(installed: &Exports, bundled: &Exports) -> Result<(), Unbundled> {
    let differs = installed
        .iter()
        .find(|(specifier, exports)| bundled.get(*specifier) != Some(*exports));
    match differs {
        Some((specifier, _)) => Err(Unbundled::Differs(specifier.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let packages = [("zod__4", "npm:zod@4"), ("@hono/x__1", "npm:@hono/x@1")];
        let specifiers = ["zod__4", "zod__4/v4/mini", "@hono/x__1", "@hono/x__1/a.js"];
        Manifest {
            packages: packages
                .into_iter()
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .collect(),
            specifiers: specifiers.into_iter().map(str::to_owned).collect(),
            ..Manifest::default()
        }
    }

    #[test]
    fn specifiers_have_an_alias_and_a_path() {
        let manifest = manifest();
        assert_eq!(
            split(&manifest, "zod__4/v4/mini"),
            Some(("zod__4", "v4/mini"))
        );
        assert_eq!(split(&manifest, "@hono/x__1"), Some(("@hono/x__1", "")));
        assert_eq!(split(&manifest, "lodash"), None);
        assert_eq!(
            output_stem(&manifest, "@hono/x__1/a.js"),
            "@hono/x__1/sub/a_js"
        );
        assert_eq!(output_stem(&manifest, "zod__4"), "zod__4/index");
    }

    #[test]
    fn entries_export_by_name() {
        let names = ["default", "z", "a-b", "1x"];
        let exports = names
            .into_iter()
            .map(|name| (name.to_owned(), "object".to_owned()))
            .collect();
        assert_eq!(
            entry("zod__4", &exports),
            "export { \"1x\", \"a-b\", default, z } from \"zod__4\";\n"
        );
    }

    #[test]
    fn only_files_of_the_room_may_be_read() {
        let check =
            |path: &str| check_read(json!({ "inputs": { path: {} } }).to_string().as_bytes());
        for inside in ["node_modules/.deno/a@1/node_modules/a/x.js", "entry-0.mjs"] {
            assert!(check(inside).is_ok(), "{inside}");
        }
        for outside in [
            "../../../owner.token",
            "/etc/passwd",
            "..",
            "node_modules/../../x",
        ] {
            assert!(
                matches!(check(outside), Err(Unbundled::Outside(_))),
                "{outside}"
            );
        }
        assert!(matches!(check_read(b"{}"), Err(Unbundled::Unsaid(_))));
    }

    #[test]
    fn code_that_looks_beside_itself_is_left_alone() {
        assert!(check_text("export const a=1;").is_ok());
        assert!(check_text("readFileSync(__dirname+\"/a\")").is_err());
    }
}

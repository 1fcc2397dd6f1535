//! esbuild, in its jail, makes one script of a foreign val.

use super::Unusable;
use super::graph::Parts;
use super::room::{ENTRY, PROCESS, lay_out};
use crate::dependencies::{Room, read_within, remove_folder};
use crate::error::{ErrorCode, TownError};
use crate::limits::{BUNDLE_OUTPUT_BYTES_MAX, Bounds, FOREIGN_BUNDLES_AT_ONCE_MAX};
use crate::town::TownConfig;
use crate::workshop;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use thorp_runtime::confined::{Command, Exit, Groups, Input, Limits, Part, Spawner};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

/// The folder with copies of stand-ins, beside that in which bundles are made.
const COPY: &str = "stand-ins";
const PACKAGES: &str = "node_modules";
const OUTPUT: &str = "out.js";
/// What esbuild says that it read.
const READ: &str = "read.json";

/// Modules of Node that have a stand-in, and the file of its package.
const STAND_INS: [(&str, &str); 7] = [
    ("buffer", "buffer/index.js"),
    ("events", "events/events.js"),
    ("path", "path-browserify/index.js"),
    ("querystring", "querystring-es3/index.js"),
    ("string_decoder", "string_decoder/lib/string_decoder.js"),
    ("url", "url/url.js"),
    ("util", "util/util.js"),
];

/// Makes scripts, if esbuild is there.
pub(crate) struct Bundler {
    esbuild: Option<Esbuild>,
    /// Holds what is worked on.
    closed: PathBuf,
    permits: Semaphore,
}

struct Esbuild {
    program: PathBuf,
    spawner: Spawner,
    bounds: Bounds,
    /// The `node_modules` folder that holds the stand-ins.
    modules: PathBuf,
    /// A copy of them and of what they need: esbuild looks around in the folders above what it reads.
    copy: PathBuf,
    copied: OnceCell<()>,
}

/// What esbuild made.
pub(super) struct Made {
    pub(super) script: String,
    pub(super) map: Option<String>,
}

impl Bundler {
    /// `dependencies` holds packages, `closed` what is worked on.
    pub(crate) fn new(
        config: &TownConfig,
        groups: &Groups,
        dependencies: &Path,
        closed: PathBuf,
    ) -> Result<Self, TownError> {
        let esbuild = config.esbuild.as_ref().map(|program| {
            let copy = closed.with_file_name(COPY);
            remove_folder(&copy)
                .and_then(|()| std::fs::create_dir_all(&copy))
                .map_err(|error| TownError::unusable(&copy, &error))?;
            let spawner = workshop::of_foreign_bundler(
                config,
                groups,
                program,
                &copy,
                dependencies,
                &closed,
            )?;
            Ok::<_, TownError>(Esbuild {
                program: program.clone(),
                spawner,
                modules: modules_of(program),
                bounds: config.bounds.clone(),
                copy,
                copied: OnceCell::new(),
            })
        });
        Ok(Self {
            esbuild: esbuild.transpose()?,
            closed,
            permits: Semaphore::new(FOREIGN_BUNDLES_AT_ONCE_MAX),
        })
    }

    pub(super) async fn permit(&self) -> Result<SemaphorePermit<'_>, TownError> {
        self.permits.acquire().await.map_err(TownError::internal)
    }

    /// One script of all parts.
    pub(super) async fn make(&self, parts: &Parts) -> Result<Made, Unusable> {
        let esbuild = self.esbuild.as_ref().ok_or_else(no_bundler)?;
        let room = Room::new(&self.closed).map_err(Unusable::internal)?;
        let packages = lay_out(&room.folder, parts).map_err(Unusable::internal)?;
        esbuild.copy_stand_ins().await?;
        esbuild.run(&room).await?;
        let notes = std::fs::read(room.path(READ)).map_err(Unusable::internal)?;
        let mut allowed = packages;
        allowed.push(room.folder.clone());
        allowed.push(esbuild.copy.clone());
        // esbuild asks nobody before it reads a file, wherever an import leads, and the code is a stranger's.
        if let Err(outside) = read_within(&notes, &room.folder, &allowed) {
            return Err(Unusable::not(format!(
                "imports `{outside}`, which is none of its files"
            )));
        }
        let script = std::fs::read_to_string(room.path(OUTPUT)).map_err(Unusable::internal)?;
        let map = std::fs::read_to_string(room.path(OUTPUT).with_extension("js.map")).ok();
        // Stacks name packages as they are named where they are installed.
        let map = map.map(|map| map.replace("/installed/.deno/", "/node_modules/.deno/"));
        Ok(Made { script, map })
    }
}

impl Esbuild {
    async fn copy_stand_ins(&self) -> Result<(), Unusable> {
        let copied = self.copied.get_or_try_init(|| async {
            let (modules, copy) = (self.modules.clone(), self.copy.join(PACKAGES));
            let copying = tokio::task::spawn_blocking(move || copy_packages(&modules, &copy));
            copying
                .await
                .map_err(Unusable::internal)?
                .map_err(Unusable::internal)
        });
        copied.await.copied()
    }

    async fn run(&self, room: &Room) -> Result<(), Unusable> {
        let command = Command {
            program: self.program.clone(),
            args: self.args(room),
            env: Vec::new(),
            cwd: room.folder.clone(),
            private: None,
            stdin: Input::Empty,
            limits: Limits {
                file_bytes: self.bounds.bundle_bytes_max,
                ..workshop::limits(self.bounds.bundle_memory_bytes)
            },
        };
        let process = self.spawner.spawn(&command).await;
        let process = process.map_err(Unusable::internal)?;
        process.set_part(Part::Small).map_err(Unusable::internal)?;
        let output = process.take_stderr().map_err(Unusable::internal)?;
        let work = async {
            let said = listen(output).await;
            (process.wait().await, said)
        };
        match tokio::time::timeout(self.bounds.bundle_wall, work).await {
            Ok((Ok(Exit::Code(0)), _)) => Ok(()),
            Ok(_) if process.shortage().is_some() => {
                Err(Unusable::not("needs too much memory to bundle"))
            }
            Ok((exit, said)) => {
                tracing::debug!(?exit, %said, "a foreign val was not bundled");
                Err(Unusable::not(explain(&said)))
            }
            Err(_) => Err(Unusable::not("takes too long to bundle")),
        }
    }

    fn args(&self, room: &Room) -> Vec<OsString> {
        let fixed = [
            ENTRY,
            "--bundle",
            "--format=iife",
            "--global-name=thorpExports",
            "--platform=browser",
            "--target=esnext",
            "--conditions=deno,worker,browser,import",
            "--supported:dynamic-import=false",
            "--define:process.env.NODE_ENV=\"production\"",
            // What the stand-in for `util` looks at.
            "--define:process.env.NODE_DEBUG=undefined",
            "--define:process.noDeprecation=true",
            "--legal-comments=none",
            "--sourcemap=external",
            "--sources-content=false",
            "--log-level=error",
            "--log-limit=1",
            "--color=false",
        ];
        let mut args: Vec<OsString> = fixed.into_iter().map(Into::into).collect();
        for (flag, name) in [("--outfile=", OUTPUT), ("--metafile=", READ)] {
            let mut arg = OsString::from(flag);
            arg.push(room.path(name));
            args.push(arg);
        }
        let stand_ins = STAND_INS.map(|(name, file)| (name, self.copy.join(PACKAGES).join(file)));
        let process = ("process", room.path(PROCESS));
        for (name, file) in stand_ins.into_iter().chain([process]) {
            for prefix in ["", "node:"] {
                let mut arg = OsString::from(format!("--alias:{prefix}{name}="));
                arg.push(&file);
                args.push(arg);
            }
        }
        args
    }
}

/// The `node_modules` folder that esbuild is in.
fn modules_of(esbuild: &Path) -> PathBuf {
    let modules = esbuild
        .ancestors()
        .find(|folder| folder.ends_with("node_modules"));
    modules.unwrap_or(esbuild).to_path_buf()
}

/// Copies the packages that stand in for modules of Node, and those that they need.
fn copy_packages(modules: &Path, to: &Path) -> io::Result<()> {
    let names = STAND_INS
        .iter()
        .filter_map(|(_, file)| file.split('/').next());
    let mut waiting: Vec<String> = names.map(str::to_owned).collect();
    while let Some(name) = waiting.pop() {
        let (from, to) = (modules.join(&name), to.join(&name));
        // What one of them has for itself lies in its own folder.
        if to.exists() || !from.exists() {
            continue;
        }
        copy_folder(&from, &to)?;
        waiting.extend(needed(&std::fs::read(to.join("package.json"))?));
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// What a package says that it needs.
fn needed(package: &[u8]) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Package {
        #[serde(default)]
        dependencies: BTreeMap<String, IgnoredAny>,
    }
    let package = serde_json::from_slice::<Package>(package);
    package.map_or(Vec::new(), |package| {
        package.dependencies.into_keys().collect()
    })
}

async fn listen(output: Option<impl AsyncRead + Unpin>) -> String {
    let Some(output) = output else {
        return String::new();
    };
    let mut said = Vec::new();
    let mut output = output.take(BUNDLE_OUTPUT_BYTES_MAX);
    // What was said until then is all there is.
    let _ = output.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

/// Ends a sentence that begins with the val's name, with what esbuild said.
fn explain(said: &str) -> String {
    const ERROR: &str = "[ERROR] ";
    let error = said.lines().find_map(|line| line.split_once(ERROR));
    let Some((_, error)) = error else {
        return "cannot be bundled".to_owned();
    };
    let place = said.lines().map(str::trim).find(|line| {
        let mut parts = line.trim_end_matches(':').rsplitn(3, ':');
        let is_number = |part: Option<&str>| part.is_some_and(|part| part.parse::<u32>().is_ok());
        is_number(parts.next()) && is_number(parts.next())
    });
    let package = place.and_then(package);
    let of = package.map_or(String::new(), |package| format!("`npm:{package}` "));
    let what = match unresolved(error) {
        Some(module) => format!("{of}needs `{module}`, which is not available to imported code"),
        None => format!("{of}{}", error.replace('"', "`")),
    };
    format!("cannot run in another user's program: {what}")
}

fn unresolved(error: &str) -> Option<&str> {
    let rest = error.strip_prefix("Could not resolve \"")?;
    rest.split('"').next()
}

/// The package that a place is in.
fn package(place: &str) -> Option<&str> {
    const STORES: [&str; 2] = ["node_modules/", "installed/"];
    let at = STORES
        .iter()
        .filter_map(|store| place.rfind(store).map(|at| at + store.len()))
        .max()?;
    let path = &place[at..];
    let parts = if path.starts_with('@') { 2 } else { 1 };
    let end = path
        .match_indices('/')
        .nth(parts - 1)
        .map_or(path.len(), |(at, _)| at);
    Some(&path[..end])
}

fn no_bundler() -> Unusable {
    Unusable::Town(TownError::hinted(
        ErrorCode::NotAvailable,
        "this town has no esbuild, which makes vals of other users fit to be imported",
        "call them by `api()`; `thorp doctor` tells what is missing",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let said = "\u{2718} [ERROR] Could not resolve \"net\"\n\n    ../dependencies/ab/installed/.deno/pg@8.0.0/node_modules/pg/lib/a.js:1:22:\n      1 \u{2502} …\n";
        assert_eq!(
            explain(said),
            "cannot run in another user's program: `npm:pg` needs `net`, which is not available to imported code"
        );
        let said = "X [ERROR] No matching export in \"v/bob/a/main.tsx.mjs\" for import \"x\"\n\n    v/bob/lib/main.tsx.mjs:1:9:\n";
        assert_eq!(
            explain(said),
            "cannot run in another user's program: No matching export in `v/bob/a/main.tsx.mjs` for import `x`"
        );
        assert_eq!(explain(""), "cannot be bundled");
    }

    #[test]
    fn packages_have_a_scope_or_none() {
        assert_eq!(package("x/node_modules/@a/b/c.js:1:2:"), Some("@a/b"));
        assert_eq!(package("v/bob/lib/main.tsx.mjs:1:2:"), None);
    }
}

//! Programs that are ready to run, kept in memory so that a run parses nothing.

use crate::dependencies::Locked;
use crate::foreign::{Bundled, Pins};
use crate::limits::{PROGRAM_CACHE_BYTES_MAX, PROGRAMS_CACHED_MAX};
use crate::state::{Facing, Use};
use lru::LruCache;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use thorp_lang::{Compiled, Dialect, Form, Module, StackMapper, VAL_FILE, ValueOf};
use thorp_runtime::{
    BODY_HEADER_LINES, BODY_SOURCE_URL, Export, ForeignBundle, MODULE_ROOT_URL, ModuleProgram,
    ModuleVal, Program, foreign_path,
};
use thorp_store::Digest;
use uuid::Uuid;

/// A program, and what is needed to speak of it in the user's own terms.
#[derive(Debug)]
pub(crate) struct Ready {
    program: Program,
    mapper: StackMapper,
    /// Its own packages first, then those of the vals that it is joined with.
    locked: Vec<Locked>,
    /// Names of the secrets that its modules ask for.
    secrets: Vec<String>,
    bytes: usize,
    uses: Vec<Use>,
    /// What the compiler made of it, for programs that may be joined with others.
    parts: Option<Parts>,
    digest: Digest,
    is_joined: bool,
    /// What it has of other users' code; nothing for what was not saved.
    pins: Option<Arc<Pins>>,
    /// Why it has no value, if it has none.
    no_value: Option<String>,
    /// Whether its text, or that of a val of its author's in it, has values of vals in it as `@user.val`.
    names_values: bool,
}

/// A program that names other vals, or that others may name.
#[derive(Debug)]
struct Parts {
    modules: Vec<Module>,
    exports: Vec<String>,
    export: Export,
    awaits_inside: bool,
    own_packages: Option<PathBuf>,
}

/// A val that a program is joined with, by its folder.
pub(crate) enum Member<'a> {
    Code(&'a str, &'a Ready),
    /// Data, as JSON.
    Data(&'a str, &'a str),
}

impl Ready {
    /// Makes a program of what the compiler gave, and of the packages that it imports.
    pub(crate) fn new(compiled: Compiled, locked: Option<Locked>) -> Self {
        let bytes = compiled
            .modules
            .iter()
            .map(|module| module.code.len())
            .sum();
        let (program, mapper) = match compiled.form {
            Form::Body => (
                body(&compiled),
                StackMapper::body(&compiled.modules, BODY_SOURCE_URL, BODY_HEADER_LINES),
            ),
            Form::Module => (
                module(&compiled, locked.as_ref()),
                StackMapper::modules(&compiled.modules, MODULE_ROOT_URL),
            ),
        };
        // Equal code with other packages is another program: a lock is of one user.
        let set = locked.as_ref().map(|locked| locked.set.to_string());
        let texts = compiled.modules.iter().map(|module| module.code.as_str());
        let texts = texts.chain(set.as_deref());
        let parts = (compiled.form == Form::Module).then(|| Parts {
            export: export(&compiled.facts.value),
            awaits_inside: awaits_inside(&compiled),
            exports: compiled.facts.exports.clone(),
            own_packages: locked.as_ref().map(|locked| locked.folder.clone()),
            modules: compiled.modules.clone(),
        });
        Self {
            is_joined: false,
            pins: None,
            no_value: compiled.facts.value_hint(),
            names_values: compiled.facts.uses_vals,
            digest: Digest::of(texts.collect::<Vec<_>>().join("\0").as_bytes()),
            uses: Use::all(&compiled.facts),
            program,
            mapper,
            locked: locked.into_iter().collect(),
            secrets: compiled.facts.secrets.clone(),
            bytes,
            parts,
        }
    }

    /// The same, as a version that was saved with this of other users' code.
    pub(crate) fn pinned(mut self, pins: Pins) -> Self {
        self.pins = Some(Arc::new(pins));
        self
    }

    /// A program in a folder of its own, with other vals in theirs.
    pub(crate) fn joined<'a>(
        entry: &Self,
        folder: &str,
        members: impl Iterator<Item = Member<'a>>,
        foreign: &BTreeMap<Facing, Bundled>,
        digest: Digest,
    ) -> Self {
        let mut join = Join::default();
        for ((folder, path), bundled) in foreign {
            join.foreign(folder, path.as_deref(), bundled);
        }
        let own = join.add(folder, entry);
        for member in members {
            match member {
                Member::Code(folder, ready) => {
                    let val = join.add(folder, ready);
                    join.names_values |= ready.names_values;
                    join.vals.extend(val);
                    join.locked.extend(ready.locked.iter().cloned());
                    join.secrets.extend(ready.secrets.iter().cloned());
                }
                Member::Data(folder, json) => join.data(folder, json),
            }
        }
        let mut locked = entry.locked.clone();
        locked.append(&mut join.locked);
        join.secrets.extend(entry.secrets.iter().cloned());
        let program = match own {
            Some(own) => Program::Module(Arc::new(ModuleProgram {
                files: join.files,
                entry: own.entry,
                export: own.export,
                awaits_inside: entry
                    .parts
                    .as_ref()
                    .is_some_and(|parts| parts.awaits_inside),
                dependencies: own.dependencies,
                vals: join.vals,
                foreign: join.bundles.into_values().collect(),
            })),
            None => entry.program.clone(),
        };
        Self {
            program,
            mapper: join.maps.into_iter().fold(
                StackMapper::modules(&join.modules, MODULE_ROOT_URL),
                |mapper, (name, map)| mapper.with_bundle(&name, map),
            ),
            locked,
            secrets: join.secrets.into_iter().collect(),
            bytes: entry.bytes + join.bytes,
            uses: entry.uses.clone(),
            parts: None,
            digest,
            is_joined: true,
            pins: None,
            no_value: entry.no_value.clone(),
            names_values: entry.names_values || join.names_values,
        }
    }

    pub(crate) fn program(&self) -> Program {
        self.program.clone()
    }

    /// The other vals that its text names.
    pub(crate) fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// What it has of other users' code; nothing for what was not saved.
    pub(crate) fn pins(&self) -> Option<Arc<Pins>> {
        self.pins.clone()
    }

    /// Whether it reads or writes vals where its text names them, as `@user.val`.
    pub(crate) fn names_values(&self) -> bool {
        self.names_values
    }

    /// Why it has no value: the end of a sentence that begins with its name.
    pub(crate) fn no_value(&self) -> Option<&str> {
        self.no_value.as_deref()
    }

    /// The name of the export that is its value.
    pub(crate) fn value_name(&self) -> Option<String> {
        match &self.parts.as_ref()?.export {
            Export::Default => Some("default".to_owned()),
            Export::Named(name) => Some(name.clone()),
            Export::Nothing => None,
        }
    }

    /// Its modules, the entry first, the names of its exports, and the folder of its packages.
    pub(crate) fn source(&self) -> (&[Module], &[String], Option<&Path>) {
        match &self.parts {
            Some(parts) => (
                &parts.modules,
                &parts.exports,
                parts.own_packages.as_deref(),
            ),
            None => (&[], &[], None),
        }
    }

    /// Whether it has this file.
    pub(crate) fn has_file(&self, path: &str) -> bool {
        let (modules, ..) = self.source();
        modules.iter().any(|module| module.path == path)
    }

    /// Names its code.
    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// Names of the secrets that its own modules ask for.
    pub(crate) fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// Names what a worker of this version of a val has loaded, and the state of the secrets that it was given.
    pub(crate) fn worker(&self, (val, version): (Uuid, i64), secrets: Option<i64>) -> Arc<str> {
        let set = self.locked.first().map_or(Uuid::nil(), |locked| locked.set);
        let secrets = secrets.map(|revision| format!("+{revision}"));
        let secrets = secrets.unwrap_or_default();
        if self.is_joined {
            return format!("{val}@{version}+{}{secrets}", self.digest).into();
        }
        format!("{val}@{version}+{set}{secrets}").into()
    }

    pub(crate) fn dependency_sets(&self) -> &[Locked] {
        &self.locked
    }

    /// A stack whose lines point at the user's own text.
    pub(crate) fn map_stack(&self, stack: &str) -> String {
        self.mapper.map(stack)
    }

    /// The file and the line of a place in a foreign val.
    pub(crate) fn foreign_place(&self, val: &str, line: u32, column: u32) -> Option<(String, u32)> {
        let place = self.mapper.place(val, line, column)?;
        let (place, _) = place.rsplit_once(':')?;
        let (file, line) = place.rsplit_once(':')?;
        Some((file.to_owned(), line.parse().ok()?))
    }
}

/// A program of several vals, while it is put together.
#[derive(Default)]
struct Join {
    names_values: bool,
    files: Vec<(String, String)>,
    modules: Vec<Module>,
    vals: Vec<ModuleVal>,
    locked: Vec<Locked>,
    secrets: BTreeSet<String>,
    bytes: usize,
    /// Other users' code, by what the runtime calls it, and what leads to its texts.
    bundles: BTreeMap<String, ForeignBundle>,
    maps: BTreeMap<String, Option<String>>,
}

impl Join {
    /// Puts a file that stands for a foreign val, or for one of its files, where own modules import it.
    fn foreign(&mut self, folder: &str, path: Option<&str>, bundled: &Bundled) {
        let (name, bundle) = (bundled.name(), &bundled.bundle);
        let file = path.map_or(VAL_FILE.to_owned(), |path| format!("{path}.mjs"));
        let file = format!("{folder}/{file}");
        let up = "../".repeat(file.matches('/').count());
        let code = facade(&format!("{up}{}", foreign_path(&name)), &bundle.exports);
        self.bytes += code.len() + bundle.script.len();
        self.files.push((file.clone(), code));
        if path.is_none() {
            let export = match &bundle.value {
                Some(value) if value == "default" => Export::Default,
                Some(value) => Export::Named(value.clone()),
                None => Export::Nothing,
            };
            self.vals.push(ModuleVal {
                name: folder.to_owned(),
                folder: folder.to_owned(),
                entry: file,
                export,
                dependencies: None,
            });
        }
        self.maps.insert(name.clone(), bundle.map.clone());
        self.bundles.entry(name.clone()).or_insert(ForeignBundle {
            name,
            script: bundle.script.clone(),
            exports: bundle.exports.clone(),
        });
    }

    /// Puts a val's files into its folder.
    fn add(&mut self, folder: &str, ready: &Ready) -> Option<ModuleVal> {
        let parts = ready.parts.as_ref()?;
        let entry = parts.modules.first()?;
        self.bytes += ready.bytes;
        // An expression's text is called as it is alone.
        let place = match folder.starts_with('~') {
            true => String::new(),
            false => format!("@{folder}/"),
        };
        for module in &parts.modules {
            let file = format!("{folder}/{}", module.file);
            self.files.push((file.clone(), module.code.clone()));
            self.modules.push(Module {
                path: format!("{place}{}", module.path),
                file,
                ..module.clone()
            });
        }
        let facade = facade(&entry.file, &parts.exports);
        self.files.push((format!("{folder}/{VAL_FILE}"), facade));
        Some(ModuleVal {
            name: folder.to_owned(),
            folder: folder.to_owned(),
            entry: format!("{folder}/{}", entry.file),
            export: parts.export.clone(),
            dependencies: parts.own_packages.clone(),
        })
    }

    /// A val that is data and is imported: whoever has loaded it has to be loaded anew for another value.
    fn data(&mut self, folder: &str, json: &str) {
        let text = serde_json::to_string(json).unwrap_or_default();
        let code = format!("export default Object.freeze(JSON.parse({text}));\n");
        self.bytes += code.len();
        self.files.push((format!("{folder}/{VAL_FILE}"), code));
    }
}

/// The file that others import for a val.
pub(crate) fn facade(entry: &str, exports: &[String]) -> String {
    let from = serde_json::to_string(&format!("./{entry}")).unwrap_or_default();
    let mut code = format!("export * from {from};\n");
    if exports.iter().any(|name| name == "default") {
        code.push_str(&format!("export {{ default }} from {from};\n"));
    }
    code
}

fn body(compiled: &Compiled) -> Program {
    let code = compiled
        .modules
        .first()
        .map_or("", |module| module.code.as_str());
    Program::Body { code: code.into() }
}

fn module(compiled: &Compiled, locked: Option<&Locked>) -> Program {
    let dependencies = locked.map(|locked| locked.folder.clone());
    let files = compiled
        .modules
        .iter()
        .map(|module| (module.file.clone(), module.code.clone()))
        .collect();
    let entry = compiled
        .modules
        .first()
        .map(|module| module.file.clone())
        .unwrap_or_default();
    Program::Module(Arc::new(ModuleProgram {
        files,
        entry,
        export: export(&compiled.facts.value),
        awaits_inside: awaits_inside(compiled),
        dependencies,
        vals: Vec::new(),
        foreign: Vec::new(),
    }))
}

/// The classic dialect waits for the promises inside of what a program gives.
fn awaits_inside(compiled: &Compiled) -> bool {
    compiled.facts.dialect == Dialect::Classic
}

fn export(value: &ValueOf) -> Export {
    match value {
        ValueOf::Default => Export::Default,
        ValueOf::Named(name) => Export::Named(name.clone()),
        ValueOf::Missing => Export::Nothing,
    }
}

/// The least recently used goes first, by count and by bytes of code.
pub(crate) struct Cache<K: Hash + Eq>(Mutex<Kept<K>>);

struct Kept<K: Hash + Eq> {
    entries: LruCache<K, Arc<Ready>>,
    bytes: usize,
}

impl<K: Hash + Eq> Cache<K> {
    pub(crate) fn new() -> Self {
        let most = NonZeroUsize::new(PROGRAMS_CACHED_MAX).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(Kept {
            entries: LruCache::new(most),
            bytes: 0,
        }))
    }

    pub(crate) fn get(&self, key: &K) -> Option<Arc<Ready>> {
        self.lock().entries.get(key).cloned()
    }

    pub(crate) fn put(&self, key: K, ready: Arc<Ready>) {
        let mut kept = self.lock();
        kept.bytes += ready.bytes;
        if let Some((_, gone)) = kept.entries.push(key, ready) {
            kept.bytes -= gone.bytes;
        }
        while kept.bytes > PROGRAM_CACHE_BYTES_MAX {
            let Some((_, gone)) = kept.entries.pop_lru() else {
                break;
            };
            kept.bytes -= gone.bytes;
        }
    }

    /// Forgets one.
    pub(crate) fn forget(&self, key: &K) {
        let mut kept = self.lock();
        if let Some(gone) = kept.entries.pop(key) {
            kept.bytes -= gone.bytes;
        }
    }

    /// Forgets everything, as when dependency folders were removed.
    pub(crate) fn clear(&self) {
        let mut kept = self.lock();
        kept.entries.clear();
        kept.bytes = 0;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(bytes: usize) -> Arc<Ready> {
        let module = Module {
            path: "eval".into(),
            file: "eval".into(),
            code: "x".repeat(bytes),
            map: None,
        };
        let mut compiled = Compiled::too_complex(&thorp_lang::Source::expression("1"));
        compiled.modules = vec![module];
        Arc::new(Ready::new(compiled, None))
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_bytes() {
        let cache = Cache::new();
        for key in 0..5 {
            cache.put(key, ready(PROGRAM_CACHE_BYTES_MAX / 4));
        }
        assert!(cache.get(&0).is_none());
        assert!(cache.get(&1).is_some() && cache.get(&4).is_some());
    }

    #[test]
    fn a_replaced_one_counts_once() {
        let cache = Cache::new();
        for _ in 0..9 {
            cache.put(0, ready(PROGRAM_CACHE_BYTES_MAX / 4));
        }
        cache.put(1, ready(PROGRAM_CACHE_BYTES_MAX / 4));
        assert!(cache.get(&0).is_some());
    }
}

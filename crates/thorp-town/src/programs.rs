//! Programs that are ready to run, kept in memory so that a run parses nothing.

use crate::dependencies::Locked;
use crate::limits::{PROGRAM_CACHE_BYTES_MAX, PROGRAMS_CACHED_MAX};
use crate::state::Use;
use lru::LruCache;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use thorp_lang::{Compiled, Form, Module, StackMapper, VAL_FILE, ValueOf};
use thorp_runtime::{
    BODY_HEADER_LINES, BODY_SOURCE_URL, Export, MODULE_ROOT_URL, ModuleProgram, ModuleVal, Program,
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
}

/// A program that names other vals, or that others may name.
#[derive(Debug)]
struct Parts {
    modules: Vec<Module>,
    exports: Vec<String>,
    export: Export,
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
            exports: compiled.facts.exports.clone(),
            own_packages: locked.as_ref().map(|locked| locked.folder.clone()),
            modules: compiled.modules.clone(),
        });
        Self {
            is_joined: false,
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

    /// A program in a folder of its own, with other vals in theirs.
    pub(crate) fn joined<'a>(
        entry: &Self,
        folder: &str,
        members: impl Iterator<Item = Member<'a>>,
        digest: Digest,
    ) -> Self {
        let mut join = Join::default();
        let own = join.add(folder, entry);
        for member in members {
            match member {
                Member::Code(folder, ready) => {
                    let val = join.add(folder, ready);
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
                dependencies: own.dependencies,
                vals: join.vals,
                foreign: Vec::new(),
            })),
            None => entry.program.clone(),
        };
        Self {
            program,
            mapper: StackMapper::modules(&join.modules, MODULE_ROOT_URL),
            locked,
            secrets: join.secrets.into_iter().collect(),
            bytes: entry.bytes + join.bytes,
            uses: entry.uses.clone(),
            parts: None,
            digest,
            is_joined: true,
        }
    }

    pub(crate) fn program(&self) -> Program {
        self.program.clone()
    }

    /// The other vals that its text names.
    pub(crate) fn uses(&self) -> &[Use] {
        &self.uses
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
}

/// A program of several vals, while it is put together.
#[derive(Default)]
struct Join {
    files: Vec<(String, String)>,
    modules: Vec<Module>,
    vals: Vec<ModuleVal>,
    locked: Vec<Locked>,
    secrets: BTreeSet<String>,
    bytes: usize,
}

impl Join {
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
fn facade(entry: &str, exports: &[String]) -> String {
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
        dependencies,
        vals: Vec::new(),
        foreign: Vec::new(),
    }))
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

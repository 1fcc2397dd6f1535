//! Programs that are ready to run, kept in memory so that a run parses nothing.

use crate::dependencies::Locked;
use crate::limits::{PROGRAM_CACHE_BYTES_MAX, PROGRAMS_CACHED_MAX};
use lru::LruCache;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use thorp_lang::{Compiled, Form, StackMapper, ValueOf};
use thorp_runtime::{
    BODY_HEADER_LINES, BODY_SOURCE_URL, Export, MODULE_ROOT_URL, ModuleProgram, Program,
};
use uuid::Uuid;

/// A program, and what is needed to speak of it in the user's own terms.
#[derive(Debug)]
pub(crate) struct Ready {
    program: Program,
    mapper: StackMapper,
    locked: Option<Locked>,
    bytes: usize,
}

impl Ready {
    /// Makes a program of what the compiler gave, and of the packages that it imports.
    pub(crate) fn new(compiled: &Compiled, locked: Option<Locked>) -> Self {
        let bytes = compiled
            .modules
            .iter()
            .map(|module| module.code.len())
            .sum();
        let (program, mapper) = match compiled.form {
            Form::Body => (
                body(compiled),
                StackMapper::body(&compiled.modules, BODY_SOURCE_URL, BODY_HEADER_LINES),
            ),
            Form::Module => (
                module(compiled, locked.as_ref()),
                StackMapper::modules(&compiled.modules, MODULE_ROOT_URL),
            ),
        };
        Self {
            program,
            mapper,
            locked,
            bytes,
        }
    }

    pub(crate) fn program(&self) -> Program {
        self.program.clone()
    }

    /// Names what a worker of this version of a val has loaded.
    pub(crate) fn worker(&self, (val, version): (Uuid, i64)) -> Arc<str> {
        let set = self
            .locked
            .as_ref()
            .map_or(Uuid::nil(), |locked| locked.set);
        format!("{val}@{version}+{set}").into()
    }

    pub(crate) fn dependency_set(&self) -> Option<&Locked> {
        self.locked.as_ref()
    }

    /// A stack whose lines point at the user's own text.
    pub(crate) fn map_stack(&self, stack: &str) -> String {
        self.mapper.map(stack)
    }
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
    let export = match &compiled.facts.value {
        ValueOf::Default => Export::Default,
        ValueOf::Named(name) => Export::Named(name.clone()),
        ValueOf::Missing => Export::Nothing,
    };
    Program::Module(Arc::new(ModuleProgram {
        files,
        entry,
        export,
        dependencies,
        vals: Vec::new(),
    }))
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
        let module = thorp_lang::Module {
            path: "eval".into(),
            file: "eval".into(),
            code: "x".repeat(bytes),
            map: None,
        };
        let mut compiled = Compiled::too_complex(&thorp_lang::Source::expression("1"));
        compiled.modules = vec![module];
        Arc::new(Ready::new(&compiled, None))
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

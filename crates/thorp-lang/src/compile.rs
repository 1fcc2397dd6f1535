//! A source to its modules, facts and diagnostics.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::compiled::{Compiled, Dialect, Facts, Form, Import, Module, Reference, ValueOf};
use crate::diagnostic::{Diagnostic, Severity, code};
use crate::files::{FileKind, Files};
use crate::foreign::for_compartment;
use crate::front::Language;
use crate::helpers;
use crate::limits::{
    DIAGNOSTICS_MAX, FILES_MAX, IMPORTS_MAX, NESTING_MAX, REFERENCES_MAX, SCRIPT_BYTES_MAX,
    SECRETS_MAX, SOURCE_BYTES_MAX,
};
use crate::module::{Role, Unit, compile_expression, compile_file};
use crate::source::{Source, SourceFile, SourceKind, check_path};

/// Compiles. Never panics, whatever the text, but may overflow the stack; see [`crate::worker`].
pub fn compile(source: &Source) -> Compiled {
    let compiled = catch_unwind(AssertUnwindSafe(|| compile_admitted(source)));
    compiled.unwrap_or_else(|_| {
        let message = "the compiler failed on this program";
        let diagnostic = Diagnostic::of_file(code::COMPILER_ERROR, &source.entry, message);
        Compiled::failed(source, vec![diagnostic])
    })
}

fn compile_admitted(source: &Source) -> Compiled {
    if source.kind == SourceKind::Script {
        return script(source);
    }
    if let Some(diagnostic) = refuse(source) {
        return Compiled::failed(source, vec![diagnostic]);
    }
    if source.files.iter().any(|file| nests_too_deeply(&file.text)) {
        return Compiled::too_complex(source);
    }
    match source.kind {
        SourceKind::Val => compile_val(source),
        SourceKind::Expression => expression(source),
        SourceKind::Script => script(source),
    }
}

/// A script, written as a Compartment takes it.
fn script(source: &Source) -> Compiled {
    let Some(file) = Files(&source.files).get(&source.entry) else {
        return Compiled::failed(source, Vec::new());
    };
    if file.text.len() > SCRIPT_BYTES_MAX {
        let message = format!(
            "with all that it imports it has more than the {SCRIPT_BYTES_MAX} bytes allowed"
        );
        let diagnostic = Diagnostic::of_file(code::TOO_LARGE, &file.path, message);
        return Compiled::failed(source, vec![diagnostic]);
    }
    match for_compartment(&file.text) {
        Ok(code) => Compiled {
            modules: vec![Module { code, ..raw(file) }],
            ..Compiled::failed(source, Vec::new())
        },
        Err(error) => {
            let diagnostic =
                Diagnostic::of_file(code::NOT_IMPORTABLE, &file.path, error.to_string());
            Compiled::failed(source, vec![diagnostic])
        }
    }
}

/// What no version may be, whatever its text says.
fn refuse(source: &Source) -> Option<Diagnostic> {
    let files = &source.files;
    let of = |code, file: &str, message: String| Some(Diagnostic::of_file(code, file, message));
    if files.len() > FILES_MAX {
        let message = format!(
            "{} files are more than the {FILES_MAX} allowed",
            files.len()
        );
        return of(code::TOO_LARGE, &source.entry, message);
    }
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    if bytes > SOURCE_BYTES_MAX {
        let message = format!("{bytes} bytes are more than the {SOURCE_BYTES_MAX} allowed");
        return of(code::TOO_LARGE, &source.entry, message);
    }
    let mut seen = BTreeSet::new();
    for SourceFile { path, .. } in files {
        if let Err(error) = check_path(path) {
            return of(code::BAD_PATH, path, error.to_string());
        }
        if !seen.insert(path) {
            return of(code::BAD_PATH, path, "two files have this path".to_owned());
        }
    }
    refuse_entry(source)
}

fn refuse_entry(source: &Source) -> Option<Diagnostic> {
    let Source { entry, .. } = source;
    if !source.files.iter().any(|file| file.path == *entry) {
        let message = format!("there is no file `{entry}`, which is the entry");
        return Some(Diagnostic::of_file(code::MISSING_FILE, entry, message));
    }
    let code = matches!(FileKind::of(entry), FileKind::Code(_));
    (!code && source.kind == SourceKind::Val).then(|| {
        let message = format!("`{entry}` cannot be the entry");
        Diagnostic::of_file(code::BAD_PATH, entry, message)
            .hint("the entry is a `.tsx`, `.ts`, `.mts`, `.jsx`, `.js` or `.mjs` file")
    })
}

/// A cheap look for what would overflow the stack. It counts brackets in strings and comments
/// too, and does not see chains of operators: the death of the worker is what is relied on.
fn nests_too_deeply(text: &str) -> bool {
    let mut depth = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > NESTING_MAX
    })
}

fn expression(source: &Source) -> Compiled {
    let Some(file) = Files(&source.files).get(&source.entry) else {
        return Compiled::failed(source, Vec::new());
    };
    let (form, mut unit) = compile_expression(file, source.author.as_deref());
    let mut output = Output::new(form);
    output.entry_value(&mut unit);
    output.add(unit);
    output.finish(source)
}

fn compile_val(source: &Source) -> Compiled {
    let files = Files(&source.files);
    let mut output = Output::new(Form::Module);
    let mut waiting = vec![source.entry.clone()];
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if let Some(file) = files.get(&path)
            && seen.insert(path)
        {
            waiting.extend(output.file(files, file, source).into_iter().rev());
        }
    }
    // What the entry does not reach runs only by a computed name; its errors stop nobody.
    let reached = output.diagnostics.len();
    for file in &source.files {
        if seen.insert(file.path.clone()) {
            output.file(files, file, source);
        }
    }
    for diagnostic in output.diagnostics.iter_mut().skip(reached) {
        diagnostic.severity = Severity::Warning;
    }
    output.texts(files);
    output.finish(source)
}

/// What has been compiled so far.
struct Output {
    form: Form,
    modules: Vec<Module>,
    facts: Facts,
    diagnostics: Vec<Diagnostic>,
    secrets: BTreeSet<String>,
    helpers: BTreeSet<String>,
    as_text: BTreeSet<String>,
    too_complex: bool,
}

impl Output {
    fn new(form: Form) -> Self {
        Self {
            form,
            modules: Vec::new(),
            facts: Facts::default(),
            diagnostics: Vec::new(),
            secrets: BTreeSet::new(),
            helpers: BTreeSet::new(),
            as_text: BTreeSet::new(),
            too_complex: false,
        }
    }

    /// Compiles a file, or takes it as it is; answers the files that it imports.
    fn file(&mut self, files: Files<'_>, file: &SourceFile, source: &Source) -> Vec<String> {
        match FileKind::of(&file.path) {
            FileKind::Code(language) => self.code(files, file, language, source),
            FileKind::Data => {
                self.modules.push(raw(file));
                Vec::new()
            }
            FileKind::Types => Vec::new(),
        }
    }

    fn code(
        &mut self,
        files: Files<'_>,
        file: &SourceFile,
        language: Language,
        source: &Source,
    ) -> Vec<String> {
        let role = match file.path == source.entry {
            true => Role::Entry,
            false => Role::Part,
        };
        let mut unit = compile_file(files, file, language, role, source.author.as_deref());
        let reached = std::mem::take(&mut unit.imports.reached);
        if role == Role::Entry {
            self.entry_value(&mut unit);
        }
        self.add(unit);
        reached
    }

    fn entry_value(&mut self, unit: &mut Unit) {
        let value = std::mem::take(&mut unit.value);
        self.facts.exports = value.exports;
        self.facts.value = value.value;
        self.facts.declared_name = value.declared_name;
        self.facts.may_be_data = unit.may_be_data;
    }

    fn add(&mut self, unit: Unit) {
        self.too_complex |= unit.too_complex;
        self.modules.extend(unit.module);
        self.diagnostics.extend(unit.diagnostics);
        self.facts.imports.extend(unit.imports.imports);
        if unit.dialect == Dialect::Classic {
            self.facts.dialect = Dialect::Classic;
        }
        self.facts.uses_vals |= unit.uses_vals;
        self.facts.references.extend(unit.live.references);
        self.facts.computed_reference |= unit.live.computed_reference;
        self.facts.computed_secret |= unit.live.computed_secret;
        self.secrets.extend(unit.live.secrets);
        self.facts.uses_jsx |= unit.imports.uses_jsx;
        self.facts.top_level_await |= unit.found.top_level_await;
        self.secrets.extend(unit.found.secrets);
        self.helpers.extend(unit.imports.helpers);
        self.as_text.extend(unit.imports.as_text);
    }

    /// Code that is imported as text is there twice: compiled, and as it is.
    fn texts(&mut self, files: Files<'_>) {
        let texts = self.as_text.iter().filter_map(|path| files.get(path));
        self.modules.extend(texts.map(raw));
    }

    fn finish(mut self, source: &Source) -> Compiled {
        if self.too_complex {
            return Compiled::too_complex(source);
        }
        self.modules
            .extend(self.helpers.iter().filter_map(|name| helpers::module(name)));
        if let Some(import) = self.facts.imports.get(IMPORTS_MAX) {
            self.diagnostics.push(too_many_imports(import));
            self.facts.imports.truncate(IMPORTS_MAX);
        }
        if let Some(reference) = self.facts.references.get(REFERENCES_MAX) {
            self.diagnostics.push(too_many_references(reference));
            self.facts.references.truncate(REFERENCES_MAX);
        }
        self.facts.secrets = self.secrets.into_iter().take(SECRETS_MAX).collect();
        let mut compiled = Compiled {
            form: self.form,
            modules: self.modules,
            facts: self.facts,
            diagnostics: self.diagnostics,
        };
        warn_of_no_value(&mut compiled, source);
        shorten(&mut compiled.diagnostics);
        compiled
    }
}

/// An error is never lost behind warnings: without it, the program would run.
fn shorten(diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() > DIAGNOSTICS_MAX {
        diagnostics.sort_by_key(|diagnostic| diagnostic.severity != Severity::Error);
        diagnostics.truncate(DIAGNOSTICS_MAX);
    }
}

fn too_many_imports(first: &Import) -> Diagnostic {
    let message = format!("more imports than the {IMPORTS_MAX} allowed");
    let mut diagnostic = Diagnostic::of_file(code::TOO_LARGE, &first.file, message)
        .hint("gather what belongs together in a package, and import that");
    (diagnostic.line, diagnostic.column) = (first.line, first.column);
    (diagnostic.end_line, diagnostic.end_column) = (first.line, first.column);
    diagnostic
}

fn too_many_references(first: &Reference) -> Diagnostic {
    let message = format!("more references to vals than the {REFERENCES_MAX} allowed");
    let mut diagnostic = Diagnostic::of_file(code::TOO_LARGE, &first.file, message)
        .hint("read a val once, and keep what it holds in a variable");
    (diagnostic.line, diagnostic.column) = (first.line, first.column);
    (diagnostic.end_line, diagnostic.end_column) = (first.line, first.column);
    diagnostic
}

fn raw(file: &SourceFile) -> Module {
    Module {
        path: file.path.clone(),
        file: file.path.clone(),
        code: file.text.clone(),
        map: None,
    }
}

/// A program without a value still saves, and says so when it is run.
fn warn_of_no_value(compiled: &mut Compiled, source: &Source) {
    if !compiled.is_runnable() || compiled.facts.value != ValueOf::Missing {
        return;
    }
    if let Some(message) = compiled.facts.value_hint() {
        let file = &compiled.modules.first().map_or(&source.entry, |m| &m.path);
        let mut diagnostic =
            Diagnostic::of_file(code::NO_VALUE, file, format!("`{file}` {message}"))
                .hint("write `export default` before the function or value to run");
        diagnostic.severity = Severity::Warning;
        compiled.diagnostics.push(diagnostic);
    }
}

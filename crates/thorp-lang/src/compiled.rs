//! What comes out of the compiler: modules, facts and diagnostics.

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Severity, code};
use crate::source::{Source, SourceKind};

/// What an expression's text is called in diagnostics and stack traces.
pub const EXPRESSION_PATH: &str = "eval";

/// The result of [`crate::compile`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compiled {
    /// How the code is to be run.
    pub form: Form,
    /// The modules to hand to the sandbox, the entry first. Files with errors are absent.
    pub modules: Vec<Module>,
    /// What reading the text tells.
    pub facts: Facts,
    /// Everything found, in order of file and position.
    pub diagnostics: Vec<Diagnostic>,
}

impl Compiled {
    /// Whether it can be run: no diagnostic of [`Severity::Error`].
    pub fn is_runnable(&self) -> bool {
        self.diagnostics
            .iter()
            .all(|diagnostic| diagnostic.severity != Severity::Error)
    }

    /// What it means that a compile worker died or ran out of time or memory over `source`.
    pub fn too_complex(source: &Source) -> Self {
        let diagnostic = Diagnostic::of_file(
            code::TOO_COMPLEX,
            &source.entry,
            "the program is too complex to compile",
        )
        .hint("split it into smaller functions, or move data that is nested deeply into JSON text");
        Self::failed(source, vec![diagnostic])
    }

    /// The answer to a program for which the process that compiles it would need more memory than it may have.
    #[must_use]
    pub fn too_large(source: &Source, memory_bytes: u64) -> Self {
        let mebibytes = memory_bytes >> 20;
        let message =
            format!("the program needs more than {mebibytes} MiB of memory to be compiled");
        let diagnostic = Diagnostic::of_file(code::TOO_COMPLEX, &source.entry, message)
            .hint("split it into several vals, or move data into JSON text");
        Self::failed(source, vec![diagnostic])
    }

    /// Nothing but diagnostics.
    pub(crate) fn failed(source: &Source, diagnostics: Vec<Diagnostic>) -> Self {
        let form = match source.kind {
            SourceKind::Val => Form::Module,
            SourceKind::Expression | SourceKind::Script => Form::Body,
        };
        Self {
            form,
            modules: Vec::new(),
            facts: Facts::default(),
            diagnostics,
        }
    }
}

/// How the code is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Form {
    /// `modules[0].code` is the body of an async function and returns the value.
    Body,
    /// `modules` are files; the value is in the namespace of `modules[0]`, see [`Facts::value`].
    Module,
}

/// One file for the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Module {
    /// What the user calls it (`main.tsx`).
    pub path: String,
    /// The name to write it under (`main.tsx.mjs`): never one that Deno would transpile, and
    /// no two modules of a version have the same.
    pub file: String,
    /// JavaScript, or for data and text files the text itself.
    pub code: String,
    /// Source map, version 3, as JSON. `sourcesContent` is there only where the text is not
    /// ASCII, since columns cannot be told without it.
    pub map: Option<String>,
}

/// Which language a program turned out to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dialect {
    /// Ordinary TypeScript, JavaScript and JSX.
    #[default]
    Standard,
    /// The same with `@user.val` wherever an expression can stand, and some older forms.
    Classic,
}

/// What reading the text tells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Which language it is.
    pub dialect: Dialect,
    /// Names of the entry's value exports, in order; `default` is one. Types are not.
    pub exports: Vec<String>,
    /// Where the value is.
    pub value: ValueOf,
    /// Whether the value may be data, which is evaluated when it is saved: see `data.rs`.
    #[serde(default)]
    pub may_be_data: bool,
    /// What to call a val that is made without a name.
    pub declared_name: Option<String>,
    /// Every import that is left when types are gone, in all files.
    pub imports: Vec<Import>,
    /// Whether the code imports `thorp:vals`, which the guest must have.
    #[serde(default)]
    pub uses_vals: bool,
    /// Vals that are named, at each place, in all files.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// Whether a val is named that is only known when it runs, as in `me.get(name)`.
    #[serde(default)]
    pub computed_reference: bool,
    /// Names in `@me.secrets.X`, `Deno.env.get("X")` and `process.env.X`, sorted.
    pub secrets: Vec<String>,
    /// Whether a secret of the author is named that is only known when it runs, as in
    /// `@me.secrets[name]`.
    #[serde(default)]
    pub computed_secret: bool,
    /// Whether JSX stands in any file.
    pub uses_jsx: bool,
    /// Whether any module awaits at top level.
    pub top_level_await: bool,
}

impl Facts {
    /// Why there is no value: the end of a sentence that begins with the val's name. `None`
    /// when there is one.
    pub fn value_hint(&self) -> Option<String> {
        if self.value != ValueOf::Missing {
            return None;
        }
        let names: Vec<String> = self
            .exports
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let list = if names.is_empty() {
            "nothing".to_owned()
        } else {
            names.join(", ")
        };
        Some(format!(
            "needs a default export or exactly one named export; it exports {list}"
        ))
    }
}

/// How to pick the value out of the entry's namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ValueOf {
    /// The default export.
    Default,
    /// The export of this name.
    Named(String),
    /// There is none, or more than one; [`Facts::value_hint`] says it.
    #[default]
    Missing,
}

/// One import, at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    /// As the user wrote it; empty when it is computed.
    pub specifier: String,
    /// What stands in the compiled code, when that is something else.
    pub rewritten: Option<String>,
    /// What it names.
    pub kind: ImportKind,
    /// The file it stands in.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Its column.
    pub column: u32,
    /// Whether it is `import(…)`.
    pub dynamic: bool,
}

/// One use of a val, at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// Whose it is, as the text spells it; for `@me` the author.
    pub user: String,
    /// Its name, as the text spells it.
    pub name: String,
    /// What is done with it.
    pub position: Position,
    /// The version that is pinned, if one is.
    pub version: Option<u64>,
    /// The file it stands in.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Its column.
    pub column: u32,
}

/// What is done with a val where it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Position {
    /// Its value is read.
    Read,
    /// It, or a place in it, is assigned to.
    Write,
    /// It is called.
    Call,
    /// It, or a place in it, is read and assigned to.
    Update,
    /// It, or a place in it, is deleted.
    Delete,
    /// A method that changes an array is called on it, or on a place in it.
    Mutate,
    /// It is called by `api()`, as its author.
    Api,
    /// Its value is changed by `me.update`, at once and locked for that call only.
    Change,
}

impl Position {
    /// Whether the val may be another one when the run has ended, by what the run wrote.
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::Write | Self::Update | Self::Delete | Self::Mutate
        )
    }

    /// Whether the val may be another one afterwards.
    pub fn changes(self) -> bool {
        self.writes() || self == Self::Change
    }
}

/// What an import names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ImportKind {
    /// `npm:name@range/subpath`
    Npm {
        /// Name of the package.
        name: String,
        /// The range as written; empty when none is.
        range: String,
        /// What follows the package, without the slash; empty when nothing does.
        subpath: String,
        /// Name under which the dependency folder must hold it, so that two ranges of one
        /// package can stand side by side.
        alias: String,
    },
    /// `jsr:…`
    Jsr,
    /// `https://…` or `http://…`
    Https,
    /// `val:user/name@version/path`
    Val {
        /// Whose it is, as written.
        user: String,
        /// Its name, as written.
        name: String,
        /// The version that is pinned, if one is.
        version: Option<u64>,
        /// The file of it, if it is not the entry.
        path: Option<String>,
    },
    /// `thorp:…`
    Town,
    /// `node:…`, or the bare name of a Node builtin.
    Node,
    /// `./…` or `../…`
    Relative,
    /// Anything else.
    Bare,
    /// Known only when it runs.
    Computed,
}

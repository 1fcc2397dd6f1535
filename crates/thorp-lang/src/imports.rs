//! Imports: what each names, what stands for it in the sandbox, and what is wrong with it.

use oxc::allocator::Allocator;
use oxc::ast::ast::{
    Expression, ImportExpression, ObjectPropertyKind, Program, Statement, StringLiteral, WithClause,
};
use oxc::span::{GetSpan, Span};
use oxc::str::Str;

use crate::compiled::{Import, ImportKind};
use crate::diagnostic::code;
use crate::files::{self, FileKind, Files};
use crate::front::HELPER_PREFIX;
use crate::helpers;
use crate::limits::IMPORTS_MAX;
use crate::npm::{self, NpmSpecifier};
use crate::report::Report;
use crate::scan::literal;
use crate::{val_import, valref};

/// Reads and rewrites the imports of one file.
pub(crate) struct Imports<'a, 's, 'r> {
    pub(crate) allocator: &'a Allocator,
    pub(crate) files: Files<'s>,
    pub(crate) report: &'r mut Report<'s>,
    pub(crate) found: FoundImports,
}

/// What the imports of one file tell.
#[derive(Debug, Default)]
pub(crate) struct FoundImports {
    pub(crate) imports: Vec<Import>,
    /// Paths of the version's files that are imported.
    pub(crate) reached: Vec<String>,
    /// Paths of code files that are imported as text.
    pub(crate) as_text: Vec<String>,
    /// Helpers of the transform that the code needs.
    pub(crate) helpers: Vec<String>,
    pub(crate) uses_jsx: bool,
}

/// Meaning of a specifier.
struct Meaning {
    kind: ImportKind,
    rewritten: Option<String>,
}

impl Meaning {
    fn plain(kind: ImportKind) -> Self {
        Self {
            kind,
            rewritten: None,
        }
    }
}

impl<'a> Imports<'a, '_, '_> {
    /// All `import … from` and `export … from` of a program.
    pub(crate) fn statics(&mut self, program: &mut Program<'a>) {
        for statement in &mut program.body {
            let span = statement.span();
            match statement {
                Statement::ImportDeclaration(import) => {
                    let with = attribute(import.with_clause.as_deref());
                    self.literal(&mut import.source, span, with);
                }
                Statement::ExportFromDeclaration(export) => {
                    let with = attribute(export.with_clause.as_deref());
                    self.literal(&mut export.source, span, with);
                }
                Statement::ExportAllDeclaration(export) => {
                    let with = attribute(export.with_clause.as_deref());
                    self.literal(&mut export.source, span, with);
                }
                _ => {}
            }
        }
    }

    /// One `import(…)`.
    pub(crate) fn dynamic(&mut self, import: &mut ImportExpression<'a>) {
        let span = import.source.span();
        let Some(specifier) = literal(&import.source) else {
            self.record("", span, Meaning::plain(ImportKind::Computed), true);
            self.report.warning(
                import.span,
                code::COMPUTED_IMPORT,
                "the name of this `import()` is only known when it runs".to_owned(),
                Some("packages must also be imported by a literal name somewhere, as in `import(\"npm:zod\")`".to_owned()),
            );
            return;
        };
        let with = import.options.as_ref().and_then(dynamic_attribute);
        let meaning = self.meaning(&specifier, span, with);
        if let Some(rewritten) = &meaning.rewritten {
            let text = Str::from(self.allocator.alloc_str(rewritten) as &str);
            let builder = oxc::ast::builder::AstBuilder::new(self.allocator);
            import.source = Expression::new_string_literal(span, text, None, &builder);
        }
        self.record(&specifier, span, meaning, true);
    }

    fn literal(&mut self, source: &mut StringLiteral<'a>, statement: Span, with: Option<String>) {
        let specifier = source.value.to_string();
        if let Some(helper) = specifier.strip_prefix(HELPER_PREFIX) {
            self.helper(source, helper);
            return;
        }
        // Only the JSX transform adds imports that stand nowhere in the text.
        self.found.uses_jsx |= statement.is_empty();
        let meaning = self.meaning(&specifier, source.span, with);
        if let Some(rewritten) = &meaning.rewritten {
            set(self.allocator, source, rewritten);
        }
        self.record(&specifier, source.span, meaning, false);
    }

    fn helper(&mut self, source: &mut StringLiteral<'a>, helper: &str) {
        let name = helper.rsplit('/').next().unwrap_or(helper);
        let file = helpers::file_name(name);
        set(
            self.allocator,
            source,
            &files::relative(self.report.path, &file),
        );
        self.found.helpers.push(name.to_owned());
    }

    fn record(&mut self, specifier: &str, span: Span, meaning: Meaning, dynamic: bool) {
        // One more than allowed is kept: it is what the diagnostic points at.
        if self.found.imports.len() > IMPORTS_MAX {
            return;
        }
        let (line, column) = self.report.lines.position(span.start);
        self.found.imports.push(Import {
            specifier: specifier.to_owned(),
            rewritten: meaning.rewritten,
            kind: meaning.kind,
            file: self.report.path.to_owned(),
            line,
            column,
            dynamic,
        });
    }

    fn meaning(&mut self, specifier: &str, span: Span, with: Option<String>) -> Meaning {
        if specifier.starts_with("./") || specifier.starts_with("../") {
            return self.relative(specifier, span, with.as_deref());
        }
        match specifier.split_once(':') {
            Some(("npm", rest)) => self.npm(specifier, rest, span),
            Some(("jsr", _)) => Meaning::plain(ImportKind::Jsr),
            Some(("https" | "http", _)) => Meaning::plain(ImportKind::Https),
            Some(("node", _)) => Meaning::plain(ImportKind::Node),
            Some(("val", rest)) => self.val(specifier, rest, span),
            Some(("thorp", "std")) => Meaning::plain(ImportKind::Town),
            Some(("thorp", _)) => self.unsupported(specifier, span, ImportKind::Town),
            Some(("file" | "data" | "blob", _)) => {
                self.unsupported(specifier, span, ImportKind::Bare)
            }
            _ => self.bare(specifier, span),
        }
    }

    fn npm(&mut self, specifier: &str, rest: &str, span: Span) -> Meaning {
        let Some(npm) = NpmSpecifier::parse(rest) else {
            let message = format!("`{specifier}` does not name a package");
            let hint = "write `npm:name@version`, as in `npm:zod@4`".to_owned();
            self.report
                .error(span, code::UNKNOWN_IMPORT, message, Some(hint));
            return Meaning::plain(ImportKind::Bare);
        };
        Meaning {
            rewritten: Some(npm.rewritten()),
            kind: ImportKind::Npm {
                alias: npm.alias(),
                name: npm.name,
                range: npm.range,
                subpath: npm.subpath,
            },
        }
    }

    fn val(&mut self, specifier: &str, rest: &str, span: Span) -> Meaning {
        match val_import::parse(rest) {
            Ok(kind) => Meaning {
                rewritten: valref::rewritten(&kind, self.report.path),
                kind,
            },
            Err(bad) => {
                let message = shorten(format!("`{specifier}` {}", bad.message));
                self.report
                    .error(span, code::UNKNOWN_IMPORT, message, Some(bad.hint));
                Meaning::plain(ImportKind::Bare)
            }
        }
    }

    fn unsupported(&mut self, specifier: &str, span: Span, kind: ImportKind) -> Meaning {
        let message = format!("imports of `{specifier}` are not supported");
        let hint = match kind {
            ImportKind::Town => "the town's own module is `thorp:std`",
            _ => "put the text into a file of this val and import it as `./name`",
        };
        self.report.error(
            span,
            code::UNSUPPORTED_IMPORT,
            shorten(message),
            Some(hint.to_owned()),
        );
        Meaning::plain(kind)
    }

    fn bare(&mut self, specifier: &str, span: Span) -> Meaning {
        if npm::is_builtin(specifier) {
            return Meaning {
                kind: ImportKind::Node,
                rewritten: Some(format!("node:{specifier}")),
            };
        }
        let message = format!("`{specifier}` is not a file, a package or an address");
        let hint = self.bare_hint(specifier);
        self.report
            .error(span, code::UNKNOWN_IMPORT, shorten(message), hint);
        Meaning::plain(ImportKind::Bare)
    }

    fn bare_hint(&self, specifier: &str) -> Option<String> {
        let path = specifier.trim_start_matches('/');
        if let Some(near) = self.files.near(self.report.path, path).first() {
            return Some(format!("write `{near}`"));
        }
        if let Some(source) = specifier.strip_suffix("/jsx-runtime") {
            return Some(format!("write `@jsxImportSource npm:{source}`"));
        }
        NpmSpecifier::parse(specifier)
            .filter(|_| !specifier.starts_with('/'))
            .map(|_| format!("write `npm:{specifier}`"))
    }

    fn relative(&mut self, specifier: &str, span: Span, with: Option<&str>) -> Meaning {
        let (path, rest) = split_query(specifier);
        let target = files::resolve(self.report.path, path);
        let file = target.as_deref().and_then(|target| self.files.get(target));
        let Some(file) = file else {
            self.missing(specifier, target.as_deref(), span);
            return Meaning::plain(ImportKind::Relative);
        };
        self.found.reached.push(file.path.clone());
        let rewritten = match (FileKind::of(&file.path), with) {
            (FileKind::Code(_), Some("text" | "bytes")) => {
                self.found.as_text.push(file.path.clone());
                None
            }
            (FileKind::Code(_), _) => Some(format!("{}{rest}", files::compiled_name(path))),
            (FileKind::Data, None) => {
                self.without_attribute(specifier, span);
                None
            }
            (FileKind::Data | FileKind::Types, _) => None,
        };
        Meaning {
            kind: ImportKind::Relative,
            rewritten,
        }
    }

    fn missing(&mut self, specifier: &str, target: Option<&str>, span: Span) {
        let (message, near) = match target {
            None => (format!("`{specifier}` is outside of this val"), Vec::new()),
            Some(target) => (
                format!("this val has no file `{target}`"),
                self.files.near(self.report.path, target),
            ),
        };
        let others = self.files.others(self.report.path);
        let hint = match (near.is_empty(), others.is_empty()) {
            (false, _) => format!("did you mean {}?", list(&near)),
            (true, false) => format!("its other files are {}", list(&others)),
            (true, true) => "it has no other file".to_owned(),
        };
        self.report
            .error(span, code::MISSING_FILE, shorten(message), Some(hint));
    }

    fn without_attribute(&mut self, specifier: &str, span: Span) {
        let kind = match specifier.ends_with(".json") {
            true => "json",
            false => "text",
        };
        self.report.error(
            span,
            code::IMPORT_ATTRIBUTE,
            format!("`{specifier}` is data, and the import does not say of which kind"),
            Some(format!("add `with {{ type: \"{kind}\" }}` to the import")),
        );
    }
}

fn set<'a>(allocator: &'a Allocator, source: &mut StringLiteral<'a>, text: &str) {
    source.value = Str::from(allocator.alloc_str(text) as &str);
    source.raw = None;
}

/// `./a.ts?x#y` to `./a.ts` and `?x#y`.
fn split_query(specifier: &str) -> (&str, &str) {
    let end = specifier.find(['?', '#']).unwrap_or(specifier.len());
    specifier.split_at(end)
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Messages quote the user's text, which may be long (`data:`).
fn shorten(message: String) -> String {
    const CHARS_MAX: usize = 200;
    match message.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

/// The `type` of `with { type: "json" }`.
fn attribute(clause: Option<&WithClause<'_>>) -> Option<String> {
    let entries = &clause?.with_entries;
    let entry = entries
        .iter()
        .find(|entry| entry.key.as_arena_str() == "type")?;
    Some(entry.value.value.to_string())
}

/// The `type` of `{ with: { type: "json" } }`.
fn dynamic_attribute(options: &Expression<'_>) -> Option<String> {
    literal(property(property(options, "with")?, "type")?)
}

fn property<'e, 'a>(object: &'e Expression<'a>, name: &str) -> Option<&'e Expression<'a>> {
    let Expression::ObjectExpression(object) = object.get_inner_expression() else {
        return None;
    };
    object
        .properties
        .iter()
        .find_map(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => {
                let found = property.key.static_name()? == name;
                found.then_some(&property.value)
            }
            ObjectPropertyKind::SpreadProperty(_) => None,
        })
}

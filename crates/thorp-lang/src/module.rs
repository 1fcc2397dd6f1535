//! One file through all steps: parse, check, transform, imports, value, print.

use oxc::allocator::Allocator;
use oxc::ast::ast::{Program, Statement};
use oxc::span::{GetSpan, Span};

use crate::classic;
use crate::compiled::{Dialect, EXPRESSION_PATH, Form, Module};
use crate::data::may_be_data;
use crate::depth::is_too_deep;
use crate::diagnostic::{Diagnostic, Severity, code};
use crate::files::{Files, compiled_name};
use crate::front::{self, Findings, Language};
use crate::hints::{self, EVAL_HINT};
use crate::imports::{FoundImports, Imports};
use crate::live::Live;
use crate::own;
use crate::place;
use crate::references::unresolved;
use crate::report::{Report, span_of};
use crate::scan::{Found, scan};
use crate::source::SourceFile;
use crate::standard::{self, STD};
use crate::value::{self, Value};

/// What compiling one file gives.
#[derive(Default)]
pub(crate) struct Unit {
    /// Absent when the file has errors.
    pub(crate) module: Option<Module>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) imports: FoundImports,
    pub(crate) found: Found,
    pub(crate) dialect: Dialect,
    pub(crate) live: Live,
    /// Whether the code imports [`place::VALS`].
    pub(crate) uses_vals: bool,
    /// Globals that it is to have lexically.
    pub(crate) globals: Vec<&'static str>,
    /// Nested too deeply to be run.
    pub(crate) too_complex: bool,
    /// Of the entry only.
    pub(crate) value: Value,
    pub(crate) may_be_data: bool,
}

/// Whether a file is the one whose value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Entry,
    Part,
}

/// A file that is being compiled.
pub(crate) struct Work<'a, 's> {
    pub(crate) allocator: &'a Allocator,
    pub(crate) files: Files<'s>,
    pub(crate) report: Report<'s>,
    pub(crate) author: Option<&'s str>,
    /// What `vals` is called, once the code needs it.
    pub(crate) vals: Option<String>,
    pub(crate) unit: Unit,
}

/// Compiles one file of a val.
pub(crate) fn compile_file(
    files: Files<'_>,
    file: &SourceFile,
    language: Language,
    role: Role,
    author: Option<&str>,
) -> Unit {
    let text = without_mark(&file.text);
    let allocator = Allocator::default();
    let mut work = Work {
        allocator: &allocator,
        files,
        report: Report::new(&file.path, text),
        author,
        vals: None,
        unit: Unit::default(),
    };
    let parsed = front::parse(&allocator, text, language);
    let printed = parsed
        .or_else(|findings| as_entry_expression(&allocator, text, language, role, findings))
        .or_else(|findings| work.classic(text, language, role, findings))
        .and_then(|program| work.module(program, role));
    work.finish(printed)
}

/// An entry may be one expression that is no statement, such as `function (x) { … }`.
fn as_entry_expression<'a>(
    allocator: &'a Allocator,
    text: &'a str,
    language: Language,
    role: Role,
    findings: Findings,
) -> Result<Program<'a>, Findings> {
    let expression = (role == Role::Entry)
        .then(|| front::parse_expression(allocator, trim(text), language).ok())
        .flatten();
    expression.ok_or(findings)
}

/// Compiles the text of an expression.
pub(crate) fn compile_expression(file: &SourceFile, author: Option<&str>) -> (Form, Unit) {
    let text = without_mark(&file.text);
    let allocator = Allocator::default();
    let mut work = Work {
        allocator: &allocator,
        files: Files(&[]),
        report: Report::new(EXPRESSION_PATH, text),
        author,
        vals: None,
        unit: Unit::default(),
    };
    let mut form = Form::Body;
    let printed = front::parse_expression(&allocator, trim(text), Language::Tsx)
        .or_else(|findings| work.classic_expression(text, findings))
        .or_else(|findings| work.as_module(text, findings))
        .and_then(|program| work.expression(program, &mut form));
    (form, work.finish(printed))
}

/// Text without the byte order mark, which is no part of it.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Without the semicolons and space behind an expression. Inside a comment or a broken string
/// that takes nothing away that counts.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_end_matches(|c: char| c == ';' || c.is_whitespace())
}

impl<'a, 's: 'a> Work<'a, 's> {
    /// The text again, as a module: with imports or exports, or one expression with something
    /// behind it that only statements may have.
    fn as_module(&mut self, text: &'a str, findings: Findings) -> Result<Program<'a>, Findings> {
        let program = match front::parse(self.allocator, text, Language::Tsx) {
            Ok(program) => program,
            Err(others) => return Err(self.not_an_expression(further(findings, others))),
        };
        if has_module_syntax(&program) || is_one_expression(&program) {
            return Ok(program);
        }
        Err(self.not_an_expression(findings))
    }

    /// Reports that the text is no expression, unless the findings speak for themselves.
    fn not_an_expression(&mut self, findings: Findings) -> Findings {
        self.report.findings(findings);
        let statements = match front::parse(self.allocator, self.report.lines.text(), Language::Tsx)
        {
            Ok(program) => program.body.len() + program.directives.len(),
            Err(_) => return self.hint_at_statement(),
        };
        // It parses as a program: what is wrong is that it is one.
        if let Some(first) = self.report.diagnostics.first_mut() {
            first.message = match statements {
                0 => "there is no expression".to_owned(),
                _ => "this is not an expression".to_owned(),
            };
            first.hint = Some(EVAL_HINT.to_owned());
        }
        Vec::new()
    }

    fn hint_at_statement(&mut self) -> Findings {
        let first = self.report.diagnostics.first_mut();
        if let Some(first) = first.filter(|first| first.hint.is_none())
            && hints::begins_statement(self.report.lines.text())
        {
            first.hint = Some(EVAL_HINT.to_owned());
        }
        Vec::new()
    }

    fn module(
        &mut self,
        mut program: Program<'a>,
        role: Role,
    ) -> Result<(String, Option<String>), Findings> {
        self.lower(&mut program)?;
        let classic = self.unit.dialect == Dialect::Classic;
        let mut called = false;
        if role == Role::Entry {
            called = classic && value::call_as_body(self.allocator, &mut program);
            self.refuse_returns(&program);
            self.unit.value = value::settle(self.allocator, &mut program);
            self.unit.may_be_data = may_be_data(&program, &self.unit.value.value);
        }
        self.inspect(&mut program);
        self.unit.found.top_level_await |= called;
        own::bind(self.allocator, &mut program, &self.unit.globals);
        Ok(self.print_module(&program))
    }

    /// A program that exports is no body of a function, and cannot return.
    fn refuse_returns(&mut self, program: &Program<'a>) {
        let first = program
            .body
            .iter()
            .find(|statement| value::returns(statement));
        if let Some(first) = first {
            self.report.error(
                first.span(),
                code::SYNTAX_ERROR,
                "a module that exports cannot `return`".to_owned(),
                Some("take `export` away, or `return`".to_owned()),
            );
        }
    }

    fn print_module(&self, program: &Program<'a>) -> (String, Option<String>) {
        let (mut code, map) = front::print(program, self.report.path);
        if let Some(vals) = &self.vals {
            place::import_in_module(&mut code, vals);
        }
        (code, map)
    }

    fn expression(
        &mut self,
        mut program: Program<'a>,
        form: &mut Form,
    ) -> Result<(String, Option<String>), Findings> {
        if has_module_syntax(&program) {
            *form = Form::Module;
            return self.module(program, Role::Entry);
        }
        self.lower(&mut program)?;
        self.inspect(&mut program);
        self.unit.value = Value::default_only();
        // Vals are found from a file: what names some is one.
        let alone = !has_module_syntax(&program) && self.vals.is_none();
        if alone && !self.unit.found.dynamic_import && !self.unit.found.import_meta {
            value::return_expression(self.allocator, &mut program);
            return Ok(front::print(&program, self.report.path));
        }
        *form = Form::Module;
        value::export_expression(self.allocator, &mut program);
        own::bind(self.allocator, &mut program, &self.unit.globals);
        Ok(self.print_module(&program))
    }

    fn lower(&mut self, program: &mut Program<'a>) -> Result<(), Findings> {
        if is_too_deep(program) {
            self.unit.too_complex = true;
            return Err(Findings::new());
        }
        self.refuse_commonjs(program);
        if self.has_references() {
            let Report { masked, .. } = &mut self.report;
            let masked = std::mem::take(masked);
            let fits =
                classic::refuse_misplaced(self.allocator, program, &masked, &mut self.report);
            self.report.masked = masked;
            if !fits {
                return Err(Findings::new());
            }
        }
        let scoping = front::check(program)?;
        let api = unresolved(&scoping, "api");
        self.unit.globals = own::globals(&scoping, program.source_text);
        front::transform(self.allocator, program, scoping)?;
        if self.has_references() {
            self.lower_references(program, api);
        }
        Ok(())
    }

    /// `export = x` would become code that only CommonJS runs.
    fn refuse_commonjs(&mut self, program: &Program<'a>) {
        for statement in &program.body {
            if let Statement::TSExportAssignment(export) = statement {
                self.report.error(
                    export.span,
                    code::TYPE_ONLY,
                    "`export =` is not for modules".to_owned(),
                    Some("write `export default`".to_owned()),
                );
            }
        }
    }

    fn inspect(&mut self, program: &mut Program<'a>) {
        let mut imports = Imports {
            allocator: self.allocator,
            files: self.files,
            report: &mut self.report,
            found: FoundImports::default(),
        };
        imports.statics(program);
        if program.source_text.contains(STD) {
            standard::find(program, imports.report, self.author, &mut self.unit.live);
        }
        self.unit.found = scan(program, |import| imports.dynamic(import));
        self.unit.imports = imports.found;
        self.unit.found.secrets.extend(own::names(program));
        self.warn();
    }

    /// About what compiles and will not do what its author expects.
    fn warn(&mut self) {
        for (span, name) in std::mem::take(&mut self.unit.found.requires) {
            self.report.warning(
                span,
                code::REQUIRE,
                "`require` is not defined in modules".to_owned(),
                Some(hints::for_require(&name)),
            );
        }
        if !self.unit.imports.helpers.is_empty() {
            self.report.warning(
                Span::new(0, 0),
                code::DECORATORS,
                "decorators are those of TypeScript's `experimentalDecorators`".to_owned(),
                Some("they get the target and the key, and no context object".to_owned()),
            );
        }
    }

    fn finish(mut self, printed: Result<(String, Option<String>), Findings>) -> Unit {
        let printed = printed.map_err(|findings| self.report.findings(findings));
        let mut unit = self.unit;
        unit.diagnostics = self.report.diagnostics;
        unit.diagnostics.sort_by_key(|d| (d.line, d.column));
        let broken = unit
            .diagnostics
            .iter()
            .any(|d| d.severity == Severity::Error);
        let path = self.report.path;
        unit.module = printed.ok().filter(|_| !broken).map(|(code, map)| Module {
            path: path.to_owned(),
            file: compiled_name(path),
            code,
            map,
        });
        unit
    }
}

/// Of two readings of a text, the one that got further before it failed.
fn further(expression: Findings, module: Findings) -> Findings {
    let reach = |findings: &Findings| findings.first().map_or(0, |first| span_of(first).start);
    match reach(&module) > reach(&expression) {
        true => module,
        false => expression,
    }
}

pub(crate) fn has_module_syntax(program: &Program<'_>) -> bool {
    program.body.iter().any(Statement::is_module_declaration)
}

pub(crate) fn is_one_expression(program: &Program<'_>) -> bool {
    matches!(
        (program.body.as_slice(), program.directives.len()),
        ([Statement::ExpressionStatement(_)], 0) | ([], 1)
    )
}

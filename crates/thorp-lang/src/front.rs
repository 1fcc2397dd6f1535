//! The four steps of oxc behind functions of our own: parse, check, transform, print.
//!
//! Knows nothing of vals, imports or values; those work on the program in between.

use std::path::Path;
use std::sync::LazyLock;

use oxc::allocator::{Allocator, ArenaVec};
use oxc::ast::ast::{Expression, Program, Statement};
use oxc::ast::builder::AstBuilder;
use oxc::codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc::diagnostics::OxcDiagnostic;
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::{Scoping, SemanticBuilder};
use oxc::span::{GetSpan, SourceType, Span};
use oxc::transformer::{
    DecoratorOptions, HelperLoaderMode, HelperLoaderOptions, JsxOptions, JsxRuntime,
    TransformOptions, Transformer,
};

use crate::limits::DIAGNOSTICS_MAX;

/// Where JSX comes from unless a pragma says otherwise.
const JSX_SOURCE: &str = "npm:react";

/// What imports of the transform's own helpers begin with.
pub(crate) const HELPER_PREFIX: &str = "thorp-helper:";

/// The languages that are compiled; everything else is data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// TypeScript, where `<T>x` is a cast.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// JavaScript, JSX allowed.
    JavaScript,
}

impl Language {
    /// By the path's extension.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
        match extension {
            "ts" | "mts" => Some(Self::TypeScript),
            "tsx" => Some(Self::Tsx),
            "js" | "jsx" | "mjs" => Some(Self::JavaScript),
            _ => None,
        }
    }

    /// How to read it, best first. The two readings of TypeScript exclude one another, and
    /// people mix them, so a text that fails as one is tried as the other.
    pub(crate) fn readings(self) -> &'static [SourceType] {
        const TS: SourceType = SourceType::ts().with_module(true);
        const TSX: SourceType = SourceType::tsx().with_module(true);
        const JSX: SourceType = SourceType::mjs().with_jsx(true);
        match self {
            Self::TypeScript => &[TS, TSX],
            Self::Tsx => &[TSX, TS],
            Self::JavaScript => &[JSX],
        }
    }
}

/// Findings of oxc, in its own form.
pub(crate) type Findings = Vec<OxcDiagnostic>;

/// Parses a module.
pub(crate) fn parse<'a>(
    allocator: &'a Allocator,
    text: &'a str,
    language: Language,
) -> Result<Program<'a>, Findings> {
    first_reading(language, |reading| {
        read(allocator, text, reading, Whole::Module)
    })
}

/// Parses one expression, as a program of one expression statement.
pub(crate) fn parse_expression<'a>(
    allocator: &'a Allocator,
    text: &'a str,
    language: Language,
) -> Result<Program<'a>, Findings> {
    first_reading(language, |reading| {
        read(allocator, text, reading, Whole::Expression)
    })
}

/// What a text is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    /// A module.
    Module,
    /// A module, or the body of a function.
    ModuleOrBody,
    /// One expression.
    Expression,
}

/// Parses in one reading.
pub(crate) fn read<'a>(
    allocator: &'a Allocator,
    text: &'a str,
    reading: SourceType,
    whole: Whole,
) -> Result<Program<'a>, Findings> {
    let parser = Parser::new(allocator, text, reading).with_options(ParseOptions {
        allow_return_outside_function: whole == Whole::ModuleOrBody,
        ..ParseOptions::default()
    });
    if whole == Whole::Expression {
        return match parser.parse_expression() {
            Ok(expression) => Ok(lone(allocator, text, reading, expression)),
            Err(findings) => Err(findings.into_vec()),
        };
    }
    let parsed = parser.parse();
    match parsed.panicked || parsed.diagnostics.has_errors() {
        true => Err(parsed.diagnostics.into_vec()),
        false => Ok(parsed.program),
    }
}

fn first_reading<'a>(
    language: Language,
    parse: impl Fn(SourceType) -> Result<Program<'a>, Findings>,
) -> Result<Program<'a>, Findings> {
    let mut first = None;
    for reading in language.readings() {
        match parse(*reading) {
            Ok(program) => return Ok(program),
            Err(mut findings) => {
                findings.truncate(DIAGNOSTICS_MAX);
                first.get_or_insert(findings);
            }
        }
    }
    Err(first.unwrap_or_default())
}

fn lone<'a>(
    allocator: &'a Allocator,
    text: &'a str,
    reading: SourceType,
    expression: Expression<'a>,
) -> Program<'a> {
    let builder = AstBuilder::new(allocator);
    let statement = Statement::new_expression_statement(expression.span(), expression, &builder);
    Program::new(
        Span::new(0, u32::try_from(text.len()).unwrap_or(u32::MAX)),
        reading,
        text,
        ArenaVec::new_in(&allocator),
        None,
        ArenaVec::new_in(&allocator),
        ArenaVec::from_array_in([statement], &allocator),
        &builder,
    )
}

/// The errors that only show when names are resolved (`let a; let a`).
pub(crate) fn check(program: &Program<'_>) -> Result<Scoping, Findings> {
    let checked = SemanticBuilder::new_compiler()
        .with_excess_capacity(2.0)
        .with_enum_eval(true)
        .build(program);
    match checked.diagnostics.has_errors() {
        true => Err(checked.diagnostics.into_vec()),
        false => Ok(checked.semantic.into_scoping()),
    }
}

/// Types and JSX to JavaScript, in place. Nothing newer than that is lowered: the runtime
/// has it.
pub(crate) fn transform<'a>(
    allocator: &'a Allocator,
    program: &mut Program<'a>,
    scoping: Scoping,
) -> Result<(), Findings> {
    static OPTIONS: LazyLock<TransformOptions> = LazyLock::new(|| options(JsxRuntime::Automatic));
    static CLASSIC: LazyLock<TransformOptions> = LazyLock::new(|| options(JsxRuntime::Classic));
    let options = match wants_classic_jsx(program) {
        true => &CLASSIC,
        false => &OPTIONS,
    };
    let done = Transformer::new(allocator, Path::new("module"), options)
        .build_with_scoping(scoping, program);
    match done.diagnostics.has_errors() {
        true => Err(done.diagnostics.into_vec()),
        false => Ok(()),
    }
}

/// `/** @jsx h */` at the top asks for `h("a")`, as Deno reads it.
fn wants_classic_jsx(program: &Program<'_>) -> bool {
    let start = program.body.first().map_or(0, |first| first.span().start);
    let leading = program.comments.iter().take_while(|c| c.span.end <= start);
    let mut texts = leading.map(|comment| comment.content_span().source_text(program.source_text));
    texts.any(|text| text.contains("@jsx "))
}

fn options(runtime: JsxRuntime) -> TransformOptions {
    let import_source = match runtime {
        JsxRuntime::Automatic => Some(JSX_SOURCE.to_owned()),
        JsxRuntime::Classic => None,
    };
    TransformOptions {
        jsx: JsxOptions {
            runtime,
            import_source,
            ..JsxOptions::enable()
        },
        decorator: DecoratorOptions {
            legacy: true,
            ..DecoratorOptions::default()
        },
        helper_loader: HelperLoaderOptions {
            module_name: HELPER_PREFIX.into(),
            mode: HelperLoaderMode::Runtime,
        },
        ..TransformOptions::default()
    }
}

/// Prints the program, with a source map whose source is called `path`.
pub(crate) fn print(program: &Program<'_>, path: &str) -> (String, Option<String>) {
    let printed = Codegen::new()
        .with_options(CodegenOptions {
            comments: CommentOptions::disabled(),
            source_map_path: Some(path.into()),
            ..CodegenOptions::default()
        })
        .build(program);
    let map = printed.map.map(|mut map| {
        // Only columns of text that is not ASCII need the text to be counted.
        if program.source_text.is_ascii() {
            map.set_source_contents(vec![None]);
        }
        map.to_json_string()
    });
    (printed.code, map)
}

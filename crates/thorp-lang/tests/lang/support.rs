//! Sources from short texts, and results as short texts.

use std::fmt::Write;

use thorp_lang::{Compiled, Diagnostic, Form, Import, Source, SourceFile, SourceKind};

/// Files from `--- path` headers; text before the first is `main.tsx`.
pub(crate) fn val(text: &str) -> Source {
    let mut files = Vec::new();
    let headed = match text.starts_with("--- ") {
        true => text.to_owned(),
        false => format!("--- main.tsx\n{text}"),
    };
    for part in headed.split("--- ").skip(1) {
        let (path, text) = part.split_once('\n').unwrap();
        let (path, text) = (path.to_owned(), text.trim_end_matches('\n').to_owned());
        files.push(SourceFile { path, text });
    }
    let entry = files[0].path.clone();
    let kind = SourceKind::Val;
    Source {
        kind,
        entry,
        files,
        author: None,
    }
}

pub(crate) fn lines<T>(items: &[T], line: impl Fn(&T) -> String) -> String {
    items.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(crate) fn diagnostic(d: &Diagnostic) -> String {
    let Diagnostic {
        severity,
        code,
        message,
        hint,
        ..
    } = d;
    let mut out = format!(
        "{:?} {code} {}:{}:{}-{}:{} {message}",
        severity, d.file, d.line, d.column, d.end_line, d.end_column
    );
    if let Some(hint) = hint {
        write!(out, "\n  hint: {hint}").unwrap();
    }
    out
}

pub(crate) fn import(i: &Import) -> String {
    let rewritten = i.rewritten.as_deref().unwrap_or("=");
    let dynamic = if i.dynamic { " dynamic" } else { "" };
    format!(
        "{}:{}:{} {} -> {rewritten} {:?}{dynamic}",
        i.file, i.line, i.column, i.specifier, i.kind
    )
}

/// Code of all modules, with their names when there are several; and all diagnostics.
pub(crate) fn code(compiled: &Compiled) -> String {
    let mut out = String::new();
    for module in &compiled.modules {
        if compiled.modules.len() > 1 {
            writeln!(out, "--- {} as {}", module.path, module.file).unwrap();
        }
        out += &module.code;
        if !out.ends_with('\n') {
            out.push('\n');
        }
    }
    let out = out.replace('\t', "  ");
    let out = match compiled.form {
        Form::Body => out.strip_prefix("\"use strict\";\n").unwrap_or(&out),
        Form::Module => &out,
    };
    out.to_owned() + &lines(&compiled.diagnostics, diagnostic)
}

#[track_caller]
pub(crate) fn same(found: &str, expected: &str) {
    let (found, expected) = (found.trim(), expected.trim());
    assert_eq!(
        found, expected,
        "\n--- found\n{found}\n--- expected\n{expected}\n"
    );
}

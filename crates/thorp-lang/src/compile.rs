//! A source to its modules and facts.
use oxc::allocator::Allocator;
use crate::compiled::{Compiled, Facts, Form, Module, ValueOf};
use crate::diagnostic::{code, Diagnostic};
use crate::front::{self, Language};
use crate::source::{Source, SourceKind};
use crate::value;

/// Compiles. Never panics, whatever the text, but may overflow the stack.
pub fn compile(source: &Source) -> Compiled {
    let allocator = Allocator::default();
    let Some(file) = source.files.first() else {
        return Compiled::failed(source, vec![]);
    };
    match one(&allocator, source, &file.text, &file.path) {
        Ok(c) => c,
        Err(findings) => Compiled::failed(source, findings.into_iter().map(|f| Diagnostic::of_file(code::SYNTAX_ERROR, &file.path, f.message.to_string())).collect()),
    }
}

fn one(allocator: &Allocator, source: &Source, text: &str, path: &str) -> Result<Compiled, front::Findings> {
    let language = Language::of(path).unwrap_or(Language::Tsx);
    let mut program = match source.kind {
        SourceKind::Val => front::parse(allocator, text, language)?,
        SourceKind::Expression => front::parse_expression(allocator, text, language)?,
    };
    let scoping = front::check(&program)?;
    front::transform(allocator, &mut program, scoping)?;
    let mut facts = Facts::default();
    let form = match source.kind {
        SourceKind::Val => {
            let v = value::settle(allocator, &mut program);
            facts.exports = v.exports; facts.value = v.value; facts.declared_name = v.declared_name;
            Form::Module
        }
        SourceKind::Expression => { value::return_expression(allocator, &mut program); facts.value = ValueOf::Default; Form::Body }
    };
    let (code, map) = front::print(&program, path);
    Ok(Compiled { form, modules: vec![Module { path: path.to_owned(), file: format!("{path}.mjs"), code, map }], facts, diagnostics: vec![] })
}

//! Vals that a program names through `thorp:std`: `val("@bob/rate")`, `me.get("total")`.

use std::collections::BTreeMap;

use oxc::ast::ast::{
    CallExpression, Expression, ImportDeclaration, ImportDeclarationSpecifier, Program, Statement,
};
use oxc::ast_visit::{Visit, walk};

use crate::compiled::{Position, Reference};
use crate::live::Live;
use crate::report::Report;
use crate::scan::literal;

/// The town's own module, which programs of both dialects may import.
pub(crate) const STD: &str = "thorp:std";

/// Adds what the calls of a program name. A local binding that hides an import is not seen; it
/// makes a fact too many and loses none.
pub(crate) fn find(
    program: &Program<'_>,
    report: &Report<'_>,
    author: Option<&str>,
    live: &mut Live,
) {
    let locals: BTreeMap<String, String> = program.body.iter().flat_map(locals).collect();
    if locals.is_empty() {
        return;
    }
    let mut uses = Uses {
        locals,
        report,
        author,
        live,
    };
    uses.visit_program(program);
}

/// Local and exported names of an import of [`STD`].
fn locals(statement: &Statement<'_>) -> Vec<(String, String)> {
    match statement {
        Statement::ImportDeclaration(import) if import.source.value == STD => named(import),
        _ => Vec::new(),
    }
}

fn named(import: &ImportDeclaration<'_>) -> Vec<(String, String)> {
    let specifiers = import.specifiers.iter().flatten();
    let pairs = specifiers.filter_map(|specifier| match specifier {
        ImportDeclarationSpecifier::ImportSpecifier(it) => {
            Some((it.local.name.to_string(), it.imported.name().to_string()))
        }
        _ => None,
    });
    pairs.collect()
}

struct Uses<'p, 's> {
    locals: BTreeMap<String, String>,
    report: &'p Report<'s>,
    author: Option<&'p str>,
    live: &'p mut Live,
}

impl Uses<'_, '_> {
    /// Which position a callee of [`STD`] means, and whether it names a val of the author.
    fn meaning(&self, callee: &Expression<'_>) -> Option<(Position, bool)> {
        match callee.get_inner_expression() {
            Expression::Identifier(it) => match self.locals.get(it.name.as_str())?.as_str() {
                "val" => Some((Position::Read, false)),
                "api" => Some((Position::Api, false)),
                _ => None,
            },
            Expression::StaticMemberExpression(it) => {
                let Expression::Identifier(object) = &it.object else {
                    return None;
                };
                let me = self.locals.get(object.name.as_str())? == "me";
                let position = match it.property.name.as_str() {
                    "get" => Position::Read,
                    "set" => Position::Write,
                    "update" => Position::Change,
                    "delete" => Position::Delete,
                    _ => return None,
                };
                me.then_some((position, true))
            }
            _ => None,
        }
    }

    fn record(&mut self, call: &CallExpression<'_>, position: Position, own: bool) -> Option<()> {
        let first = call.arguments.first()?;
        let Some(text) = first.as_expression().and_then(literal) else {
            self.live.computed_reference = true;
            return None;
        };
        let (user, name, version) = match own {
            true => (self.author.unwrap_or("me").to_owned(), text, None),
            false => absolute(&text, self.author)?,
        };
        let (line, column) = self.report.lines.position(call.span.start);
        self.live.references.push(Reference {
            user,
            name,
            position,
            version,
            file: self.report.path.to_owned(),
            line,
            column,
        });
        Some(())
    }
}

impl<'a> Visit<'a> for Uses<'_, '_> {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Some((position, own)) = self.meaning(&call.callee) {
            self.record(call, position, own);
        }
        walk::walk_call_expression(self, call);
    }
}

/// `@bob/rate@3` to its parts.
fn absolute(text: &str, author: Option<&str>) -> Option<(String, String, Option<u64>)> {
    let (user, rest) = text.strip_prefix('@').unwrap_or(text).split_once('/')?;
    let (name, version) = match rest.split_once('@') {
        Some((name, version)) => (name, Some(version.parse().ok()?)),
        None => (rest, None),
    };
    let user = match user.eq_ignore_ascii_case("me") {
        true => author.unwrap_or(user),
        false => user,
    };
    Some((user.to_owned(), name.to_owned(), version))
}

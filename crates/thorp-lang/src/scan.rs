//! One walk over a program for what can stand anywhere in it: `import()`, `import.meta`,
//! top-level `await`, names of secrets, `require`.

use oxc::ast::ast::{
    ArrowFunctionExpression, AwaitExpression, CallExpression, Expression, ForOfStatement, Function,
    ImportExpression, ImportMeta, MemberExpression, Program, StaticMemberExpression,
    VariableDeclaration, VariableDeclarationKind,
};
use oxc::ast_visit::{VisitMut, walk_mut};
use oxc::span::Span;
use oxc::syntax::scope::ScopeFlags;

/// What the walk found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) top_level_await: bool,
    pub(crate) import_meta: bool,
    pub(crate) dynamic_import: bool,
    pub(crate) secrets: Vec<String>,
    /// Calls of `require` with a literal: its place and the name.
    pub(crate) requires: Vec<(Span, String)>,
}

/// Walks `program`; `import` is called with each `import()` and may change it.
pub(crate) fn scan<'a>(
    program: &mut Program<'a>,
    import: impl FnMut(&mut ImportExpression<'a>),
) -> Found {
    let mut scan = Scan {
        found: Found::default(),
        functions: 0,
        import,
    };
    if worth_it(program.source_text) {
        scan.visit_program(program);
    }
    scan.found
}

/// Whether any word stands in the text that the walk could find. An escaped name is missed
/// (`\u0061wait`); then so is the fact, which is no loss to anybody but its author.
fn worth_it(text: &str) -> bool {
    ["await", "import", "env", "require"]
        .iter()
        .any(|word| text.contains(word))
}

struct Scan<F> {
    found: Found,
    functions: u32,
    import: F,
}

impl<'a, F: FnMut(&mut ImportExpression<'a>)> VisitMut<'a> for Scan<F> {
    fn visit_function(&mut self, function: &mut Function<'a>, flags: ScopeFlags) {
        self.functions += 1;
        walk_mut::walk_function(self, function, flags);
        self.functions -= 1;
    }

    fn visit_arrow_function_expression(&mut self, function: &mut ArrowFunctionExpression<'a>) {
        self.functions += 1;
        walk_mut::walk_arrow_function_expression(self, function);
        self.functions -= 1;
    }

    fn visit_await_expression(&mut self, expression: &mut AwaitExpression<'a>) {
        self.found.top_level_await |= self.functions == 0;
        walk_mut::walk_await_expression(self, expression);
    }

    fn visit_for_of_statement(&mut self, statement: &mut ForOfStatement<'a>) {
        self.found.top_level_await |= statement.r#await && self.functions == 0;
        walk_mut::walk_for_of_statement(self, statement);
    }

    fn visit_variable_declaration(&mut self, declaration: &mut VariableDeclaration<'a>) {
        let awaits = declaration.kind == VariableDeclarationKind::AwaitUsing;
        self.found.top_level_await |= awaits && self.functions == 0;
        walk_mut::walk_variable_declaration(self, declaration);
    }

    fn visit_import_meta(&mut self, _: &mut ImportMeta) {
        self.found.import_meta = true;
    }

    fn visit_import_expression(&mut self, expression: &mut ImportExpression<'a>) {
        self.found.dynamic_import = true;
        (self.import)(expression);
        walk_mut::walk_import_expression(self, expression);
    }

    fn visit_member_expression(&mut self, expression: &mut MemberExpression<'a>) {
        // `process.env.X` and `process.env["X"]`
        if is_path(expression.object(), &["process", "env"])
            && let Some(name) = expression.static_property_name()
        {
            self.found.secrets.push(name.to_string());
        }
        walk_mut::walk_member_expression(self, expression);
    }

    fn visit_call_expression(&mut self, call: &mut CallExpression<'a>) {
        if let Some(name) = first_literal(call) {
            if is_path(&call.callee, &["Deno", "env", "get"]) {
                self.found.secrets.push(name);
            } else if is_path(&call.callee, &["require"]) {
                self.found.requires.push((call.span, name));
            }
        }
        walk_mut::walk_call_expression(self, call);
    }
}

fn first_literal(call: &CallExpression<'_>) -> Option<String> {
    literal(call.arguments.first()?.as_expression()?)
}

/// The text of a string literal or of a template without holes.
pub(crate) fn literal(expression: &Expression<'_>) -> Option<String> {
    match expression.get_inner_expression() {
        Expression::StringLiteral(literal) => Some(literal.value.to_string()),
        Expression::TemplateLiteral(template) if template.expressions.is_empty() => {
            let cooked = template.quasis.first()?.value.cooked?;
            Some(cooked.to_string())
        }
        _ => None,
    }
}

/// Whether an expression is `first.second.third`, dots only.
pub(crate) fn is_path(expression: &Expression<'_>, names: &[&str]) -> bool {
    let Some((last, before)) = names.split_last() else {
        return false;
    };
    match expression.get_inner_expression() {
        Expression::Identifier(identifier) => before.is_empty() && identifier.name == *last,
        Expression::StaticMemberExpression(member) => {
            let StaticMemberExpression {
                object, property, ..
            } = &**member;
            !before.is_empty() && property.name == *last && is_path(object, before)
        }
        _ => false,
    }
}

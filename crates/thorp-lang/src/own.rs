//! What a program's own modules have lexically: `Deno` and `process` whose environment holds the program's secrets, and the
//! names of secrets that the plain walk does not see.
//!
//! A module that speaks of `env` gets both from [`ENV_MODULE`]; packages, which are not compiled here, keep the globals.

use oxc::allocator::{Allocator, ArenaVec};
use oxc::ast::ast::{
    BinaryExpression, BinaryOperator, BindingIdentifier, BindingPattern, CallExpression,
    Expression, ImportDeclarationSpecifier, ImportOrExportKind, MemberExpression, ModuleExportName,
    ObjectPattern, Program, Statement, StringLiteral, VariableDeclarator,
};
use oxc::ast::builder::AstBuilder;
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::Scoping;
use oxc::span::SPAN;
use oxc::str::Str;

use crate::scan::{is_path, literal};

/// The guest's module with `Deno` and `process` of own modules.
const ENV_MODULE: &str = "thorp:env";
/// The guest's module in the place of `node:process`.
const PROCESS_MODULE: &str = "thorp:process";
const NODE_PROCESS: &str = "node:process";
const GLOBALS: [&str; 2] = ["Deno", "process"];

/// Those of the globals that a module speaks of without declaring them, if it speaks of `env` at all.
pub(crate) fn globals(scoping: &Scoping, text: &str) -> Vec<&'static str> {
    if !text.contains("env") {
        return Vec::new();
    }
    let free = scoping.root_unresolved_references();
    let is_free = |name: &&str| free.keys().any(|found| *found == **name);
    GLOBALS.into_iter().filter(is_free).collect()
}

/// Makes the module have them lexically. Its own declarations can't be in the way: with one, the name would not be free.
pub(crate) fn bind<'a>(
    allocator: &'a Allocator,
    program: &mut Program<'a>,
    globals: &[&'static str],
) {
    for statement in &mut program.body {
        let source = match statement {
            Statement::ImportDeclaration(import) => &mut import.source,
            Statement::ExportFromDeclaration(export) => &mut export.source,
            Statement::ExportAllDeclaration(export) => &mut export.source,
            _ => continue,
        };
        if source.value == NODE_PROCESS {
            source.value = Str::from(PROCESS_MODULE);
            source.raw = None;
        }
    }
    if !globals.is_empty() {
        program.body.insert(0, import(allocator, globals));
    }
}

/// `import { Deno, process } from "thorp:env";`
fn import<'a>(allocator: &'a Allocator, names: &[&'static str]) -> Statement<'a> {
    let builder = AstBuilder::new(allocator);
    let kind = ImportOrExportKind::Value;
    let mut specifiers = ArenaVec::new_in(&allocator);
    for name in names {
        let imported = ModuleExportName::new_identifier_name(SPAN, *name, &builder);
        let local = BindingIdentifier::new(SPAN, *name, &builder);
        specifiers.push(ImportDeclarationSpecifier::new_import_specifier(
            SPAN, imported, local, kind, &builder,
        ));
    }
    let source = StringLiteral::new(SPAN, ENV_MODULE, None, &builder);
    Statement::new_import_declaration(SPAN, Some(specifiers), source, None, None, kind, &builder)
}

/// Names of secrets that are asked for in other ways than `Deno.env.get("X")` and `process.env.X`.
pub(crate) fn names(program: &Program<'_>) -> Vec<String> {
    let mut named = Named::default();
    if program.source_text.contains("env") {
        named.visit_program(program);
    }
    named.names
}

#[derive(Default)]
struct Named {
    names: Vec<String>,
    /// What the module calls the `env` of `node:process`.
    env: Option<String>,
    /// What it calls `node:process` itself.
    process: Option<String>,
}

impl Named {
    fn is_env(&self, expression: &Expression<'_>) -> bool {
        is_path(expression, &["process", "env"])
            || self
                .env
                .as_deref()
                .is_some_and(|name| is_path(expression, &[name]))
            || self
                .process
                .as_deref()
                .is_some_and(|name| is_path(expression, &[name, "env"]))
            || matches!(expression, Expression::CallExpression(call) if is_path(&call.callee, &["Deno", "env", "toObject"]))
    }

    fn pattern(&mut self, pattern: &ObjectPattern<'_>) {
        for property in &pattern.properties {
            self.names
                .extend(property.key.static_name().map(|name| name.to_string()));
        }
    }
}

impl<'a> Visit<'a> for Named {
    fn visit_import_declaration(&mut self, import: &oxc::ast::ast::ImportDeclaration<'a>) {
        if ![NODE_PROCESS, "process", PROCESS_MODULE].contains(&import.source.value.as_str()) {
            return;
        }
        for specifier in import.specifiers.iter().flatten() {
            let local = Some(specifier.local().name.to_string());
            match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(named)
                    if named.imported.name() == "env" =>
                {
                    self.env = local;
                }
                ImportDeclarationSpecifier::ImportSpecifier(named)
                    if named.imported.name() != "default" => {}
                _ => self.process = local,
            }
        }
    }

    fn visit_member_expression(&mut self, expression: &MemberExpression<'a>) {
        if self.is_env(expression.object())
            && let Some(name) = expression.static_property_name()
        {
            self.names.push(name.to_string());
        }
        walk::walk_member_expression(self, expression);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let asks = ["get", "has"]
            .iter()
            .any(|method| is_path(&call.callee, &["Deno", "env", method]));
        if asks
            && let Some(first) = call
                .arguments
                .first()
                .and_then(|first| first.as_expression())
        {
            self.names.extend(literal(first));
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_binary_expression(&mut self, expression: &BinaryExpression<'a>) {
        if expression.operator == BinaryOperator::In && self.is_env(&expression.right) {
            self.names.extend(literal(&expression.left));
        }
        walk::walk_binary_expression(self, expression);
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        if let (BindingPattern::ObjectPattern(pattern), Some(init)) =
            (&declarator.id, &declarator.init)
            && self.is_env(init)
        {
            self.pattern(pattern);
        }
        walk::walk_variable_declarator(self, declarator);
    }
}

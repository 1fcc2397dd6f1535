//! Which value a val gives: its exports, and the exports it is given when it has none.

use oxc::allocator::{Allocator, ArenaVec, TakeIn};
use oxc::ast::ast::{
    ArrowFunctionBody, BindingPattern, Class, Declaration, Directive, ExportDefaultDeclaration,
    ExportDefaultDeclarationKind, ExportSpecifier, Expression, FormalParameterKind,
    FormalParameters, Function, FunctionBody, ImportOrExportKind, ModuleExportName, Program,
    ReturnStatement, Statement, StringLiteral, VariableDeclaration,
};
use oxc::ast::builder::AstBuilder;
use oxc::ast_visit::Visit;
use oxc::span::{GetSpan, SPAN};
use oxc::syntax::scope::ScopeFlags;

use crate::compiled::ValueOf;
use crate::place::is_import;

/// What the entry exports, and which of it is the value.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Value {
    pub(crate) exports: Vec<String>,
    pub(crate) value: ValueOf,
    pub(crate) declared_name: Option<String>,
}

impl Value {
    /// The value is the default export, and there is no other.
    pub(crate) fn default_only() -> Self {
        Self {
            exports: vec!["default".to_owned()],
            value: ValueOf::Default,
            declared_name: None,
        }
    }
}

/// Finds the value of an entry whose types are gone already; adds an export where the rules
/// say that one declaration or one expression is the value.
pub(crate) fn settle<'a>(allocator: &'a Allocator, program: &mut Program<'a>) -> Value {
    let mut found = Value::default();
    let mut exporting = false;
    for statement in &program.body {
        exporting |= is_export(statement);
        collect_exports(statement, &mut found);
    }
    if !exporting {
        return without_exports(allocator, program);
    }
    found.value = match found.exports.as_slice() {
        names if names.iter().any(|name| name == "default") => ValueOf::Default,
        [only] => ValueOf::Named(only.clone()),
        _ => ValueOf::Missing,
    };
    found.declared_name = match &found.value {
        ValueOf::Default => found.declared_name,
        ValueOf::Named(name) => Some(name.clone()),
        ValueOf::Missing => None,
    };
    found
}

/// An export that says something; `export {}`, which the transform leaves behind when all
/// imports were types, does not.
fn is_export(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::ExportNamedDeclaration(export) => !export.specifiers.is_empty(),
        Statement::ExportAllDeclaration(_)
        | Statement::ExportDeclaration(_)
        | Statement::ExportDefaultDeclaration(_)
        | Statement::ExportFromDeclaration(_) => true,
        _ => false,
    }
}

fn collect_exports(statement: &Statement<'_>, found: &mut Value) {
    match statement {
        Statement::ExportDefaultDeclaration(export) => {
            found.exports.push("default".to_owned());
            found.declared_name = default_name(export);
        }
        Statement::ExportDeclaration(export) => {
            declared_names(&export.declaration, &mut found.exports);
        }
        Statement::ExportNamedDeclaration(export) => collect_specifiers(&export.specifiers, found),
        Statement::ExportFromDeclaration(export) => collect_specifiers(&export.specifiers, found),
        Statement::ExportAllDeclaration(export) => {
            let name = export.exported.as_ref().map(|name| name.name().to_string());
            found.exports.extend(name);
        }
        _ => {}
    }
}

fn collect_specifiers(specifiers: &[ExportSpecifier<'_>], found: &mut Value) {
    for specifier in specifiers {
        let exported = specifier.exported.name().to_string();
        let local = specifier.local.name();
        if exported == "default" && local != "default" {
            found.declared_name = Some(local.to_string());
        }
        found.exports.push(exported);
    }
}

fn default_name(export: &ExportDefaultDeclaration<'_>) -> Option<String> {
    let id = match &export.declaration {
        ExportDefaultDeclarationKind::FunctionDeclaration(function) => function.id.as_ref(),
        ExportDefaultDeclarationKind::ClassDeclaration(class) => class.id.as_ref(),
        other => {
            return match other.as_expression()?.get_inner_expression() {
                Expression::Identifier(identifier) => Some(identifier.name.to_string()),
                _ => None,
            };
        }
    };
    id.map(|id| id.name.to_string())
}

fn declared_names(declaration: &Declaration<'_>, names: &mut Vec<String>) {
    match declaration {
        Declaration::VariableDeclaration(variables) => variable_names(variables, names),
        Declaration::FunctionDeclaration(function) => {
            names.extend(function.id.as_ref().map(|id| id.name.to_string()));
        }
        Declaration::ClassDeclaration(class) => {
            names.extend(class.id.as_ref().map(|id| id.name.to_string()));
        }
        _ => {}
    }
}

fn variable_names(variables: &VariableDeclaration<'_>, names: &mut Vec<String>) {
    for declarator in &variables.declarations {
        binding_names(&declarator.id, names);
    }
}

fn binding_names(pattern: &BindingPattern<'_>, names: &mut Vec<String>) {
    let bound = pattern.get_binding_identifiers();
    names.extend(bound.iter().map(|binding| binding.name.to_string()));
}

fn without_exports<'a>(allocator: &'a Allocator, program: &mut Program<'a>) -> Value {
    if export_expression(allocator, program) {
        return Value::default_only();
    }
    let mut names = Vec::new();
    for statement in &program.body {
        if let Some(declaration) = statement.as_declaration() {
            declared_names(declaration, &mut names);
        }
    }
    match names.as_slice() {
        [name] => {
            export_name(allocator, program, name);
            Value {
                exports: names.clone(),
                value: ValueOf::Named(name.clone()),
                declared_name: Some(name.clone()),
            }
        }
        _ => Value::default(),
    }
}

/// `export { name };` at the end.
fn export_name<'a>(allocator: &'a Allocator, program: &mut Program<'a>, name: &str) {
    let builder = AstBuilder::new(allocator);
    let name: &'a str = allocator.alloc_str(name);
    let local = ModuleExportName::new_identifier_reference(SPAN, name, &builder);
    let exported = ModuleExportName::new_identifier_name(SPAN, name, &builder);
    let kind = ImportOrExportKind::Value;
    let specifier = ExportSpecifier::new(SPAN, local, exported, kind, &builder);
    let specifiers = ArenaVec::from_array_in([specifier], &allocator);
    let export = Statement::new_export_named_declaration(SPAN, specifiers, kind, &builder);
    program.body.push(export);
}

/// Makes a program of several statements the body of a function that is called, and its
/// result the value, as old programs were. `false` when it is something else: then its one
/// declaration, or what it exports, is the value.
pub(crate) fn call_as_body<'a>(allocator: &'a Allocator, program: &mut Program<'a>) -> bool {
    let statements = program
        .body
        .iter()
        .filter(|s| !is_import(s) && !is_left_over(s));
    let returns = program.body.iter().any(|s| returns(s));
    if program.body.iter().any(is_export) || (statements.count() < 2 && !returns) {
        return false;
    }
    let mut names = Vec::new();
    for declaration in program.body.iter().filter_map(Statement::as_declaration) {
        declared_names(declaration, &mut names);
    }
    if names.len() == 1 && !returns {
        return false;
    }
    let statements = program.body.take_in(&allocator);
    let (imports, body): (Vec<_>, Vec<_>) = statements.into_iter().partition(is_import);
    program.body.extend(imports);
    let directives = program.directives.take_in(&allocator);
    program.body.push(export_call(allocator, directives, body));
    true
}

/// `export default await (async () => { … })();`
fn export_call<'a>(
    allocator: &'a Allocator,
    directives: ArenaVec<'a, Directive<'a>>,
    body: Vec<Statement<'a>>,
) -> Statement<'a> {
    let builder = AstBuilder::new(allocator);
    let body = body
        .into_iter()
        .filter(|statement| !is_left_over(statement));
    let body = ArenaVec::from_iter_in(body, &allocator);
    let body = FunctionBody::boxed(SPAN, directives, body, &builder);
    let kind = FormalParameterKind::ArrowFormalParameters;
    let none = ArenaVec::new_in(&allocator);
    let parameters = FormalParameters::boxed(SPAN, kind, none, None, &builder);
    let body = ArrowFunctionBody::FunctionBody(body);
    let function = Expression::new_arrow_function_expression(
        SPAN, true, None, parameters, None, body, &builder,
    );
    let none = ArenaVec::new_in(&allocator);
    let call = Expression::new_call_expression(SPAN, function, None, none, false, &builder);
    let value = Expression::new_await_expression(SPAN, call, &builder);
    let declaration = ExportDefaultDeclarationKind::from(value);
    Statement::new_export_default_declaration(SPAN, declaration, &builder)
}

/// `export {}` and `;`, which say nothing.
fn is_left_over(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::ExportNamedDeclaration(export) => export.specifiers.is_empty(),
        Statement::EmptyStatement(_) => true,
        _ => false,
    }
}

/// Whether a statement returns from the program.
pub(crate) fn returns(statement: &Statement<'_>) -> bool {
    let mut returns = Returns(false);
    returns.visit_statement(statement);
    returns.0
}

struct Returns(bool);

impl<'a> Visit<'a> for Returns {
    fn visit_return_statement(&mut self, _: &ReturnStatement<'a>) {
        self.0 = true;
    }

    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}

    fn visit_class(&mut self, _: &Class<'a>) {}

    fn visit_expression(&mut self, _: &Expression<'a>) {}
}

/// Turns a lone expression into `export default`. `false` when the program is more, or less.
pub(crate) fn export_expression<'a>(allocator: &'a Allocator, program: &mut Program<'a>) -> bool {
    let Some(expression) = take_expression(allocator, program) else {
        return false;
    };
    let builder = AstBuilder::new(allocator);
    let span = expression.span();
    let declaration = ExportDefaultDeclarationKind::from(expression);
    let export = Statement::new_export_default_declaration(span, declaration, &builder);
    program.body.push(export);
    true
}

/// Turns a lone expression into `return`, in strict mode as in a module.
pub(crate) fn return_expression<'a>(allocator: &'a Allocator, program: &mut Program<'a>) -> bool {
    let Some(expression) = take_expression(allocator, program) else {
        return false;
    };
    let builder = AstBuilder::new(allocator);
    let span = expression.span();
    program.body.clear();
    program.directives.push(use_strict(&builder));
    let statement = Statement::new_return_statement(span, Some(expression), &builder);
    program.body.push(statement);
    true
}

fn use_strict<'a>(builder: &AstBuilder<'a>) -> Directive<'a> {
    const STRICT: &str = "use strict";
    Directive::new(
        SPAN,
        StringLiteral::new(SPAN, STRICT, None, builder),
        STRICT,
        builder,
    )
}

/// Takes the one expression that is the whole program but for imports.
fn take_expression<'a>(
    allocator: &'a Allocator,
    program: &mut Program<'a>,
) -> Option<Expression<'a>> {
    let mut lone = None;
    for (index, statement) in program.body.iter().enumerate() {
        match statement {
            Statement::ImportDeclaration(_) | Statement::EmptyStatement(_) => {}
            Statement::ExportNamedDeclaration(export) if export.specifiers.is_empty() => {}
            Statement::ExpressionStatement(_) if lone.is_none() => lone = Some(index),
            _ => return None,
        }
    }
    match (lone, program.directives.len()) {
        (Some(index), 0) => match program.body.remove(index) {
            Statement::ExpressionStatement(statement) => Some(statement.unbox().expression),
            _ => None,
        },
        // A string alone is read as a directive.
        (None, 1) => {
            let directive = program.directives.pop()?;
            let literal = directive.expression;
            let builder = AstBuilder::new(allocator);
            Some(Expression::new_string_literal(
                literal.span,
                literal.value,
                literal.raw,
                &builder,
            ))
        }
        _ => None,
    }
}

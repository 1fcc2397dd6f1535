//! Whether a val may be data: whether its value, as it stands in the text, could be anything else than a program.

use oxc::ast::ast::{
    Declaration, ExportDefaultDeclarationKind, Expression, ObjectPropertyKind, Program, Statement,
};

use crate::compiled::ValueOf;

/// Whether evaluating this value may give data. A function, a class, an object with a function in it and what `new` makes are
/// programs, and so is what comes from another module.
pub(crate) fn may_be_data(program: &Program<'_>, value: &ValueOf) -> bool {
    match value {
        ValueOf::Missing => false,
        ValueOf::Default => default_value(program),
        ValueOf::Named(name) => exported(program, name),
    }
}

fn default_value(program: &Program<'_>) -> bool {
    let default = program.body.iter().find_map(|statement| match statement {
        Statement::ExportDefaultDeclaration(export) => Some(&export.declaration),
        _ => None,
    });
    match default {
        Some(ExportDefaultDeclarationKind::FunctionDeclaration(_))
        | Some(ExportDefaultDeclarationKind::ClassDeclaration(_)) => false,
        Some(other) => other
            .as_expression()
            .is_some_and(|expression| value(program, expression)),
        None => exported(program, "default"),
    }
}

/// The value that is exported by this name.
fn exported(program: &Program<'_>, name: &str) -> bool {
    let local = program.body.iter().find_map(|statement| match statement {
        Statement::ExportNamedDeclaration(export) => export
            .specifiers
            .iter()
            .find(|specifier| specifier.exported.name() == name)
            .map(|specifier| specifier.local.name().to_string()),
        _ => None,
    });
    declared(program, local.as_deref().unwrap_or(name))
}

/// The value of a name at top level.
fn declared(program: &Program<'_>, name: &str) -> bool {
    let declarations = program.body.iter().filter_map(|statement| match statement {
        Statement::ExportDeclaration(export) => Some(&export.declaration),
        other => other.as_declaration(),
    });
    for declaration in declarations {
        if let Declaration::VariableDeclaration(variables) = declaration {
            let mut all = variables.declarations.iter();
            let of_name = all.find(|one| {
                let bound = one.id.get_binding_identifiers();
                bound.iter().any(|binding| binding.name == name)
            });
            if let Some(declarator) = of_name {
                let init = declarator.init.as_ref();
                return init.is_some_and(|init| value(program, init));
            }
        }
    }
    false
}

fn value(program: &Program<'_>, expression: &Expression<'_>) -> bool {
    match expression.get_inner_expression() {
        Expression::ArrowFunctionExpression(_)
        | Expression::FunctionExpression(_)
        | Expression::ClassExpression(_)
        | Expression::NewExpression(_)
        | Expression::ImportExpression(_) => false,
        Expression::ObjectExpression(object) => {
            object.properties.iter().all(|property| match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    !property.method && value(program, &property.value)
                }
                ObjectPropertyKind::SpreadProperty(_) => true,
            })
        }
        Expression::Identifier(identifier) => declared(program, &identifier.name),
        _ => true,
    }
}

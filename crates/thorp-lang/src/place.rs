//! Expressions of compiled classic code: which val and which place in it a chain of members
//! names, and the calls of `vals` that stand for it.

use oxc::allocator::{Allocator, ArenaVec};
use oxc::ast::ast::{
    Argument, ArrayExpressionElement, ChainElement, Expression, IdentifierName, Statement,
    StaticMemberExpression,
};
use oxc::ast::builder::AstBuilder;
use oxc::span::{SPAN, Span};

use crate::mask::{Mark, Masked};

/// Name of a property that stands for the val itself where a member is needed; no program can
/// spell it.
pub(crate) const WHOLE: &str = "#whole";

/// The reference that a chain of members begins with: `@me.a` of `@me.a.b[c]`.
pub(crate) fn root<'m>(masked: &'m Masked, expression: &Expression<'_>) -> Option<&'m Mark> {
    match expression.get_inner_expression() {
        Expression::Identifier(it) => masked.mark(&it.name, it.span.start),
        Expression::StaticMemberExpression(it) => root(masked, &it.object),
        Expression::ComputedMemberExpression(it) => root(masked, &it.object),
        Expression::ChainExpression(it) => match &it.expression {
            ChainElement::StaticMemberExpression(it) => root(masked, &it.object),
            ChainElement::ComputedMemberExpression(it) => root(masked, &it.object),
            _ => None,
        },
        _ => None,
    }
}

/// The keys of a chain that has a [`root`], from the val outwards.
pub(crate) fn path<'a>(allocator: &'a Allocator, chain: Expression<'a>) -> Vec<Expression<'a>> {
    let builder = AstBuilder::new(allocator);
    let mut path = Vec::new();
    let mut left = chain;
    loop {
        left = match left.into_inner_expression() {
            Expression::StaticMemberExpression(it) => {
                let StaticMemberExpression {
                    object, property, ..
                } = it.unbox();
                if property.name != WHOLE {
                    let name = property.name.as_str();
                    path.push(Expression::new_string_literal(
                        property.span,
                        name,
                        None,
                        &builder,
                    ));
                }
                object
            }
            Expression::ComputedMemberExpression(it) => {
                let it = it.unbox();
                path.push(it.expression);
                it.object
            }
            Expression::ChainExpression(it) => match it.unbox().expression {
                ChainElement::StaticMemberExpression(it) => Expression::StaticMemberExpression(it),
                ChainElement::ComputedMemberExpression(it) => {
                    Expression::ComputedMemberExpression(it)
                }
                _ => break,
            },
            _ => break,
        };
    }
    path.reverse();
    path
}

/// Builds calls of `vals`, whatever it is called in the module.
pub(crate) struct Calls<'a> {
    pub(crate) allocator: &'a Allocator,
    /// The local name of `vals`.
    pub(crate) vals: &'a str,
}

impl<'a> Calls<'a> {
    fn builder(&self) -> AstBuilder<'a> {
        AstBuilder::new(self.allocator)
    }

    /// `vals.method(first, …rest)`
    pub(crate) fn call(
        &self,
        span: Span,
        method: &'static str,
        first: &str,
        rest: impl IntoIterator<Item = Argument<'a>>,
    ) -> Expression<'a> {
        let first: &'a str = self.allocator.alloc_str(first);
        let first = Expression::new_string_literal(SPAN, first, None, &self.builder());
        self.call_with(
            span,
            method,
            std::iter::once(Argument::from(first)).chain(rest),
        )
    }

    /// `vals.method(…arguments)`
    pub(crate) fn call_with(
        &self,
        span: Span,
        method: &'static str,
        arguments: impl IntoIterator<Item = Argument<'a>>,
    ) -> Expression<'a> {
        let builder = self.builder();
        let vals = Expression::new_identifier(span, self.vals, &builder);
        let callee = Expression::StaticMemberExpression(self.member(vals, method));
        let arguments = ArenaVec::from_iter_in(arguments, &self.allocator);
        Expression::new_call_expression(span, callee, None, arguments, false, &builder)
    }

    pub(crate) fn member(
        &self,
        object: Expression<'a>,
        name: &'static str,
    ) -> oxc::allocator::ArenaBox<'a, StaticMemberExpression<'a>> {
        let builder = self.builder();
        let property = IdentifierName::new(SPAN, name, &builder);
        StaticMemberExpression::boxed(SPAN, object, property, false, &builder)
    }

    /// `vals.get("user/name", "@user.name", "call")`: the text's name for it, and what its value must allow.
    pub(crate) fn get_for(
        &self,
        span: Span,
        val: &str,
        spelled: &str,
        what: &str,
    ) -> Expression<'a> {
        let text = |text: &str| {
            let text: &'a str = self.allocator.alloc_str(text);
            Argument::from(Expression::new_string_literal(
                SPAN,
                text,
                None,
                &self.builder(),
            ))
        };
        self.call(span, "get", val, [text(spelled), text(what)])
    }

    /// `vals.at("user/name", …path)`
    pub(crate) fn at(&self, span: Span, val: &str, path: Vec<Expression<'a>>) -> Expression<'a> {
        self.call(span, "at", val, path.into_iter().map(Argument::from))
    }

    /// `place.delete()`
    pub(crate) fn delete(&self, span: Span, place: Expression<'a>) -> Expression<'a> {
        let callee = Expression::StaticMemberExpression(self.member(place, "delete"));
        let none = ArenaVec::new_in(&self.allocator);
        Expression::new_call_expression(span, callee, None, none, false, &self.builder())
    }

    /// `vals.mutate("user/name", path, method, arguments)`
    pub(crate) fn mutate(
        &self,
        span: Span,
        val: &str,
        path: Vec<Expression<'a>>,
        method: &'a str,
        arguments: ArenaVec<'a, Argument<'a>>,
    ) -> Expression<'a> {
        let path = self.array(path.into_iter().map(ArrayExpressionElement::from));
        let method = Expression::new_string_literal(SPAN, method, None, &self.builder());
        let arguments = self.array(arguments.into_iter().map(element));
        let rest = [path, method, arguments].map(Argument::from);
        self.call(span, "mutate", val, rest)
    }

    fn array(
        &self,
        elements: impl IntoIterator<Item = ArrayExpressionElement<'a>>,
    ) -> Expression<'a> {
        let elements = ArenaVec::from_iter_in(elements, &self.allocator);
        Expression::new_array_expression(SPAN, elements, &self.builder())
    }

    /// `undefined`, whatever that word means in the program.
    pub(crate) fn undefined(&self, span: Span) -> Expression<'a> {
        Expression::new_void_0(span, &self.builder())
    }
}

fn element<'a>(argument: Argument<'a>) -> ArrayExpressionElement<'a> {
    match argument {
        Argument::SpreadElement(spread) => ArrayExpressionElement::SpreadElement(spread),
        other => ArrayExpressionElement::from(other.into_expression()),
    }
}

/// The code of a module with `vals` imported behind all else, where no position moves.
pub(crate) fn import_in_module(code: &mut String, vals: &str) {
    if !code.ends_with('\n') {
        code.push('\n');
    }
    let specifier = match vals {
        "vals" => vals.to_owned(),
        other => format!("vals as {other}"),
    };
    *code += &format!("import {{ {specifier} }} from \"{VALS}\";\n");
}

/// The guest's module of values; only compiled code may name it.
pub(crate) const VALS: &str = "thorp:vals";

/// Whether a statement is there to import.
pub(crate) fn is_import(statement: &Statement<'_>) -> bool {
    matches!(statement, Statement::ImportDeclaration(_))
}

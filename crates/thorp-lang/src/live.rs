//! What references become: reads, writes and calls of `vals`, in a program whose types and JSX
//! are gone already.

use std::collections::{BTreeMap, BTreeSet};

use oxc::allocator::{Allocator, TakeIn};
use oxc::ast::ast::{
    Argument, AssignmentExpression, AssignmentTarget, AssignmentTargetMaybeDefault,
    AssignmentTargetProperty, CallExpression, ChainElement, Expression, Program, PropertyKey,
    SimpleAssignmentTarget, UpdateExpression,
};
use oxc::ast::builder::AstBuilder;
use oxc::ast_visit::{VisitMut, walk_mut};
use oxc::span::{GetSpan, SPAN, Span};
use oxc::syntax::operator::UnaryOperator;
use oxc::syntax::reference::ReferenceId;

use crate::classic::span_of_mark;
use crate::compiled::{Position, Reference};
use crate::diagnostic::code;
use crate::mask::{Mark, Masked, offset};
use crate::place::{Calls, path, root};
use crate::report::Report;
use crate::scan::literal;

/// What lowering found.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) references: Vec<Reference>,
    pub(crate) computed_reference: bool,
    pub(crate) secrets: Vec<String>,
    pub(crate) computed_secret: bool,
}

/// Array methods that change the array that they are called on.
const MUTATING: &[&str] = &[
    "push",
    "pop",
    "shift",
    "unshift",
    "splice",
    "sort",
    "reverse",
    "fill",
    "copyWithin",
];

const SECRETS: &str = "secrets";

/// Lowers the masked identifiers of a program.
pub(crate) struct Lowering<'a, 'm, 'r, 's> {
    pub(crate) calls: Calls<'a>,
    pub(crate) masked: &'m Masked,
    pub(crate) report: &'r mut Report<'s>,
    /// Whom `@me` means.
    pub(crate) author: Option<&'m str>,
    /// References by the name `api` that no binding of the program answers.
    pub(crate) api: BTreeSet<ReferenceId>,
    pub(crate) found: Live,
    /// What values must allow, by where their references begin.
    pub(crate) wanted: BTreeMap<u32, String>,
    /// What happens to the next target.
    pub(crate) writing: Position,
}

impl<'a> Lowering<'a, '_, '_, '_> {
    pub(crate) fn lower(mut self, program: &mut Program<'a>) -> Live {
        self.visit_program(program);
        self.found
    }

    fn allocator(&self) -> &'a Allocator {
        self.calls.allocator
    }

    /// Name of the owner; `None` for `@me` in nobody's text.
    fn owner<'x>(&'x self, mark: &'x Mark) -> Option<&'x str> {
        match mark.user.eq_ignore_ascii_case("me") {
            true => self.author,
            false => Some(&mark.user),
        }
    }

    /// What compiled code calls the val.
    fn val(&self, mark: &Mark) -> Option<String> {
        let owner = self.owner(mark)?;
        Some(format!("{owner}/{}", mark.val).to_ascii_lowercase())
    }

    fn record(&mut self, mark: &Mark, position: Position) {
        let (line, column) = self.report.lines.position(offset(mark.start));
        let user = self.owner(mark).unwrap_or(&mark.user).to_owned();
        self.found.references.push(Reference {
            user,
            name: mark.val.clone(),
            position,
            version: None,
            file: self.report.path.to_owned(),
            line,
            column,
        });
    }

    fn refuse(&mut self, mark: &Mark, what: &str, hint: &str) {
        let message = format!("`@{}.{}` {what}", mark.user, mark.val);
        let hint = Some(hint.to_owned());
        self.report
            .error(span_of_mark(mark), code::BAD_REFERENCE, message, hint);
    }

    fn value(&mut self, mark: &Mark, position: Position) -> Expression<'a> {
        let span = span_of_mark(mark);
        if is_secrets(mark) {
            self.refuse(
                mark,
                "holds no value; a secret is read by its name",
                "write `@me.secrets.NAME`",
            );
            return self.calls.undefined(span);
        }
        self.record(mark, position);
        let wanted = self.wanted.remove(&offset(mark.start));
        match (self.val(mark), wanted) {
            (Some(val), None) => self.calls.call(span, "get", &val, []),
            (Some(val), Some(what)) => {
                let spelled = format!("@{}.{}", mark.user, mark.val);
                self.calls.get_for(span, &val, &spelled, &what)
            }
            (None, _) => self.calls.undefined(span),
        }
    }

    /// The val that may be written, or a diagnostic.
    fn writable(&mut self, mark: &Mark, position: Position) -> Option<String> {
        if is_secrets(mark) {
            let hint = "set a secret in the town's settings";
            self.refuse(mark, "cannot be written by code", hint);
            return None;
        }
        self.record(mark, position);
        let val = self.val(mark);
        if val.is_none() {
            let hint = "sign in, or save this as a val; `@me` is the user who runs or saves it";
            self.refuse(mark, "is nobody's, and cannot be written", hint);
        }
        val
    }

    /// Keys of a chain, with references in them lowered.
    fn path(&mut self, chain: Expression<'a>) -> Vec<Expression<'a>> {
        let mut path = path(self.allocator(), chain);
        for key in &mut path {
            self.visit_expression(key);
        }
        path
    }

    fn place(&mut self, mark: &Mark, position: Position, chain: Expression<'a>) -> Expression<'a> {
        let span = chain.span();
        let path = self.path(chain);
        match self.writable(mark, position) {
            Some(val) => self.calls.at(span, &val, path),
            None => self.calls.undefined(span),
        }
    }

    fn secret(&mut self, mark: &Mark, member: &mut Expression<'a>) -> Expression<'a> {
        let span = member.span();
        let key = path(self.allocator(), member.take_in(&self.allocator())).pop();
        let owner = self.owner(mark).map(str::to_ascii_lowercase);
        let (Some(mut key), Some(owner)) = (key, owner) else {
            return self.calls.undefined(span);
        };
        let own = self
            .author
            .is_some_and(|author| owner.eq_ignore_ascii_case(author));
        if !own {
            // Whoever runs it is told; nobody is given it.
            self.visit_expression(&mut key);
            return self
                .calls
                .call(span, "secretOf", &owner, [Argument::from(key)]);
        }
        match literal(&key) {
            Some(name) => {
                self.found.secrets.push(name.clone());
                self.calls.call(span, "secret", &name, [])
            }
            None => {
                self.found.computed_secret = true;
                self.visit_expression(&mut key);
                self.calls.call_with(span, "secret", [Argument::from(key)])
            }
        }
    }

    /// A call that becomes one of `vals`; `None` for every other.
    fn call(&mut self, call: &mut CallExpression<'a>) -> Option<Expression<'a>> {
        if call.optional {
            return None;
        }
        self.api_call(call).or_else(|| self.mutating_call(call))
    }

    fn api_call(&mut self, call: &mut CallExpression<'a>) -> Option<Expression<'a>> {
        let Expression::Identifier(callee) = call.callee.get_inner_expression() else {
            return None;
        };
        if !self.api.contains(&callee.reference_id.get()?) {
            return None;
        }
        let first = call.arguments.first()?.as_expression()?;
        let Expression::Identifier(first) = first.get_inner_expression() else {
            return None;
        };
        let mark = self.masked.mark(&first.name, first.span.start)?;
        let val = self.val(mark)?;
        self.record(mark, Position::Api);
        let mut arguments = call.arguments.take_in(&self.allocator());
        arguments.remove(0);
        self.visit_arguments(&mut arguments);
        Some(self.calls.call(call.span, "api", &val, arguments))
    }

    fn mutating_call(&mut self, call: &mut CallExpression<'a>) -> Option<Expression<'a>> {
        let Expression::StaticMemberExpression(callee) = call.callee.get_inner_expression() else {
            return None;
        };
        let method = callee.property.name;
        if callee.optional || !MUTATING.contains(&method.as_str()) {
            return None;
        }
        let mark = root(self.masked, &callee.object).filter(|mark| !is_secrets(mark))?;
        let callee = call.callee.take_in(&self.allocator());
        let Expression::StaticMemberExpression(callee) = callee.into_inner_expression() else {
            return None;
        };
        let path = self.path(callee.unbox().object);
        let mut arguments = call.arguments.take_in(&self.allocator());
        self.visit_arguments(&mut arguments);
        let method: &'a str = self.allocator().alloc_str(&method);
        Some(match self.writable(mark, Position::Mutate) {
            Some(val) => self.calls.mutate(call.span, &val, path, method, arguments),
            None => self.calls.undefined(call.span),
        })
    }

    /// What stands for an expression, when it is one that is not kept.
    fn replacement(&mut self, it: &mut Expression<'a>) -> Option<Expression<'a>> {
        match it {
            Expression::Identifier(identifier) => {
                let mark = self.masked.mark(&identifier.name, identifier.span.start)?;
                Some(self.value(mark, Position::Read))
            }
            Expression::StaticMemberExpression(_)
            | Expression::ComputedMemberExpression(_)
            | Expression::ChainExpression(_) => {
                let mark = self.secrets(it)?;
                Some(self.secret(mark, it))
            }
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => {
                let mark = root(self.masked, &unary.argument)?;
                let argument = unary.argument.take_in(&self.allocator());
                let place = self.place(mark, Position::Delete, argument);
                Some(self.calls.delete(unary.span, place))
            }
            Expression::CallExpression(call) => self.call(call),
            _ => None,
        }
    }

    fn is_call_of_reference(&self, callee: &Expression<'a>) -> Option<Span> {
        let Expression::Identifier(callee) = callee.get_inner_expression() else {
            return None;
        };
        let mark = self.masked.mark(&callee.name, callee.span.start)?;
        Some(span_of_mark(mark))
    }
}

impl<'a, 'm> Lowering<'a, 'm, '_, '_> {
    /// The mark of `@me.secrets` when an expression is a member of it.
    fn secrets(&self, it: &Expression<'a>) -> Option<&'m Mark> {
        let object = match it {
            Expression::StaticMemberExpression(it) => &it.object,
            Expression::ComputedMemberExpression(it) => &it.object,
            Expression::ChainExpression(it) => match &it.expression {
                ChainElement::StaticMemberExpression(it) => &it.object,
                ChainElement::ComputedMemberExpression(it) => &it.object,
                _ => return None,
            },
            _ => return None,
        };
        let Expression::Identifier(object) = object.get_inner_expression() else {
            return None;
        };
        let mark = self.masked.mark(&object.name, object.span.start);
        mark.filter(|mark| is_secrets(mark))
    }

    /// The mark of a target that is a val, or a place in one.
    fn target(&self, target: &SimpleAssignmentTarget<'a>) -> Option<&'m Mark> {
        match target {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(it) => {
                self.masked.mark(&it.name, it.span.start)
            }
            SimpleAssignmentTarget::StaticMemberExpression(it) => root(self.masked, &it.object),
            SimpleAssignmentTarget::ComputedMemberExpression(it) => root(self.masked, &it.object),
            _ => None,
        }
    }
}

fn is_secrets(mark: &Mark) -> bool {
    mark.val.eq_ignore_ascii_case(SECRETS)
}

fn expression_of(target: SimpleAssignmentTarget<'_>) -> Option<Expression<'_>> {
    match target {
        SimpleAssignmentTarget::AssignmentTargetIdentifier(it) => Some(Expression::Identifier(it)),
        SimpleAssignmentTarget::StaticMemberExpression(it) => {
            Some(Expression::StaticMemberExpression(it))
        }
        SimpleAssignmentTarget::ComputedMemberExpression(it) => {
            Some(Expression::ComputedMemberExpression(it))
        }
        _ => None,
    }
}

impl<'a> VisitMut<'a> for Lowering<'a, '_, '_, '_> {
    fn visit_expression(&mut self, it: &mut Expression<'a>) {
        match self.replacement(it) {
            Some(replacement) => *it = replacement,
            None => walk_mut::walk_expression(self, it),
        }
    }

    fn visit_call_expression(&mut self, it: &mut CallExpression<'a>) {
        let called = self.is_call_of_reference(&it.callee);
        let before = self.found.references.len();
        walk_mut::walk_call_expression(self, it);
        // The callee is walked first.
        if called.is_some()
            && let Some(reference) = self.found.references.get_mut(before)
        {
            reference.position = Position::Call;
        }
    }

    fn visit_assignment_expression(&mut self, it: &mut AssignmentExpression<'a>) {
        self.writing = match it.operator.is_assign() {
            true => Position::Write,
            false => Position::Update,
        };
        self.visit_assignment_target(&mut it.left);
        self.writing = Position::Write;
        self.visit_expression(&mut it.right);
    }

    fn visit_update_expression(&mut self, it: &mut UpdateExpression<'a>) {
        self.writing = Position::Update;
        self.visit_simple_assignment_target(&mut it.argument);
        self.writing = Position::Write;
    }

    fn visit_simple_assignment_target(&mut self, it: &mut SimpleAssignmentTarget<'a>) {
        let position = std::mem::replace(&mut self.writing, Position::Write);
        let Some(mark) = self.target(it) else {
            walk_mut::walk_simple_assignment_target(self, it);
            return;
        };
        if let Some(chain) = expression_of(it.take_in(&self.allocator())) {
            let place = self.place(mark, position, chain);
            let value = self.calls.member(place, "value");
            *it = SimpleAssignmentTarget::StaticMemberExpression(value);
        }
    }

    fn visit_assignment_target_property(&mut self, it: &mut AssignmentTargetProperty<'a>) {
        if let AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(short) = it
            && let Some(mark) = self
                .masked
                .mark(&short.binding.name, short.binding.span.start)
        {
            let builder = AstBuilder::new(self.allocator());
            let name: &'a str = self.allocator().alloc_str(&mark.val);
            let key = PropertyKey::new_static_identifier(SPAN, name, &builder);
            let span = short.binding.span;
            let identifier = SimpleAssignmentTarget::new_assignment_target_identifier(
                span,
                short.binding.name,
                &builder,
            );
            let target = AssignmentTarget::from(identifier);
            let binding = match short.init.take() {
                Some(init) => AssignmentTargetMaybeDefault::new_assignment_target_with_default(
                    span, target, init, &builder,
                ),
                None => AssignmentTargetMaybeDefault::from(target),
            };
            *it = AssignmentTargetProperty::new_assignment_target_property_property(
                short.span, key, binding, false, &builder,
            );
        }
        walk_mut::walk_assignment_target_property(self, it);
    }
}

//! A text that is no standard program, read as the classic dialect: masked, parsed, and what
//! then stands where no reference can is refused.

use std::collections::BTreeSet;

use oxc::allocator::{Allocator, ArenaBox, TakeIn};
use oxc::ast::ast::{
    BindingIdentifier, Declaration, Expression, IdentifierName, IdentifierReference, JSXIdentifier,
    LabelIdentifier, ObjectProperty, Program, PropertyKey, Statement, UnaryExpression,
};
use oxc::ast::builder::AstBuilder;
use oxc::ast_visit::{Visit, VisitMut, walk_mut};
use oxc::diagnostics::Severity as OxcSeverity;
use oxc::span::{GetSpan, SPAN, SourceType, Span};
use oxc::syntax::operator::UnaryOperator;

use crate::diagnostic::code;
use crate::front::{self, Findings, Language, Whole};
use crate::mask::{Mark, Masked, Reading, mask, offset};
use crate::place::WHOLE;
use crate::report::{Report, span_of};

/// A program of the classic dialect, or why it is none.
pub(crate) struct Recognised<'a> {
    pub(crate) masked: Masked,
    pub(crate) program: Result<Program<'a>, Findings>,
}

impl Recognised<'_> {
    /// How far into the text reading it got.
    fn reach(&self) -> u32 {
        match &self.program {
            Ok(_) => u32::MAX,
            Err(findings) => first_error(findings),
        }
    }
}

/// Reads a text that does not parse as it is. `None` when the classic dialect has nothing that
/// would make it parse further.
pub(crate) fn recognise<'a>(
    allocator: &'a Allocator,
    text: &'a str,
    language: Language,
    whole: Whole,
) -> Option<Recognised<'a>> {
    let mut best: Option<Recognised<'a>> = None;
    for reading in language.readings() {
        let found = in_reading(allocator, text, *reading, whole);
        if found.program.is_ok() {
            return Some(found);
        }
        if best
            .as_ref()
            .is_none_or(|best| best.reach() < found.reach())
        {
            best = Some(found);
        }
    }
    best.filter(|best| !best.masked.marks.is_empty() || !best.masked.exports.is_empty())
}

/// Of two ways to read a text, the one that gets further.
pub(crate) fn further<'a>(
    first: Option<Recognised<'a>>,
    second: impl FnOnce() -> Option<Recognised<'a>>,
) -> Option<Recognised<'a>> {
    if first.as_ref().is_some_and(|first| first.program.is_ok()) {
        return first;
    }
    let second = second();
    let reach = |way: &Option<Recognised<'_>>| way.as_ref().map_or(0, Recognised::reach);
    match reach(&second) > reach(&first) {
        true => second,
        false => first,
    }
}

fn in_reading<'a>(
    allocator: &'a Allocator,
    text: &'a str,
    reading: SourceType,
    whole: Whole,
) -> Recognised<'a> {
    let mut attempts = Allocator::default();
    let masked = mask(text, |text| {
        attempts.reset();
        attempt(&attempts, text, reading, whole)
    });
    let masked_text: &'a str = allocator.alloc_str(&masked.text);
    let program = front::read(allocator, masked_text, reading, whole).map(|mut program| {
        restore_exports(allocator, &mut program, &masked.exports);
        // All lengths are the same: from here on, positions are looked up in the user's text.
        program.source_text = text;
        program
    });
    Recognised { masked, program }
}

fn attempt(allocator: &Allocator, text: &str, reading: SourceType, whole: Whole) -> Reading {
    match front::read(allocator, text, reading, whole) {
        Ok(program) => {
            let mut identifiers = Identifiers(BTreeSet::new());
            identifiers.visit_program(&program);
            Reading {
                error: None,
                identifiers: identifiers.0,
            }
        }
        Err(findings) => Reading {
            error: Some(first_error(&findings)),
            identifiers: BTreeSet::new(),
        },
    }
}

fn first_error(findings: &Findings) -> u32 {
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == OxcSeverity::Error);
    errors.map(|error| span_of(error).start).min().unwrap_or(0)
}

/// Where identifiers begin that look like those of [`mask`].
struct Identifiers(BTreeSet<u32>);

impl Identifiers {
    fn add(&mut self, name: &str, span: Span) {
        if name.starts_with(|c: char| c.is_ascii_uppercase()) {
            self.0.insert(span.start);
        }
    }
}

impl<'a> Visit<'a> for Identifiers {
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.add(&it.name, it.span);
    }

    fn visit_identifier_name(&mut self, it: &IdentifierName<'a>) {
        self.add(&it.name, it.span);
    }

    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.add(&it.name, it.span);
    }

    fn visit_label_identifier(&mut self, it: &LabelIdentifier<'a>) {
        self.add(&it.name, it.span);
    }

    fn visit_jsx_identifier(&mut self, it: &JSXIdentifier<'a>) {
        self.add(&it.name, it.span);
    }
}

/// `export name = …` was read as `let name = …`.
fn restore_exports<'a>(allocator: &'a Allocator, program: &mut Program<'a>, exports: &[usize]) {
    let builder = AstBuilder::new(allocator);
    for statement in &mut program.body {
        let span = statement.span();
        if !exports.iter().any(|start| offset(*start) == span.start) {
            continue;
        }
        if let Statement::VariableDeclaration(variables) = statement {
            let variables: ArenaBox<'a, _> = variables.take_in_box(&allocator);
            let declaration = Declaration::VariableDeclaration(variables);
            *statement = Statement::new_export_declaration(span, declaration, &builder);
        }
    }
}

/// Reports references that stand where a name is declared or spelled, and writes shorthand
/// properties out. `false` when there are any.
pub(crate) fn refuse_misplaced<'a>(
    allocator: &'a Allocator,
    program: &mut Program<'a>,
    masked: &Masked,
    report: &mut Report<'_>,
) -> bool {
    let mut misplaced = Misplaced {
        allocator,
        masked,
        report,
        last: None,
    };
    misplaced.visit_program(program);
    misplaced.last.is_none()
}

struct Misplaced<'a, 'm, 'r, 's> {
    allocator: &'a Allocator,
    masked: &'m Masked,
    report: &'r mut Report<'s>,
    /// Where the last one stands: shorthand is a key and a value at one place.
    last: Option<usize>,
}

impl Misplaced<'_, '_, '_, '_> {
    fn refuse(&mut self, name: &str, span: Span, hint: &str) {
        let Some(mark) = self.masked.mark(name, span.start) else {
            return;
        };
        if self.last.replace(mark.start) == Some(mark.start) {
            return;
        }
        let message = format!("`@{}.{}` cannot stand here", mark.user, mark.val);
        let hint = hint.replace("{}", &format!("@{}.{}", mark.user, mark.val));
        self.report
            .error(span_of_mark(mark), code::BAD_REFERENCE, message, Some(hint));
    }
}

pub(crate) fn span_of_mark(mark: &Mark) -> Span {
    Span::new(offset(mark.start), offset(mark.end))
}

impl<'a> VisitMut<'a> for Misplaced<'a, '_, '_, '_> {
    fn visit_object_property(&mut self, it: &mut ObjectProperty<'a>) {
        if it.shorthand
            && let PropertyKey::StaticIdentifier(key) = &mut it.key
            && let Some(mark) = self.masked.mark(&key.name, key.span.start)
        {
            let name: &'a str = self.allocator.alloc_str(&mark.val);
            **key = IdentifierName::new(SPAN, name, &AstBuilder::new(self.allocator));
            it.shorthand = false;
        }
        walk_mut::walk_object_property(self, it);
    }

    /// `delete` of a plain name is forbidden in modules.
    fn visit_unary_expression(&mut self, it: &mut UnaryExpression<'a>) {
        if it.operator == UnaryOperator::Delete
            && let Expression::Identifier(whole) = it.argument.get_inner_expression()
            && self.masked.mark(&whole.name, whole.span.start).is_some()
        {
            let span = it.argument.span();
            let object = it.argument.take_in(&self.allocator);
            let builder = AstBuilder::new(self.allocator);
            let property = IdentifierName::new(SPAN, WHOLE, &builder);
            it.argument =
                Expression::new_static_member_expression(span, object, property, false, &builder);
        }
        walk_mut::walk_unary_expression(self, it);
    }

    fn visit_identifier_name(&mut self, it: &mut IdentifierName<'a>) {
        self.refuse(
            &it.name,
            it.span,
            "a name of a property is a plain word; write `[{}]` for the value as a key",
        );
    }

    fn visit_binding_identifier(&mut self, it: &mut BindingIdentifier<'a>) {
        self.refuse(
            &it.name,
            it.span,
            "a val is not declared; write `{} = …` to set it",
        );
    }

    fn visit_label_identifier(&mut self, it: &mut LabelIdentifier<'a>) {
        self.refuse(&it.name, it.span, "a label is a plain word");
    }

    fn visit_jsx_identifier(&mut self, it: &mut JSXIdentifier<'a>) {
        self.refuse(
            &it.name,
            it.span,
            "the name of an attribute is a plain word",
        );
    }
}

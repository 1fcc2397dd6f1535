//! What a text does with a val that not every value allows. The guest is told, so that a val which is missing fails under the name
//! that the text has for it.

use std::collections::BTreeMap;

use oxc::allocator::ArenaVec;
use oxc::ast::ast::{
    Argument, ArrayExpressionElement, BindingPattern, CallExpression, ComputedMemberExpression,
    Expression, ForOfStatement, NewExpression, Program, SpreadElement, StaticMemberExpression,
    TaggedTemplateExpression, VariableDeclarator,
};
use oxc::ast_visit::{Visit, walk};

use crate::mask::Masked;

/// It must be a function.
const CALL: &str = "call";
/// It must be a class.
const NEW: &str = "new";
/// It must be an array, or something like it.
const ITERATE: &str = "iterate";
/// It must have properties; the name of one follows, if the text says it.
const READ: &str = ".";

/// The uses of references, by where these begin, in the words of the guest's `vals.get`.
pub(crate) fn wanted(program: &Program<'_>, masked: &Masked) -> BTreeMap<u32, String> {
    let mut wanted = Wanted {
        masked,
        found: BTreeMap::new(),
    };
    wanted.visit_program(program);
    wanted.found
}

struct Wanted<'m> {
    masked: &'m Masked,
    found: BTreeMap<u32, String>,
}

impl Wanted<'_> {
    fn add(&mut self, value: &Expression<'_>, what: &str) {
        if let Expression::Identifier(it) = value.get_inner_expression()
            && self.masked.mark(&it.name, it.span.start).is_some()
        {
            self.found.insert(it.span.start, what.to_owned());
        }
    }

    fn spread(&mut self, it: &SpreadElement<'_>) {
        self.add(&it.argument, ITERATE);
    }
}

impl<'a> Visit<'a> for Wanted<'_> {
    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        if !it.optional {
            self.add(&it.callee, CALL);
        }
        walk::walk_call_expression(self, it);
    }

    fn visit_tagged_template_expression(&mut self, it: &TaggedTemplateExpression<'a>) {
        self.add(&it.tag, CALL);
        walk::walk_tagged_template_expression(self, it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        self.add(&it.callee, NEW);
        walk::walk_new_expression(self, it);
    }

    fn visit_static_member_expression(&mut self, it: &StaticMemberExpression<'a>) {
        if !it.optional {
            self.add(&it.object, &format!("{READ}{}", it.property.name));
        }
        walk::walk_static_member_expression(self, it);
    }

    fn visit_computed_member_expression(&mut self, it: &ComputedMemberExpression<'a>) {
        if !it.optional {
            self.add(&it.object, READ);
        }
        walk::walk_computed_member_expression(self, it);
    }

    fn visit_arguments(&mut self, it: &ArenaVec<'a, Argument<'a>>) {
        for argument in it {
            if let Argument::SpreadElement(spread) = argument {
                self.spread(spread);
            }
        }
        walk::walk_arguments(self, it);
    }

    fn visit_array_expression_element(&mut self, it: &ArrayExpressionElement<'a>) {
        if let ArrayExpressionElement::SpreadElement(spread) = it {
            self.spread(spread);
        }
        walk::walk_array_expression_element(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        self.add(&it.right, ITERATE);
        walk::walk_for_of_statement(self, it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let Some(init) = &it.init {
            match &it.id {
                BindingPattern::ArrayPattern(_) => self.add(init, ITERATE),
                BindingPattern::ObjectPattern(pattern) => {
                    let first = pattern.properties.first();
                    let name = first.and_then(|property| property.key.static_name());
                    self.add(init, &format!("{READ}{}", name.unwrap_or_default()));
                }
                _ => {}
            }
        }
        walk::walk_variable_declarator(self, it);
    }
}

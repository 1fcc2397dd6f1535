//! How deeply a program is nested, whatever it is nested with: chains of operators, calls and `else if` as well as brackets.

use oxc::ast::AstKind;
use oxc::ast::ast::Program;
use oxc::ast_visit::Visit;

use crate::limits::TREE_DEPTH_MAX;

/// Whether the engine that runs the program would overflow its stack over it.
pub(crate) fn is_too_deep(program: &Program<'_>) -> bool {
    // A level needs a character at least.
    if program.source_text.len() <= TREE_DEPTH_MAX {
        return false;
    }
    let mut depth = Depth::default();
    depth.visit_program(program);
    depth.most > TREE_DEPTH_MAX
}

#[derive(Default)]
struct Depth {
    now: usize,
    most: usize,
}

impl<'a> Visit<'a> for Depth {
    fn enter_node(&mut self, _: AstKind<'a>) {
        self.now += 1;
        self.most = self.most.max(self.now);
    }

    fn leave_node(&mut self, _: AstKind<'a>) {
        self.now -= 1;
    }
}

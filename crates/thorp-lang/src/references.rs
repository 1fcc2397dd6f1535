//! The steps of one file that only the classic dialect has.

use std::collections::BTreeSet;

use oxc::ast::ast::Program;
use oxc::semantic::Scoping;
use oxc::syntax::reference::ReferenceId;

use crate::classic::{self, Recognised};
use crate::compiled::{Dialect, Position};
use crate::front::{self, Findings, Language, Whole};
use crate::live::{Live, Lowering};
use crate::module::{Role, Work, has_module_syntax, is_one_expression, trim};
use crate::place::Calls;
use crate::wanted::wanted;

impl<'a, 's: 'a> Work<'a, 's> {
    /// The text of a file again, in the classic dialect.
    pub(crate) fn classic(
        &mut self,
        text: &'a str,
        language: Language,
        role: Role,
        findings: Findings,
    ) -> Result<Program<'a>, Findings> {
        let whole = match role {
            Role::Entry => Whole::ModuleOrBody,
            Role::Part => Whole::Module,
        };
        let recognise = |text, whole| classic::recognise(self.allocator, text, language, whole);
        let module = recognise(text, whole);
        let found = match role {
            Role::Entry => classic::further(module, || recognise(trim(text), Whole::Expression)),
            Role::Part => module,
        };
        self.recognised(found, findings)
    }

    /// The text of an expression again, in the classic dialect.
    pub(crate) fn classic_expression(
        &mut self,
        text: &'a str,
        findings: Findings,
    ) -> Result<Program<'a>, Findings> {
        if front::parse(self.allocator, text, Language::Tsx).is_ok() {
            return Err(findings);
        }
        let recognise =
            |text, whole| classic::recognise(self.allocator, text, Language::Tsx, whole);
        let expression = recognise(trim(text), Whole::Expression);
        let found = classic::further(expression, || {
            let found = recognise(text, Whole::Module)?;
            let whole = found
                .program
                .as_ref()
                .map(|program| has_module_syntax(program) || is_one_expression(program));
            whole.unwrap_or(true).then_some(found)
        });
        self.recognised(found, findings)
    }

    fn recognised(
        &mut self,
        found: Option<Recognised<'a>>,
        findings: Findings,
    ) -> Result<Program<'a>, Findings> {
        let Some(Recognised { masked, program }) = found else {
            return Err(findings);
        };
        self.unit.dialect = Dialect::Classic;
        self.report.masked = masked;
        program
    }

    pub(crate) fn has_references(&self) -> bool {
        !self.report.masked.marks.is_empty()
    }

    pub(crate) fn lower_references(
        &mut self,
        program: &mut Program<'a>,
        api: BTreeSet<ReferenceId>,
    ) {
        let masked = std::mem::take(&mut self.report.masked);
        let vals = masked.free_name("vals");
        let calls = Calls {
            allocator: self.allocator,
            vals: self.allocator.alloc_str(&vals),
        };
        let lowering = Lowering {
            calls,
            masked: &masked,
            report: &mut self.report,
            author: self.author,
            api,
            found: Live::default(),
            wanted: wanted(program, &masked),
            writing: Position::Write,
        };
        self.unit.live = lowering.lower(program);
        self.report.masked = masked;
        self.unit.uses_vals = true;
        self.vals = Some(vals);
    }
}

/// The references to a name that no binding answers.
pub(crate) fn unresolved(scoping: &Scoping, name: &str) -> BTreeSet<ReferenceId> {
    let references = scoping.root_unresolved_references().get(name);
    references.into_iter().flatten().copied().collect()
}

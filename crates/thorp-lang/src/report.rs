//! Collects the diagnostics of one file and turns those of the parser into ours.

use oxc::diagnostics::{OxcDiagnostic, Severity as OxcSeverity};
use oxc::span::Span;

use crate::diagnostic::{Diagnostic, Severity, code};
use crate::front::Findings;
use crate::hints;
use crate::limits::DIAGNOSTICS_MAX;
use crate::mask::Masked;
use crate::position::Lines;

/// Diagnostics of one file.
pub(crate) struct Report<'s> {
    pub(crate) path: &'s str,
    pub(crate) lines: Lines<'s>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What stands for what in the findings' own words.
    pub(crate) masked: Masked,
}

impl<'s> Report<'s> {
    pub(crate) fn new(path: &'s str, text: &'s str) -> Self {
        Self {
            path,
            lines: Lines::new(text),
            diagnostics: Vec::new(),
            masked: Masked::default(),
        }
    }

    pub(crate) fn error(&mut self, span: Span, code: &str, message: String, hint: Option<String>) {
        self.add(Severity::Error, span, code, message, hint);
    }

    pub(crate) fn warning(
        &mut self,
        span: Span,
        code: &str,
        message: String,
        hint: Option<String>,
    ) {
        self.add(Severity::Warning, span, code, message, hint);
    }

    /// What the parser, the checker or the transform found.
    pub(crate) fn findings(&mut self, findings: Findings) {
        for finding in findings {
            self.finding(&finding);
        }
    }

    fn finding(&mut self, finding: &OxcDiagnostic) {
        let span = span_of(finding);
        let hint = hints::for_finding(self.lines.text(), &finding.message, span.start)
            .or_else(|| finding.help.as_deref().map(sentence));
        let severity = match finding.severity {
            OxcSeverity::Error => Severity::Error,
            _ => Severity::Warning,
        };
        let code = match finding.code.number {
            // TypeScript's own numbers: what is wrong is a type or its place.
            Some(_) if finding.code.scope.as_deref() == Some("TS") => code::TYPE_ONLY,
            _ => code::SYNTAX_ERROR,
        };
        let message = self.masked.in_users_words(&sentence(&finding.message));
        self.add(severity, span, code, message, hint);
    }

    fn add(
        &mut self,
        severity: Severity,
        span: Span,
        code: &str,
        message: String,
        hint: Option<String>,
    ) {
        // Each severity has its own share, so that warnings leave room for errors.
        let alike = |diagnostic: &&Diagnostic| diagnostic.severity == severity;
        if self.diagnostics.iter().filter(alike).count() >= DIAGNOSTICS_MAX {
            return;
        }
        let (line, column) = self.lines.position(span.start);
        let (end_line, end_column) = self.lines.position(span.end);
        self.diagnostics.push(Diagnostic {
            severity,
            code: code.to_owned(),
            message,
            hint,
            file: self.path.to_owned(),
            line,
            column,
            end_line,
            end_column,
        });
    }
}

/// Where a finding points; the start of the file when nowhere.
pub(crate) fn span_of(finding: &OxcDiagnostic) -> Span {
    finding.labels.first().map_or(Span::new(0, 0), |label| {
        let start = label.offset();
        Span::new(start, start.saturating_add(label.len()))
    })
}

/// One sentence without its full stop.
fn sentence(text: &str) -> String {
    text.trim().trim_end_matches('.').to_owned()
}

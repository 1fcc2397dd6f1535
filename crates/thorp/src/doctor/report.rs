//! The findings, for people and for programs.

use super::{Check, State};
use crate::output::style::{BAD, FAINT, GOOD, WARNING};
use crate::output::{self, clean};
use serde_json::json;

/// Prints all findings on stdout.
pub(super) fn print(checks: &[Check], as_json: bool) {
    if as_json {
        let ok = checks.iter().all(|check| check.state != State::Failed);
        output::data(&json!({ "ok": ok, "checks": checks }).to_string());
        return;
    }
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0);
    checks
        .iter()
        .for_each(|check| output::line(line(check, width)));
}

fn line(check: &Check, width: usize) -> String {
    let (style, mark) = match check.state {
        State::Ok => (GOOD, '✓'),
        State::Warning => (WARNING, '!'),
        State::Failed => (BAD, '✗'),
    };
    let mut text = format!(
        "{style}{mark}{style:#} {:<width$}  {}",
        check.name,
        clean(&check.finding)
    );
    if let Some(fix) = &check.fix {
        text.push_str(&format!(
            "\n  {:<width$}  {FAINT}→{FAINT:#} {}",
            "",
            clean(fix)
        ));
    }
    text
}

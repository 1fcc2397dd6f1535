//! The findings, for people and for programs.

use super::attacks::{Outcome, Tried};
use super::{Check, State};
use crate::output::style::{BAD, FAINT, GOOD, WARNING};
use crate::output::{self, clean};
use serde_json::json;

/// Prints all findings on stdout.
pub(super) fn print(checks: &[Check], tried: &[Tried], as_json: bool) {
    if as_json {
        let ok = checks.iter().all(|check| check.state != State::Failed);
        output::data(&json!({ "ok": ok, "checks": checks, "attacks": tried }).to_string());
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
    if !tried.is_empty() {
        output::line("\nAttacks on a sandbox without Deno's permissions:");
    }
    tried.iter().for_each(|one| output::line(attack(one)));
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

fn attack(tried: &Tried) -> String {
    let (style, word) = match tried.outcome {
        Outcome::Contained => (GOOD, "contained"),
        Outcome::Escaped => (BAD, "ESCAPED"),
        Outcome::NotHeld => (WARNING, "not held"),
    };
    let why = match tried.outcome {
        Outcome::Contained => String::new(),
        _ => format!(": {FAINT}{}{FAINT:#}", clean(&tried.reason)),
    };
    format!("{style}{word:<9}{style:#}  {}{why}", tried.tries)
}

//! What an attack said, and what is expected of all of them.

use std::fmt::Write as _;

use thorp_jail::Exit;

use crate::exceptions;
use crate::setting::Setting;

/// One case, and what came of it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub case: String,
    pub escaped: bool,
    pub reason: String,
}

impl Answer {
    /// What the last line says; without one, how the process ended.
    pub fn new(case: &str, output: &str, exit: Option<Exit>) -> Self {
        let last = output.lines().last().unwrap_or_default();
        let (escaped, reason) = match (last.split_once(": "), exit) {
            (Some(("contained", reason)), _) => (false, reason.to_owned()),
            (Some(("ESCAPED", reason)), _) => (true, reason.to_owned()),
            (_, Some(Exit::Signal(libc::SIGSYS))) => (false, "the call ended it".to_owned()),
            // A kernel without calls of 32-bit programs.
            (_, Some(Exit::Signal(libc::SIGSEGV))) if case == "calls.i386" => {
                (false, "there are no such calls".to_owned())
            }
            (_, exit) => (true, format!("no answer: {exit:?} {last}")),
        };
        Self {
            case: case.to_owned(),
            escaped,
            reason,
        }
    }
}

/// Fails with a list of all cases that escaped and may not.
pub fn judge(setting: Setting, answers: &[Answer], cases_least: usize) {
    let mut wrong = String::new();
    for answer in answers.iter().filter(|answer| answer.escaped) {
        match exceptions::reason(&answer.case, setting) {
            Some(reason) => println!("{setting:?} does not hold {}: {reason}", answer.case),
            None => writeln!(wrong, "{}: {}", answer.case, answer.reason).unwrap(),
        }
    }
    let held = answers.iter().filter(|answer| !answer.escaped).count();
    println!("{setting:?}: {held} of {} cases contained", answers.len());
    assert!(wrong.is_empty(), "{setting:?} has holes:\n{wrong}");
    assert!(
        answers.len() >= cases_least,
        "only {} cases ran",
        answers.len()
    );
}

//! A cell of the matrix, what came of it, and whether that is what was expected. Pure.

use crate::table::{Expected, Row};
use serde_json::Value;
use std::collections::BTreeMap;

/// One expression on one route.
pub(crate) struct Cell {
    pub(crate) row: &'static Row,
    /// The expression with names in it.
    pub(crate) named: String,
    /// What it sets, or the subject of its mail: no other cell has it.
    pub(crate) x: String,
    pub(crate) expected: Expected,
    /// Whether the expression is in somebody else's code, which its mail says.
    pub(crate) is_foreign: bool,
    /// What the record of the run says that was denied, if it is one that A sees.
    pub(crate) denied: Option<String>,
}

/// What came of a cell.
#[derive(Debug)]
pub(crate) enum Tried {
    Value(Value),
    Undefined,
    /// What it says is for people.
    Error(#[allow(dead_code, reason = "it is shown")] String),
}

/// What the store holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The vals of each user, with their versions and texts.
    pub(crate) vals: BTreeMap<&'static str, BTreeMap<String, (i64, String)>>,
    /// The subjects of each user's mail.
    pub(crate) mails: BTreeMap<&'static str, Vec<String>>,
}

impl Tried {
    /// What a program of the matrix says.
    pub(crate) fn of(found: &Value) -> Self {
        match (found.get("error"), found.get("value")) {
            (Some(error), _) => Self::Error(error.as_str().unwrap_or_default().to_owned()),
            (None, Some(value)) => Self::Value(value.clone()),
            (None, None) => Self::Undefined,
        }
    }
}

/// Whether what came back is what was expected; else what is wrong.
pub(crate) fn is_as_expected(expected: &Expected, tried: &Tried) -> Result<(), String> {
    let is = match (expected, tried) {
        (Expected::Value(expected), Tried::Value(found)) => found == expected,
        (Expected::Undefined, Tried::Undefined) | (Expected::Error, Tried::Error(_)) => true,
        (Expected::Nothing | Expected::Sets(_) | Expected::Mails(_), Tried::Value(found)) => {
            found == "done"
        }
        _ => false,
    };
    match is {
        true => Ok(()),
        false => Err(format!("expected {expected:?}, got {tried:?}")),
    }
}

impl Seen {
    /// Whether the store has changed by what a cell does, and by nothing else.
    pub(crate) fn differs(&self, after: &Self, cell: &Cell) -> Result<(), String> {
        self.vals_differ(after, cell)?;
        self.mails_differ(after, cell)
    }

    fn vals_differ(&self, after: &Self, cell: &Cell) -> Result<(), String> {
        for (user, vals) in &self.vals {
            let mut expected = vals.clone();
            let found = &after.vals[user];
            if cell.expected == Expected::Sets(user) {
                let (before, text) = (&vals["foo"], &found["foo"].1);
                let set = format!("\nlet foo = {}\n", Value::from(cell.x.clone()));
                if !text.ends_with(&set) {
                    return Err(format!(
                        "expected @{user}.foo = `{}`, and it is `{text}`",
                        cell.x
                    ));
                }
                expected.insert("foo".to_owned(), (before.0 + 1, text.clone()));
            }
            if expected != *found {
                return Err(format!(
                    "the store holds {found:?} of {user}, expected {expected:?}"
                ));
            }
        }
        Ok(())
    }

    fn mails_differ(&self, after: &Self, cell: &Cell) -> Result<(), String> {
        for (user, found) in &after.mails {
            let before = &self.mails[user];
            let new: Vec<&String> = found
                .iter()
                .filter(|subject| !before.contains(subject))
                .collect();
            let is = match (cell.expected == Expected::Mails(user), new.as_slice()) {
                (false, []) => true,
                (true, [subject]) => is_subject(subject, cell),
                _ => false,
            };
            if !is || found.len() != before.len() + new.len() {
                return Err(format!(
                    "{user} has the new mail {new:?}, expected {:?}",
                    cell.expected
                ));
            }
        }
        Ok(())
    }
}

/// Mail of somebody else's code says whose.
fn is_subject(subject: &str, cell: &Cell) -> bool {
    let own = subject
        .strip_prefix("[by @")
        .and_then(|rest| rest.split_once("] "));
    own.is_some() == cell.is_foreign && own.map_or(subject, |(_, own)| own) == cell.x
}

/// Whether what was denied is told of a cell; else what is wrong.
pub(crate) fn is_told(cell: &Cell, record: &Value) -> Result<(), String> {
    let Some(expected) = &cell.denied else {
        return Ok(());
    };
    let told = record["denied"].as_array().unwrap();
    let asked: Vec<&str> = told
        .iter()
        .filter_map(|denied| denied["asked"].as_str())
        .collect();
    match asked
        .iter()
        .any(|asked| asked.eq_ignore_ascii_case(expected))
    {
        true => Ok(()),
        false => Err(format!(
            "the record does not say `{expected}` but {asked:?}"
        )),
    }
}

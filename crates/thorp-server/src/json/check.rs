//! What a check found.

use serde::Serialize;
use thorp_town::{Checked, FindingView, ReasonView, StepView};
use utoipa::ToSchema;

/// What a check found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Check {
    /// The vals that were looked at: the checked one, and those of its author that it names
    #[schema(example = json!(["@alice/report"]))]
    vals: Vec<String>,
    /// Calls that would be denied something
    findings: Vec<Finding>,
}

/// A call of somebody else's function that would be denied something in Restricted Library Mode.
#[derive(Serialize, ToSchema)]
pub(crate) struct Finding {
    /// The val in which it stands; `null` for a text that is not saved
    val: Option<String>,
    #[schema(example = "main.tsx")]
    file: String,
    line: u32,
    column: u32,
    /// The function that is called
    #[schema(example = "@bob/gpt3")]
    target: String,
    /// Its version
    version: i64,
    reasons: Vec<Reason>,
    /// What to write instead
    #[schema(example = "await api(@bob.gpt3, \"hi\")")]
    instead: String,
    /// Why that is refused, and what else can be done
    hint: Option<String>,
}

/// What a function asks for that it would not get.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reason {
    /// `secret`, `private`, `write` or `computed`
    kind: String,
    /// In words, as the end of a sentence about the val that does it
    message: String,
    /// The vals that lead there, the called function first
    chain: Vec<Step>,
}

/// A val on the way to what is asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Step {
    val: String,
    version: Option<i64>,
    /// Where it names the next val, or what is asked for; of a secret, this is not known
    file: Option<String>,
    line: Option<u32>,
}

impl From<Checked> for Check {
    fn from(checked: Checked) -> Self {
        Self {
            vals: checked.vals,
            findings: checked.findings.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<FindingView> for Finding {
    fn from(view: FindingView) -> Self {
        Self {
            val: view.val,
            file: view.file,
            line: view.line,
            column: view.column,
            target: view.target,
            version: view.version,
            reasons: view.reasons.into_iter().map(Into::into).collect(),
            instead: view.instead,
            hint: view.hint,
        }
    }
}

impl From<ReasonView> for Reason {
    fn from(view: ReasonView) -> Self {
        Self {
            kind: view.kind,
            message: view.message,
            chain: view.chain.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<StepView> for Step {
    fn from(view: StepView) -> Self {
        Self {
            val: view.val,
            version: view.version,
            file: view.file,
            line: view.line,
        }
    }
}

//! The town's refusals and failures as ours: message, detail, hint and exit code.

use super::Client;
use super::api::{Diagnostic, FileText};
use crate::failure::{Exit, Failure};
use crate::output::{self, diagnostics, diff};
use serde::Deserialize;

/// The headline above diagnostics, each of which has its own.
const NOTHING_RAN: &str = "the code does not compile, so nothing ran";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    error: Fault,
    #[serde(default)]
    run_id: Option<String>,
}

#[derive(Deserialize)]
struct Fault {
    code: String,
    message: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    hint: Option<String>,
    #[serde(default)]
    stack: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    diagnostics: Vec<Diagnostic>,
    #[serde(default)]
    theirs: Option<Theirs>,
    #[serde(default)]
    yours: Option<Yours>,
}

#[derive(Deserialize)]
struct Theirs {
    version: i64,
    files: Vec<FileText>,
}

#[derive(Deserialize)]
struct Yours {
    base: i64,
    files: Vec<FileText>,
}

/// The failure that an answer of this status stands for. `sent` is the source that the diagnostics are about.
pub(super) fn failure(client: &Client, status: u16, text: &str, sent: &[FileText]) -> Failure {
    let Ok(body) = serde_json::from_str::<Body>(text) else {
        return no_town(client.town(), status);
    };
    let message = if body.error.diagnostics.is_empty() {
        headline(&body.error)
    } else {
        NOTHING_RAN.to_owned()
    };
    let mut failure = Failure::new(exit(status, &body.error.code), message);
    failure.detail = detail(&body, sent);
    failure.hint = hint(client, &body);
    failure.body = Some(text.to_owned());
    failure
}

/// What answers there is not a town.
pub(super) fn no_town(town: &str, status: u16) -> Failure {
    Failure::new(
        Exit::Unavailable,
        format!("`{town}` does not answer like a town (status {status})"),
    )
    .hint("check the URL: it is the first line that `thorp serve` prints")
}

fn exit(status: u16, code: &str) -> Exit {
    match code {
        "USER_ERROR" | "NOT_JSON" | "RESULT_TOO_LARGE" | "TIME_LIMIT" | "CPU_LIMIT"
        | "MEMORY_LIMIT" | "WORKER_LOST" | "SYNTAX_ERROR" | "TOO_COMPLEX" | "DOES_NOT_COMPILE" => {
            Exit::Program
        }
        _ if code.starts_with("DEPENDENCY_") => Exit::Program,
        _ => match status {
            401 | 403 | 404 | 421 => Exit::Refused,
            409 => Exit::Conflict,
            429 | 500.. => Exit::Unavailable,
            _ => Exit::Usage,
        },
    }
}

/// `TypeError: x is not a function`, or the message alone.
fn headline(fault: &Fault) -> String {
    let mut line = match &fault.name {
        Some(name) if fault.message.is_empty() => name.clone(),
        Some(name) => format!("{name}: {}", fault.message),
        None => fault.message.clone(),
    };
    if let Some(path) = fault.path.as_deref().filter(|path| !line.contains(path)) {
        line.push_str(&format!(" (at `{path}`)"));
    }
    line
}

fn detail(body: &Body, sent: &[FileText]) -> Option<String> {
    let fault = &body.error;
    if let (Some(theirs), Some(yours)) = (&fault.theirs, &fault.yours) {
        return Some(conflict(theirs, yours));
    }
    if !fault.diagnostics.is_empty() {
        return Some(format!(
            "\n{}",
            diagnostics::render(&fault.diagnostics, sent)
        ));
    }
    let stack = fault
        .stack
        .as_deref()
        .map(|stack| frames(stack, &headline(fault)));
    // The hint, if it is ours, names the run.
    let run = body
        .run_id
        .as_deref()
        .filter(|_| fault.hint.is_some())
        .map(|run| format!("\nrun: {}", output::clean(run)));
    let lines: Vec<String> = stack
        .into_iter()
        .chain(run)
        .filter(|text| !text.is_empty())
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The lines of the stack that say where; the message is told already.
fn frames(stack: &str, headline: &str) -> String {
    let rest = stack
        .strip_prefix(headline)
        .unwrap_or(stack)
        .trim_start_matches('\n');
    output::clean(rest.trim_end()).into_owned()
}

fn conflict(theirs: &Theirs, yours: &Yours) -> String {
    let (newest, base) = (
        format!("version {}, theirs", theirs.version),
        format!("yours, from version {}", yours.base),
    );
    let changes = diff::files(
        diff::Side {
            name: &newest,
            files: &theirs.files,
        },
        diff::Side {
            name: &base,
            files: &yours.files,
        },
    );
    format!("\n{changes}")
}

/// The town's own hint, but where it speaks of HTTP or repeats a diagnostic.
fn hint(client: &Client, body: &Body) -> Option<String> {
    let fault = &body.error;
    if fault.code == "UNAUTHORIZED" && !client.has_token() {
        return Some(format!("sign in with `thorp login {}`", client.town()));
    }
    let theirs = fault.hint.clone().filter(|_| fault.diagnostics.is_empty());
    theirs.or_else(|| match fault.code.as_str() {
        "POOL_FULL" | "RATE_LIMITED" => Some("try again in a moment".to_owned()),
        _ => body
            .run_id
            .as_deref()
            .map(|run| format!("`thorp runs {run}` shows its arguments and logs")),
    })
}

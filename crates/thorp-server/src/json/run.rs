//! Runs: what was evaluated, and what came of it.

use super::egress::Egress;
use super::{Author, raw, time};
use serde::Serialize;
use serde_json::value::RawValue;
use thorp_town::{DeniedView, HttpView, LogView, RunDetail, RunErrorView, RunView, UsageView};
use utoipa::ToSchema;
use uuid::Uuid;

/// A run, as lists show it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BaseRun {
    id: Uuid,
    /// Why it failed, if it did
    error: Option<RunError>,
    /// The run that called it
    parent_id: Option<Uuid>,
    #[schema(format = DateTime)]
    run_end_at: String,
    #[schema(format = DateTime)]
    run_start_at: String,
    /// The val's author; for expressions, who asked
    author: Option<Author>,
    /// The val's name
    name: Option<String>,
    /// The val's version that ran
    version: Option<i64>,
    val_id: Option<Uuid>,
    /// What began it: `eval`, `run`, `api`, `http` or `health`
    trigger: String,
    /// `ok` or `error`
    status: &'static str,
    /// Whose permissions it had
    run_as: Option<Author>,
    /// Who asked
    caller: Option<Author>,
    usage: Usage,
    /// The web request that it answered
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    http: Option<WebRequest>,
}

/// A web request, and what became of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebRequest {
    #[schema(example = "GET")]
    method: String,
    /// The path and the query
    path: String,
    /// The answer's status, if there was one
    status: Option<u16>,
    /// Bytes of the request's body
    bytes_in: u64,
    /// Bytes of the answer's body
    bytes_out: u64,
    /// Whether who asked went away before the answer had ended
    aborted: bool,
    /// Requests of the val before this one that ended well and are in no record: there were too many
    unrecorded: u64,
}

/// A run with its inputs and outputs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FullRun {
    #[serde(flatten)]
    base: BaseRun,
    #[schema(value_type = Vec<serde_json::Value>)]
    emails: [(); 0],
    logs: Vec<LogLine>,
    /// Whether more was logged than is kept
    logs_truncated: bool,
    /// What it asked of the network
    egress: Egress,
    /// What other users' code in it asked for and did not get: the first 100
    denied: Vec<Denied>,
    #[schema(value_type = serde_json::Value)]
    return_value: Box<RawValue>,
    /// Whether the result was `undefined`
    return_undefined: bool,
    #[schema(value_type = Vec<serde_json::Value>)]
    args: Box<RawValue>,
    /// The expression, for `eval`
    code: Option<String>,
    /// The runs that it called by `api()`, the oldest first: the first 100
    child_ids: Vec<Uuid>,
}

/// What code of another user asked for and did not get.
#[derive(Serialize, ToSchema)]
pub(crate) struct Denied {
    /// The val that the program imports or names, such as `@bob/lib`
    val: String,
    /// What it asked for, as it is written, such as `@alice.secrets.openai`
    asked: String,
    /// In a sentence
    message: String,
    /// The file where it did, with whose it is
    file: Option<String>,
    /// The line
    line: Option<u32>,
}

/// Why a run failed.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunError {
    code: String,
    name: Option<String>,
    message: String,
    hint: Option<String>,
    stack: Option<String>,
    /// Where in the result the trouble lies, for `NOT_JSON`
    path: Option<String>,
}

/// One logged line.
#[derive(Serialize, ToSchema)]
pub(crate) struct LogLine {
    #[schema(format = DateTime)]
    at: String,
    /// `debug`, `log`, `info`, `warn`, `error`, `stdout` or `stderr`
    level: String,
    text: String,
}

/// What a run cost.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    /// Waiting for a sandbox
    queue_micros: i64,
    /// Starting a sandbox, if none was ready
    start_micros: i64,
    /// In the sandbox
    run_micros: i64,
    /// Processor time
    cpu_micros: i64,
    /// The most memory seen
    memory_bytes: i64,
}

/// A result and its type.
#[derive(Serialize, ToSchema)]
pub(crate) struct Output {
    /// `string`, `number`, `boolean`, `object`, `array`, `null` or `undefined`
    #[serde(rename = "type")]
    kind: &'static str,
    #[schema(value_type = serde_json::Value)]
    value: Box<RawValue>,
}

impl Output {
    /// The output for a result's JSON text.
    pub(super) fn of(json: Option<String>, undefined: bool) -> Option<Self> {
        let value = raw(json?);
        let kind = if undefined {
            "undefined"
        } else {
            kind_of(value.get())
        };
        Some(Self { kind, value })
    }
}

fn kind_of(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'"') => "string",
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }
}

impl From<RunView> for BaseRun {
    fn from(view: RunView) -> Self {
        let status = if view.error.is_some() { "error" } else { "ok" };
        let run_as = view.run_as.clone();
        let (author, name, version, val_id) = match view.val {
            Some(val) => (
                Some(val.author),
                Some(val.name),
                Some(val.version),
                Some(val.id),
            ),
            None => (view.run_as, None, None, None),
        };
        Self {
            id: view.id,
            error: view.error.map(Into::into),
            parent_id: view.parent,
            run_end_at: time(view.ended_at),
            run_start_at: time(view.started_at),
            author: author.map(Into::into),
            name,
            version,
            val_id,
            trigger: view.trigger,
            status,
            run_as: run_as.map(Into::into),
            caller: view.caller.map(Into::into),
            usage: view.usage.into(),
            http: view.http.map(Into::into),
        }
    }
}

impl From<HttpView> for WebRequest {
    fn from(view: HttpView) -> Self {
        let HttpView {
            method,
            path,
            status,
            bytes_in,
            bytes_out,
            aborted,
            unrecorded,
        } = view;
        Self {
            method,
            path,
            status,
            bytes_in,
            bytes_out,
            aborted,
            unrecorded,
        }
    }
}

impl From<RunDetail> for FullRun {
    fn from(detail: RunDetail) -> Self {
        Self {
            base: detail.run.into(),
            emails: [],
            logs: detail.logs.into_iter().map(Into::into).collect(),
            logs_truncated: detail.logs_truncated,
            egress: detail.egress.into(),
            denied: detail.denied.into_iter().map(Into::into).collect(),
            return_value: raw(detail.result.unwrap_or_else(|| "null".to_owned())),
            return_undefined: detail.result_undefined,
            args: raw(detail.args),
            code: detail.code,
            child_ids: detail.children,
        }
    }
}

impl From<DeniedView> for Denied {
    fn from(view: DeniedView) -> Self {
        let DeniedView {
            val,
            asked,
            file,
            line,
        } = view;
        let message = match line {
            Some(line) => format!("`{val}` line {line} asked for `{asked}`: denied"),
            None => format!("`{val}` asked for `{asked}`: denied"),
        };
        Self {
            val,
            asked,
            message,
            file,
            line,
        }
    }
}

impl From<RunErrorView> for RunError {
    fn from(view: RunErrorView) -> Self {
        let RunErrorView {
            code,
            name,
            message,
            hint,
            stack,
            path,
        } = view;
        Self {
            code,
            name,
            message,
            hint,
            stack,
            path,
        }
    }
}

impl From<LogView> for LogLine {
    fn from(view: LogView) -> Self {
        Self {
            at: time(view.at),
            level: view.level,
            text: view.text,
        }
    }
}

impl From<UsageView> for Usage {
    fn from(view: UsageView) -> Self {
        let UsageView {
            queue_micros,
            start_micros,
            run_micros,
            cpu_micros,
            memory_bytes,
        } = view;
        Self {
            queue_micros,
            start_micros,
            run_micros,
            cpu_micros,
            memory_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Output;

    fn check(json: &str, undefined: bool, expected: &str) {
        assert_eq!(
            Output::of(Some(json.to_owned()), undefined).map(|output| output.kind),
            Some(expected)
        );
    }

    #[test]
    fn outputs_say_their_type() {
        check("\"a\"", false, "string");
        check("-1", false, "number");
        check("true", false, "boolean");
        check("{}", false, "object");
        check("[]", false, "array");
        check("null", false, "null");
        check("null", true, "undefined");
    }
}

//! What the town tells: plain values, with no HTTP and no SQL in them.
//!
//! Times are microseconds since 1970 (UTC), ids are UUIDs of version 7, names are without the leading `@`.

use crate::foreign::Pin;
use uuid::Uuid;

/// Who asks. Made by [`crate::Town::authenticate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account, or `None` for anonymous callers.
    pub user: Option<UserView>,
    /// What the token allows. Empty for anonymous callers.
    pub scopes: Vec<Scope>,
    /// The token's id, or `None` for anonymous callers.
    pub token: Option<Uuid>,
    /// When the token stops working.
    pub expires_at: Option<i64>,
}

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read one's own private things.
    Read,
    /// Create, change and delete vals.
    Write,
    /// Evaluate expressions and run vals.
    Run,
    /// List, make and revoke tokens.
    Tokens,
    /// Keep the town: users, metrics. Operators only.
    Operator,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    /// The account's id.
    pub id: Uuid,
    /// Its name as it was chosen.
    pub name: String,
    /// Free text about the person.
    pub bio: Option<String>,
    /// Where their picture is.
    pub profile_image_url: Option<String>,
    /// Whether they keep the town.
    pub operator: bool,
    /// When the account was made.
    pub created_at: i64,
}

/// The name and id of an account, beside something that is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorView {
    /// The account's id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// How many to pass over.
    pub offset: u32,
    /// How many to answer with, at most [`crate::limits::PAGE_ITEMS_MAX`].
    pub limit: u32,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// Whether there is more behind it.
    pub more: bool,
}

/// A token that was just made: the only time its text is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedToken {
    /// What the list will show.
    pub view: TokenView,
    /// The text to send as `Authorization: Bearer …`.
    pub secret: String,
}

/// A token, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// The token's id.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: i64,
    /// When it stops working.
    pub expires_at: Option<i64>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<i64>,
    /// Whether it is the one that asked.
    pub current: bool,
}

/// A token to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewToken {
    /// What its owner calls it.
    pub name: Option<String>,
    /// What it may be used for; all of the creator's scopes if `None`.
    pub scopes: Option<Vec<Scope>>,
    /// How many seconds it lives; for ever if `None`.
    pub expires_in_seconds: Option<u64>,
}

/// Who may read a val's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// Listed, and readable by everyone.
    Public,
    /// Not listed, and readable by everyone who has the link.
    Unlisted,
    /// Readable by its owner.
    Private,
}

/// Who may call a val.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Everyone.
    Public,
    /// Its owner.
    Private,
    /// Nobody: it is stopped.
    Off,
}

/// What the runs of a val share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// One may be given the sandbox of another, one after the other.
    Warm,
    /// Each has a sandbox of its own.
    Fresh,
}

/// A val, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValView {
    /// The val's id, the same for all its versions and names.
    pub id: Uuid,
    /// Whose it is.
    pub author: AuthorView,
    /// Its name.
    pub name: String,
    /// What it is called as a host, for good.
    pub label: String,
    /// Who may read it.
    pub privacy: Privacy,
    /// Who may call it.
    pub endpoint: Endpoint,
    /// What its runs share.
    pub isolation: Isolation,
    /// The version that this view shows.
    pub version: i64,
    /// The version that runs.
    pub live_version: i64,
    /// The entry module's text.
    pub code: String,
    /// When the val was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// When it was deleted.
    pub deleted_at: Option<i64>,
    /// When its newest run began, if its owner asks.
    pub run_start_at: Option<i64>,
    /// When its newest run ended, if its owner asks.
    pub run_end_at: Option<i64>,
}

/// A val with all that belongs to the shown version.
#[derive(Clone, Debug, PartialEq)]
pub struct ValDetail {
    /// What lists show.
    pub val: ValView,
    /// The path of the entry module.
    pub entry: String,
    /// All files of the version.
    pub files: Vec<crate::FileText>,
    /// The hash of the version's contents, hexadecimal.
    pub hash: String,
    /// What the compiler has to say.
    pub diagnostics: Vec<DiagnosticView>,
    /// Whether the version can run.
    pub runnable: bool,
    /// What its imports of packages were locked to.
    pub dependencies: Vec<DependencyView>,
    /// When the version was saved.
    pub version_created_at: i64,
    /// A text about the val.
    pub readme: Option<String>,
    /// The newest run, if its owner asks.
    pub last_run: Option<RunDetail>,
}

/// A version, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionView {
    /// Its number.
    pub version: i64,
    /// The hash of its contents, hexadecimal.
    pub hash: String,
    /// When it was saved.
    pub created_at: i64,
    /// Whether it is the one that runs.
    pub live: bool,
    /// Whether it can run.
    pub runnable: bool,
    /// How many things the compiler has to say.
    pub diagnostic_count: u32,
    /// The version whose contents it brought back.
    pub restored_from: Option<i64>,
}

/// One thing the compiler has to say. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticView {
    /// `error` or `warning`.
    pub severity: String,
    /// A stable code, such as `SYNTAX_ERROR`.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The file's path in the version.
    pub file: String,
    /// Where it begins.
    pub line: u32,
    /// Where it begins, in characters.
    pub column: u32,
    /// Where it ends.
    pub end_line: u32,
    /// Where it ends, in characters.
    pub end_column: u32,
}

/// What an import of a package was locked to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DependencyView {
    /// As it was written, such as `npm:zod@4`.
    pub specifier: String,
    /// What it stands for, such as `zod@4.1.0`, or `@bob/lib@3`.
    pub resolved: String,
    /// Of another user's code: which exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pin: Option<Pin>,
}

/// Which runs are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunQuery {
    /// Only those that ended well (`ok`) or not (`error`).
    pub status: Option<String>,
    /// Only those begun by `eval`, `run` or `health`.
    pub trigger: Option<String>,
    /// Only those of this val.
    pub val: Option<Uuid>,
    /// Only those begun at or after this time.
    pub since: Option<i64>,
    /// Only those begun before this time.
    pub until: Option<i64>,
    /// Only those in which other users' code asked for something in vain, or those in which it did not.
    pub denied: Option<bool>,
}

/// An evaluation, as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    /// Its id, also in `X-Thorp-Run`.
    pub id: Uuid,
    /// The run that called it.
    pub parent: Option<Uuid>,
    /// The val that ran, with its author, name and version; `None` for expressions.
    pub val: Option<RunVal>,
    /// Who asked; `None` for anonymous callers.
    pub caller: Option<AuthorView>,
    /// Whose permissions it had; `None` for anonymous callers.
    pub run_as: Option<AuthorView>,
    /// What began it: `eval`, `run` or `health`.
    pub trigger: String,
    /// What went wrong, if something did.
    pub error: Option<RunErrorView>,
    /// When it was asked for.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: i64,
    /// What it cost.
    pub usage: UsageView,
    /// The web request that it answered, if it was one.
    pub http: Option<HttpView>,
}

/// A web request, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpView {
    /// `GET` and so on.
    pub method: String,
    /// The path and the query.
    pub path: String,
    /// The answer's status, if there was one.
    pub status: Option<u16>,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// Whether who asked went away before the answer had ended.
    pub aborted: bool,
    /// Requests of the val before this one that ended well and are in no record: there were too many.
    pub unrecorded: u64,
}

/// The val of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunVal {
    /// The val's id.
    pub id: Uuid,
    /// Its owner.
    pub author: AuthorView,
    /// Its present name.
    pub name: String,
    /// The version that ran.
    pub version: i64,
}

/// An evaluation with its inputs and outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunDetail {
    /// What lists show.
    pub run: RunView,
    /// The expression, for runs of `eval`.
    pub code: Option<String>,
    /// The arguments: the text of a JSON array.
    pub args: String,
    /// The result: JSON text; `None` if there was none.
    pub result: Option<String>,
    /// Whether the result was `undefined`.
    pub result_undefined: bool,
    /// What it logged.
    pub logs: Vec<LogView>,
    /// Whether more was logged than is kept.
    pub logs_truncated: bool,
    /// What it asked of the network.
    pub egress: EgressView,
    /// The runs that it called, the oldest first: the first [`crate::limits::CHILDREN_SHOWN_MAX`].
    pub children: Vec<Uuid>,
    /// What other users' code in it asked for and did not get: the first that were told.
    pub denied: Vec<DeniedView>,
}

/// What code of another user asked for and did not get.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct DeniedView {
    /// The val that the program imports or names: `@bob/lib`.
    pub val: String,
    /// What it asked for, as it is written: `@alice.secrets.openai`.
    pub asked: String,
    /// The file where it did, with whose it is, if known.
    pub file: Option<String>,
    /// The line.
    pub line: Option<u32>,
}

/// What a run asked of the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EgressView {
    /// Its requests, in the order of their beginnings: the first [`crate::limits::EGRESS_KEPT_MAX`].
    pub requests: Vec<EgressRequestView>,
    /// Requests that are not in the list.
    pub dropped: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EgressRequestView {
    /// `GET` and so on; `CONNECT` for a raw connection.
    pub method: String,
    /// `http`, `https` or `tcp`.
    pub scheme: String,
    /// The host, as a URL has it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// The code of the gateway's refusal, such as `EGRESS_DENIED`.
    pub refused: Option<String>,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// When it began, since the run did.
    pub started_micros: u64,
    /// How long it took.
    pub duration_micros: u64,
}

/// One logged line.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LogView {
    /// When.
    pub at: i64,
    /// `debug`, `log`, `info`, `warn`, `error`, `stdout` or `stderr`.
    pub level: String,
    /// What.
    pub text: String,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RunErrorView {
    /// A stable code, such as `USER_ERROR`.
    pub code: String,
    /// The name of what was thrown, such as `TypeError`.
    pub name: Option<String>,
    /// What it says.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The stack in the user's own text.
    pub stack: Option<String>,
    /// Where in the result the trouble lies, for `NOT_JSON`.
    pub path: Option<String>,
}

/// What a run cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageView {
    /// Waiting for a sandbox.
    pub queue_micros: i64,
    /// Starting a sandbox, if none was ready.
    pub start_micros: i64,
    /// In the sandbox.
    pub run_micros: i64,
    /// Processor time.
    pub cpu_micros: i64,
    /// The most memory seen.
    pub memory_bytes: i64,
}

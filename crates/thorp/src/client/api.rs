//! The town's answers, as far as the commands look into them. Unknown fields are passed over.

use serde::{Deserialize, Serialize};

/// One file of a val.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileText {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The name of an account, with its `@`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Author {
    pub(crate) username: String,
}

/// An account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) username: String,
    /// Of one's own account only.
    #[serde(default)]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) operator: bool,
    #[serde(default)]
    pub(crate) created_at: String,
}

/// A secret, which never has its value.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Secret {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) packages: bool,
    #[serde(default = "yes")]
    pub(crate) readable: bool,
    #[serde(default)]
    pub(crate) created_at: String,
    #[serde(default)]
    pub(crate) updated_at: String,
}

fn yes() -> bool {
    true
}

/// Mail that a val sent, in a list or with what it says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Email {
    pub(crate) id: String,
    pub(crate) run_id: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) state: String,
    pub(crate) created_at: String,
    #[serde(default)]
    pub(crate) next_attempt_at: Option<String>,
    #[serde(default)]
    pub(crate) last_error: Option<String>,
    #[serde(default)]
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) html: Option<String>,
    #[serde(default)]
    pub(crate) reply_to: Option<String>,
    #[serde(default)]
    pub(crate) attachments: Vec<EmailFile>,
}

/// A file attached to mail.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmailFile {
    pub(crate) filename: String,
    pub(crate) content_type: String,
}

/// A val, with as much of it as the answer holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Val {
    pub(crate) id: String,
    pub(crate) author: Author,
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) privacy: String,
    #[serde(default)]
    pub(crate) endpoint: String,
    #[serde(default)]
    pub(crate) live_version: Option<i64>,
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) entry: Option<String>,
    #[serde(default)]
    pub(crate) files: Vec<FileText>,
    #[serde(default)]
    pub(crate) diagnostics: Vec<Diagnostic>,
    #[serde(default)]
    pub(crate) dependencies: Vec<Dependency>,
    #[serde(default)]
    pub(crate) readme: Option<String>,
    #[serde(default)]
    pub(crate) updated_at: Option<String>,
    #[serde(default)]
    pub(crate) version_created_at: Option<String>,
}

impl Val {
    /// `@alice/hello`
    pub(crate) fn full_name(&self) -> String {
        format!("@{}/{}", self.owner(), self.name)
    }

    /// The owner's name, without its `@`.
    pub(crate) fn owner(&self) -> &str {
        self.author.username.trim_start_matches('@')
    }

    /// The name of the entry module.
    pub(crate) fn entry(&self) -> &str {
        self.entry.as_deref().unwrap_or(super::ENTRY)
    }

    /// All files, also of an answer that holds the entry's code only.
    pub(crate) fn all_files(&self) -> Vec<FileText> {
        if self.files.is_empty() {
            return vec![FileText {
                path: self.entry().to_owned(),
                text: self.code.clone(),
            }];
        }
        self.files.clone()
    }
}

/// One thing the compiler has to say.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Diagnostic {
    pub(crate) severity: String,
    pub(crate) code: String,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) hint: Option<String>,
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) end_line: u32,
    pub(crate) end_column: u32,
}

impl Diagnostic {
    /// Whether the version cannot run because of it.
    pub(crate) fn is_error(&self) -> bool {
        self.severity == "error"
    }
}

/// What an import of a package was locked to.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) specifier: String,
    pub(crate) resolved: String,
}

/// A part of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    #[serde(default)]
    pub(crate) links: Links,
}

/// Where the list goes on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Links {
    #[serde(default)]
    pub(crate) next: Option<String>,
}

/// A version of a val.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    pub(crate) version: i64,
    pub(crate) hash: String,
    pub(crate) created_at: String,
    #[serde(default)]
    pub(crate) live: bool,
    #[serde(default)]
    pub(crate) diagnostic_count: u32,
    #[serde(default)]
    pub(crate) runnable: bool,
    /// The version that it is again.
    #[serde(default)]
    pub(crate) restored_from: Option<i64>,
}

/// A run, in a list or with its inputs and outputs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) author: Option<Author>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) version: Option<i64>,
    pub(crate) trigger: String,
    pub(crate) status: String,
    pub(crate) run_start_at: String,
    #[serde(default)]
    pub(crate) error: Option<RunError>,
    #[serde(default)]
    pub(crate) run_as: Option<Author>,
    #[serde(default)]
    pub(crate) caller: Option<Author>,
    #[serde(default)]
    pub(crate) usage: Usage,
    #[serde(default)]
    pub(crate) logs: Vec<Log>,
    #[serde(default)]
    pub(crate) logs_truncated: bool,
    #[serde(default)]
    pub(crate) egress: Egress,
    #[serde(default)]
    pub(crate) denied: Vec<Denied>,
    #[serde(default)]
    pub(crate) return_value: Option<Box<serde_json::value::RawValue>>,
    #[serde(default)]
    pub(crate) return_undefined: bool,
    #[serde(default)]
    pub(crate) args: Option<Box<serde_json::value::RawValue>>,
    #[serde(default)]
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) parent_id: Option<String>,
    #[serde(default)]
    pub(crate) child_ids: Vec<String>,
}

/// What other users' code asked for in vain.
#[derive(Debug, Deserialize)]
pub(crate) struct Denied {
    pub(crate) message: String,
}

/// What a run asked of the network.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Egress {
    pub(crate) requests: Vec<EgressRequest>,
    pub(crate) dropped: u64,
}

/// One request to the network.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EgressRequest {
    pub(crate) method: String,
    pub(crate) scheme: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) status: Option<u16>,
    pub(crate) refused: Option<String>,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_in: u64,
    pub(crate) duration_micros: i64,
}

impl Run {
    /// What ran: `@alice/hello@3`, or `expression`.
    pub(crate) fn what(&self) -> String {
        match (&self.author, &self.name, self.version) {
            (Some(author), Some(name), Some(version)) => {
                format!("{}/{name}@{version}", author.username)
            }
            (Some(author), Some(name), None) => format!("{}/{name}", author.username),
            _ => "expression".to_owned(),
        }
    }
}

/// Why a run failed.
#[derive(Debug, Deserialize)]
pub(crate) struct RunError {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) stack: Option<String>,
}

/// What a run cost.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Usage {
    pub(crate) queue_micros: i64,
    pub(crate) start_micros: i64,
    pub(crate) run_micros: i64,
    pub(crate) cpu_micros: i64,
    pub(crate) memory_bytes: u64,
}

/// One logged line.
#[derive(Debug, Deserialize)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) text: String,
}

/// A token, as its owner sees it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    #[serde(default)]
    pub(crate) expires_at: Option<String>,
    #[serde(default)]
    pub(crate) last_used_at: Option<String>,
    #[serde(default)]
    pub(crate) current: bool,
}

/// Something that was made together with a token: the only time its text is told.
#[derive(Debug, Deserialize)]
pub(crate) struct Issued {
    pub(crate) name: String,
    pub(crate) token: String,
}

/// What a check found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Check {
    pub(crate) vals: Vec<String>,
    pub(crate) findings: Vec<Finding>,
}

/// A call that would be denied something.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) val: Option<String>,
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) target: String,
    pub(crate) version: i64,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) instead: String,
    pub(crate) hint: Option<String>,
}

/// What a function asks for that it would not get.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reason {
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) chain: Vec<Step>,
}

/// A val on the way there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) val: String,
    pub(crate) version: Option<i64>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
}

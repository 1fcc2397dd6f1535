//! Vals and their versions.

use super::{Author, Diagnostic, time};
use crate::json::run::{LogLine, Output, RunError};
use crate::origins::Origins;
use serde::{Deserialize, Serialize};
use thorp_town::{
    DependencyView, Endpoint, FileText, Isolation, Privacy, RunDetail, ValDetail, ValView,
    VersionView,
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Who may read a val's code.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Privacy)]
pub(crate) enum PrivacyName {
    Public,
    Unlisted,
    Private,
}

/// Who may call a val: everyone, its owner, or nobody at its address (`off`).
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Endpoint)]
pub(crate) enum EndpointName {
    Public,
    Private,
    Off,
}

/// What the runs of a val share: one after the other may have the same sandbox, or each has its own.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Isolation)]
pub(crate) enum IsolationName {
    Warm,
    Fresh,
}

/// One file of a version.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `path` and `text`")]
#[schema(as = File)]
pub(crate) struct FileBody {
    #[schema(example = "main.tsx")]
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A val, as lists show it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BaseVal {
    id: Uuid,
    author: Author,
    name: String,
    /// The text of the entry module
    code: String,
    /// Whether its privacy is `public`
    public: bool,
    version: i64,
    /// When its newest run ended; told to its owner
    #[schema(format = DateTime)]
    run_end_at: Option<String>,
    /// When its newest run began; told to its owner
    #[schema(format = DateTime)]
    run_start_at: Option<String>,
    privacy: PrivacyName,
    endpoint: EndpointName,
    isolation: IsolationName,
    /// The version that runs
    live_version: i64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
}

/// A val with all that belongs to the shown version.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FullVal {
    #[serde(flatten)]
    base: BaseVal,
    /// Where it answers web requests, if vals have addresses here
    url: Option<String>,
    /// What its newest run logged; told to its owner
    logs: Vec<LogLine>,
    /// What its newest run answered; told to its owner
    output: Option<Output>,
    /// Why its newest run failed; told to its owner
    error: Option<RunError>,
    readme: Option<String>,
    like_count: u32,
    reference_count: u32,
    /// The path of the entry module
    entry: String,
    #[schema(value_type = Vec<FileBody>)]
    files: Vec<FileText>,
    /// The hash of the version's contents
    hash: String,
    diagnostics: Vec<Diagnostic>,
    /// Whether the version can run
    runnable: bool,
    dependencies: Vec<Dependency>,
    #[schema(format = DateTime)]
    version_created_at: String,
}

/// What an import of a package was locked to.
#[derive(Serialize, ToSchema)]
pub(crate) struct Dependency {
    #[schema(example = "npm:zod@4")]
    specifier: String,
    #[schema(example = "zod@4.1.0")]
    resolved: String,
}

/// A version, as lists show it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    version: i64,
    hash: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// What the version did, if it was not an edit
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
    /// The version whose contents it brought back
    restored_from: Option<i64>,
    /// Whether it is the one that runs
    live: bool,
    diagnostic_count: u32,
    runnable: bool,
}

impl FullVal {
    /// The shown version: the tag that a save's `If-Match` names.
    pub(crate) fn version(&self) -> i64 {
        self.base.version
    }
}

impl From<ValView> for BaseVal {
    fn from(view: ValView) -> Self {
        Self {
            id: view.id,
            author: view.author.into(),
            name: view.name,
            code: view.code,
            public: view.privacy == Privacy::Public,
            version: view.version,
            run_end_at: view.run_end_at.map(time),
            run_start_at: view.run_start_at.map(time),
            privacy: view.privacy.into(),
            endpoint: view.endpoint.into(),
            isolation: view.isolation.into(),
            live_version: view.live_version,
            created_at: time(view.created_at),
            updated_at: time(view.updated_at),
            deleted_at: view.deleted_at.map(time),
        }
    }
}

impl FullVal {
    /// A val, and where it answers web requests.
    pub(crate) fn new(detail: ValDetail, origins: Option<&Origins>) -> Self {
        let url = origins.map(|origins| origins.url(&detail.val.label));
        let (logs, output, error) = outcome(detail.last_run);
        Self {
            base: detail.val.into(),
            url,
            logs,
            output,
            error,
            readme: detail.readme,
            like_count: 0,
            reference_count: 0,
            entry: detail.entry,
            files: detail.files,
            hash: detail.hash,
            diagnostics: detail.diagnostics.into_iter().map(Into::into).collect(),
            runnable: detail.runnable,
            dependencies: detail.dependencies.into_iter().map(Into::into).collect(),
            version_created_at: time(detail.version_created_at),
        }
    }
}

fn outcome(run: Option<RunDetail>) -> (Vec<LogLine>, Option<Output>, Option<RunError>) {
    let Some(run) = run else {
        return (Vec::new(), None, None);
    };
    let logs = run.logs.into_iter().map(Into::into).collect();
    (
        logs,
        Output::of(run.result, run.result_undefined),
        run.run.error.map(Into::into),
    )
}

impl From<VersionView> for Version {
    fn from(view: VersionView) -> Self {
        Self {
            version: view.version,
            hash: view.hash,
            created_at: time(view.created_at),
            message: view
                .restored_from
                .map(|from| format!("restored from version {from}")),
            restored_from: view.restored_from,
            live: view.live,
            diagnostic_count: view.diagnostic_count,
            runnable: view.runnable,
        }
    }
}

impl From<DependencyView> for Dependency {
    fn from(view: DependencyView) -> Self {
        Self {
            specifier: view.specifier,
            resolved: view.resolved,
        }
    }
}

impl From<FileBody> for FileText {
    fn from(file: FileBody) -> Self {
        Self {
            path: file.path,
            text: file.text,
        }
    }
}

impl From<Privacy> for PrivacyName {
    fn from(privacy: Privacy) -> Self {
        match privacy {
            Privacy::Public => Self::Public,
            Privacy::Unlisted => Self::Unlisted,
            Privacy::Private => Self::Private,
        }
    }
}

impl From<PrivacyName> for Privacy {
    fn from(name: PrivacyName) -> Self {
        match name {
            PrivacyName::Public => Self::Public,
            PrivacyName::Unlisted => Self::Unlisted,
            PrivacyName::Private => Self::Private,
        }
    }
}

impl From<Endpoint> for EndpointName {
    fn from(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Public => Self::Public,
            Endpoint::Private => Self::Private,
            Endpoint::Off => Self::Off,
        }
    }
}

impl From<EndpointName> for Endpoint {
    fn from(name: EndpointName) -> Self {
        match name {
            EndpointName::Public => Self::Public,
            EndpointName::Private => Self::Private,
            EndpointName::Off => Self::Off,
        }
    }
}

impl From<Isolation> for IsolationName {
    fn from(isolation: Isolation) -> Self {
        match isolation {
            Isolation::Warm => Self::Warm,
            Isolation::Fresh => Self::Fresh,
        }
    }
}

impl From<IsolationName> for Isolation {
    fn from(name: IsolationName) -> Self {
        match name {
            IsolationName::Warm => Self::Warm,
            IsolationName::Fresh => Self::Fresh,
        }
    }
}

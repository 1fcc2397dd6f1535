//! What can go wrong, each with a stable code. Which HTTP status a code has is the server's affair.

use crate::{DiagnosticView, FileText, RunErrorView};
use thorp_store::StoreError;
use uuid::Uuid;

/// Stable codes. Their text form is the variant's name in capitals, such as `NOT_FOUND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The request makes no sense.
    BadRequest,
    /// A name is not of the allowed form.
    NameInvalid,
    /// The expression is not TypeScript.
    SyntaxError,
    /// No token, or not a valid one.
    Unauthorized,
    /// The token or the account may not do this.
    Forbidden,
    /// There is no such thing, or none that the caller may know of.
    NotFound,
    /// Somebody else saved in between.
    Conflict,
    /// The name is in use.
    NameTaken,
    /// More than the limit.
    TooLarge,
    /// The saved version has errors.
    DoesNotCompile,
    /// The text is nested too deeply to be compiled.
    TooComplex,
    /// A package cannot be had.
    DependencyUnavailable,
    /// A package or its dependencies are over the limit.
    DependencyTooLarge,
    /// The result cannot be written as JSON.
    NotJson,
    /// The result is over the limit.
    ResultTooLarge,
    /// The user's code threw.
    UserError,
    /// A val that a run writes is a program.
    NotData,
    /// Programs call each other too deep.
    CallDepth,
    /// Vals ask each other, or themselves, without end.
    LoopDetected,
    /// The val is stopped by its owner.
    Stopped,
    /// The town does not do this here.
    NotAvailable,
    /// Runs that write the same vals wait for each other in a circle.
    StateDeadlock,
    /// Runs that write the same vals took too long.
    StateBusy,
    /// The sandbox ended before the run did.
    WorkerLost,
    /// All sandboxes are busy.
    PoolFull,
    /// The run took too long.
    TimeLimit,
    /// The run used too much processor time.
    CpuLimit,
    /// The run used too much memory.
    MemoryLimit,
    /// The account has no e-mail address.
    NoEmailAddress,
    /// Too many requests.
    RateLimited,
    /// The file with the keys of secrets is not there.
    SecretsKeyMissing,
    /// The file with the keys of secrets cannot be used, or others can use it.
    SecretsKeyUnusable,
    /// A secret was sealed with a key that the town does not have.
    SecretUnreadable,
    /// Our fault.
    Internal,
}

impl ErrorCode {
    /// The stable text of the code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BAD_REQUEST",
            Self::NameInvalid => "NAME_INVALID",
            Self::SyntaxError => "SYNTAX_ERROR",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::NameTaken => "NAME_TAKEN",
            Self::TooLarge => "TOO_LARGE",
            Self::DoesNotCompile => "DOES_NOT_COMPILE",
            Self::TooComplex => "TOO_COMPLEX",
            Self::DependencyUnavailable => "DEPENDENCY_UNAVAILABLE",
            Self::DependencyTooLarge => "DEPENDENCY_TOO_LARGE",
            Self::NotJson => "NOT_JSON",
            Self::ResultTooLarge => "RESULT_TOO_LARGE",
            Self::UserError => "USER_ERROR",
            Self::NotData => "NOT_DATA",
            Self::CallDepth => "CALL_DEPTH",
            Self::LoopDetected => "LOOP_DETECTED",
            Self::Stopped => "STOPPED",
            Self::NotAvailable => "NOT_AVAILABLE",
            Self::StateDeadlock => "STATE_DEADLOCK",
            Self::StateBusy => "STATE_BUSY",
            Self::WorkerLost => "WORKER_LOST",
            Self::PoolFull => "POOL_FULL",
            Self::TimeLimit => "TIME_LIMIT",
            Self::CpuLimit => "CPU_LIMIT",
            Self::MemoryLimit => "MEMORY_LIMIT",
            Self::NoEmailAddress => "NO_EMAIL_ADDRESS",
            Self::RateLimited => "RATE_LIMITED",
            Self::SecretsKeyMissing => "SECRETS_KEY_MISSING",
            Self::SecretsKeyUnusable => "SECRETS_KEY_UNUSABLE",
            Self::SecretUnreadable => "SECRET_UNREADABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

/// A refusal or a failure, as the town's callers see it.
#[derive(Debug, thiserror::Error)]
pub enum TownError {
    /// Refused: `code` says why in one word.
    #[error("{message}")]
    Refused {
        /// The stable code.
        code: ErrorCode,
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The text cannot be compiled; nothing ran.
    #[error("{message}")]
    Diagnosed {
        /// `SyntaxError`, `TooComplex`, `DoesNotCompile` or one of the dependency codes.
        code: ErrorCode,
        /// The first diagnostic's message.
        message: String,
        /// All of them.
        diagnostics: Vec<DiagnosticView>,
    },
    /// Somebody else saved in between.
    #[error("version {} was saved after the one you began with", .0.theirs_version)]
    Conflict(Box<CodeConflict>),
    /// A run was recorded and failed.
    #[error("{}", .0.error.message)]
    Run(Box<RunFault>),
    /// All sandboxes are busy: nothing ran.
    #[error("all sandboxes are busy")]
    PoolFull {
        /// When to come again.
        retry_after_seconds: u32,
    },
    /// Too much at once.
    #[error("{message}")]
    RateLimited {
        /// What there was too much of.
        message: String,
        /// When to come again.
        retry_after_seconds: u32,
    },
    /// Our fault. The text is for the log, not for the caller.
    #[error("{0}")]
    Internal(String),
}

/// Both sides of two saves that met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeConflict {
    /// The newest version.
    pub theirs_version: i64,
    /// Its files.
    pub theirs: Vec<FileText>,
    /// The version that the refused save began with.
    pub base: i64,
    /// The refused files.
    pub yours: Vec<FileText>,
}

/// A recorded run that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFault {
    /// The run.
    pub run: Uuid,
    /// The stable code.
    pub code: ErrorCode,
    /// What the caller may see of it; the stack only if the caller is the run-as user.
    pub error: RunErrorView,
}

impl TownError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused { code, .. } | Self::Diagnosed { code, .. } => *code,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::Run(fault) => fault.code,
            Self::PoolFull { .. } => ErrorCode::PoolFull,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// What to do about it, if the town knows.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { hint, .. } => hint.clone(),
            _ => None,
        }
    }

    pub(crate) fn refused(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused {
            code,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hinted(
        code: ErrorCode,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Refused {
            code,
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::refused(ErrorCode::NotFound, what)
    }
}

impl TownError {
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    pub(crate) fn unusable(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Internal(format!("cannot use `{}`: {error}", path.display()))
    }
}

impl From<StoreError> for TownError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Locked { .. } => Self::hinted(
                ErrorCode::Conflict,
                error.to_string(),
                "stop the other server, or choose another folder with `--data`",
            ),
            StoreError::NotFound(entity) => Self::not_found(format!("there is no such {entity}")),
            StoreError::NameTaken { .. } => Self::hinted(
                ErrorCode::NameTaken,
                error.to_string(),
                "choose another name",
            ),
            StoreError::NotData { name } => Self::hinted(
                ErrorCode::NotData,
                format!("`{name}` is a program, and holds no value"),
                "save it with a value first, or use another name",
            ),
            StoreError::LastVersion => Self::hinted(
                ErrorCode::BadRequest,
                error.to_string(),
                "delete the val instead",
            ),
            StoreError::TooManySecrets { .. } | StoreError::SecretsTooLarge { .. } => Self::hinted(
                ErrorCode::TooLarge,
                error.to_string(),
                "delete one that is not in use",
            ),
            StoreError::BadFiles { .. } => Self::refused(ErrorCode::BadRequest, error.to_string()),
            _ => Self::internal(error),
        }
    }
}

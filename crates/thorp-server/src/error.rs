//! The one place that maps what went wrong to HTTP.
//!
//! [`TownError`] comes from below; refusals that only HTTP knows (a body that is not JSON, an unknown address) are made
//! here. Both become an [`ApiError`], which is the one error shape of the API.

use crate::json::{Conflicting, ErrorBody, ErrorDetail};
use crate::limits;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, http::HeaderName};
use thorp_town::{CodeConflict, ErrorCode, RunFault, TownError};
use uuid::Uuid;

/// The header with the id of the run that was recorded.
pub(crate) const RUN_HEADER: HeaderName = HeaderName::from_static("x-thorp-run");

/// All stable codes, with the status that they usually have and what they say.
pub(crate) const CODES: &[(&str, u16, &str)] = &[
    ("BAD_REQUEST", 400, "the request makes no sense"),
    ("BAD_JSON", 400, "the text is not JSON"),
    ("NOT_UTF8", 400, "the text is not UTF-8"),
    ("NAME_INVALID", 400, "a name is not of the allowed form"),
    ("SYNTAX_ERROR", 400, "the expression is not TypeScript"),
    ("UNAUTHORIZED", 401, "no token, or not a valid one"),
    ("FORBIDDEN", 403, "the token or the account may not do this"),
    ("STOPPED", 403, "the val is stopped by its owner"),
    (
        "NOT_FOUND",
        404,
        "there is no such thing, or none that the caller may know of",
    ),
    (
        "METHOD_NOT_ALLOWED",
        405,
        "the address exists, but not for this method",
    ),
    ("REQUEST_TIMEOUT", 408, "the body took too long to arrive"),
    ("CONFLICT", 409, "somebody else saved in between"),
    ("NAME_TAKEN", 409, "the name is in use"),
    ("NOT_DATA", 409, "a val that a run writes is a program"),
    (
        "STATE_DEADLOCK",
        409,
        "runs that write the same vals wait for each other",
    ),
    ("TOO_LARGE", 413, "more than the limit"),
    ("MISDIRECTED", 421, "the host is not one of the town's"),
    ("DOES_NOT_COMPILE", 422, "the saved version has errors"),
    (
        "TOO_COMPLEX",
        422,
        "the text is nested too deeply (400 for an expression)",
    ),
    ("DEPENDENCY_UNAVAILABLE", 422, "a package cannot be had"),
    ("DEPENDENCY_TOO_LARGE", 422, "a package is over the limit"),
    ("NOT_JSON", 422, "the result cannot be written as JSON"),
    ("RESULT_TOO_LARGE", 422, "the result is over the limit"),
    ("NO_EMAIL_ADDRESS", 409, "the account has no e-mail address"),
    ("RATE_LIMITED", 429, "too many requests"),
    (
        "STATE_BUSY",
        429,
        "runs that write the same vals took too long",
    ),
    (
        "INTERNAL",
        500,
        "our fault; the log has more under the answer's `error.id`",
    ),
    ("NOT_AVAILABLE", 501, "the town does not do this here"),
    ("USER_ERROR", 502, "the user's code threw"),
    ("WORKER_LOST", 502, "the sandbox ended before the run did"),
    (
        "SECRETS_KEY_MISSING",
        503,
        "the file with the keys of secrets is not there",
    ),
    (
        "SECRETS_KEY_UNUSABLE",
        503,
        "the file with the keys of secrets cannot be used",
    ),
    (
        "SECRET_UNREADABLE",
        503,
        "the town does not have the key of a secret",
    ),
    ("POOL_FULL", 503, "all sandboxes are busy"),
    ("TIME_LIMIT", 504, "the run took too long"),
    ("CPU_LIMIT", 504, "the run used too much processor time"),
    ("MEMORY_LIMIT", 507, "the run used too much memory"),
    ("CALL_DEPTH", 508, "programs call each other too deep"),
    (
        "LOOP_DETECTED",
        508,
        "vals ask each other, or themselves, without end",
    ),
];

/// A refusal or a failure, ready to be sent.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    retry_after_seconds: Option<u32>,
    body: ErrorBody,
}

impl ApiError {
    /// A refusal of HTTP's own.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self::with(
            status,
            ErrorDetail {
                code,
                message: message.into(),
                ..ErrorDetail::default()
            },
        )
    }

    /// 400: the request makes no sense.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// 413: `what` has more than `limit` bytes.
    pub(crate) fn too_large(what: &str, limit: usize) -> Self {
        let message = format!("{what} is over the limit of {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", message)
    }

    /// 400: `what` is not UTF-8.
    pub(crate) fn not_utf8(what: &str, valid_bytes: Option<usize>) -> Self {
        let place = valid_bytes
            .map(|bytes| format!(" after {bytes} bytes"))
            .unwrap_or_default();
        Self::new(
            StatusCode::BAD_REQUEST,
            "NOT_UTF8",
            format!("{what} is not UTF-8{place}"),
        )
    }

    /// 400: `what` is not JSON, or JSON of another form.
    pub(crate) fn from_json(what: &str, error: &serde_json::Error) -> Self {
        if error.is_data() {
            return Self::bad_request(format!("{what} is not as it should be: {error}"));
        }
        let mut refusal = Self::new(
            StatusCode::BAD_REQUEST,
            "BAD_JSON",
            format!("{what} is not JSON: {error}"),
        );
        refusal.0.body.error.line = Some(error.line());
        refusal.0.body.error.column = Some(error.column());
        refusal
    }

    /// 500: `text` is for the log; the answer has only the id to find it by.
    pub(crate) fn internal(text: &str) -> Self {
        let id = Uuid::now_v7();
        tracing::error!(%id, "{text}");
        let mut failure = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "something went wrong on our side",
        );
        failure.0.body.error.id = Some(id);
        failure.hint(format!("the log of the server has more under `{id}`"))
    }

    /// What the town says about an expression that was to be evaluated.
    ///
    /// It was sent with the request, so nesting too deeply is the request's fault.
    pub(crate) fn of_expression(error: TownError) -> Self {
        let too_complex = error.code() == ErrorCode::TooComplex;
        let mut refusal = Self::from(error);
        if too_complex {
            refusal.0.status = StatusCode::BAD_REQUEST;
        }
        refusal
    }

    /// The same, with advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.body.error.hint = Some(hint.into());
        self
    }

    /// The status it will be sent with.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What it will be sent with.
    pub(crate) fn body(&self) -> &ErrorBody {
        &self.0.body
    }

    /// What it will be sent with, where the status is already gone.
    pub(crate) fn into_body(self) -> ErrorBody {
        self.0.body
    }

    fn with(status: StatusCode, error: ErrorDetail) -> Self {
        let body = ErrorBody {
            error,
            run_id: None,
        };
        Self(Box::new(Refusal {
            status,
            retry_after_seconds: None,
            body,
        }))
    }

    fn of_run(fault: RunFault) -> Self {
        let told = fault.error;
        let error = ErrorDetail {
            code: fault.code.as_str(),
            name: told.name,
            message: told.message,
            hint: told.hint,
            stack: told.stack,
            path: told.path,
            ..ErrorDetail::default()
        };
        let mut failure = Self::with(status_of(fault.code), error);
        failure.0.body.run_id = Some(fault.run);
        failure
    }

    fn of_conflict(message: String, conflict: CodeConflict) -> Self {
        let theirs = Conflicting {
            version: Some(conflict.theirs_version),
            base: None,
            files: conflict.theirs,
        };
        let yours = Conflicting {
            version: None,
            base: Some(conflict.base),
            files: conflict.yours,
        };
        let error = ErrorDetail {
            code: ErrorCode::Conflict.as_str(),
            message,
            hint: Some(format!(
                "merge both and save again with `base` {}",
                conflict.theirs_version
            )),
            theirs: Some(theirs.into()),
            yours: Some(yours.into()),
            ..ErrorDetail::default()
        };
        Self::with(StatusCode::CONFLICT, error)
    }
}

/// The status of each of the town's codes.
fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadRequest | ErrorCode::NameInvalid | ErrorCode::SyntaxError => {
            StatusCode::BAD_REQUEST
        }
        ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden | ErrorCode::Stopped => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Conflict
        | ErrorCode::NameTaken
        | ErrorCode::NotData
        | ErrorCode::NoEmailAddress
        | ErrorCode::StateDeadlock => StatusCode::CONFLICT,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::DoesNotCompile
        | ErrorCode::TooComplex
        | ErrorCode::DependencyUnavailable
        | ErrorCode::DependencyTooLarge
        | ErrorCode::NotJson
        | ErrorCode::ResultTooLarge => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::RateLimited | ErrorCode::StateBusy => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::NotAvailable => StatusCode::NOT_IMPLEMENTED,
        ErrorCode::CallDepth | ErrorCode::LoopDetected => StatusCode::LOOP_DETECTED,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::UserError | ErrorCode::WorkerLost => StatusCode::BAD_GATEWAY,
        ErrorCode::PoolFull
        | ErrorCode::SecretsKeyMissing
        | ErrorCode::SecretsKeyUnusable
        | ErrorCode::SecretUnreadable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::TimeLimit | ErrorCode::CpuLimit => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::MemoryLimit => StatusCode::INSUFFICIENT_STORAGE,
    }
}

impl From<TownError> for ApiError {
    fn from(error: TownError) -> Self {
        let text = error.to_string();
        match error {
            TownError::Refused {
                code: ErrorCode::Internal,
                message,
                ..
            } => Self::internal(&message),
            TownError::Refused {
                code,
                message,
                hint,
            } => {
                let error = ErrorDetail {
                    code: code.as_str(),
                    message,
                    hint,
                    ..ErrorDetail::default()
                };
                let mut refusal = Self::with(status_of(code), error);
                refusal.0.retry_after_seconds =
                    (code == ErrorCode::RateLimited).then_some(limits::RATE_LIMIT_RETRY_SECONDS);
                refusal
            }
            TownError::Diagnosed {
                code,
                message,
                diagnostics,
            } => {
                let diagnostics = Some(diagnostics.into_iter().map(Into::into).collect());
                let code_text = code.as_str();
                let error = ErrorDetail {
                    code: code_text,
                    message,
                    diagnostics,
                    ..ErrorDetail::default()
                };
                Self::with(status_of(code), error)
            }
            TownError::Conflict(conflict) => Self::of_conflict(text, *conflict),
            TownError::Run(fault) => Self::of_run(*fault),
            TownError::PoolFull {
                retry_after_seconds,
            } => {
                let mut refusal = Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    ErrorCode::PoolFull.as_str(),
                    text,
                );
                refusal.0.retry_after_seconds = Some(retry_after_seconds);
                refusal.hint(format!("try again in {retry_after_seconds} s"))
            }
            TownError::RateLimited {
                retry_after_seconds,
                ..
            } => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                let mut refusal = Self::new(status, ErrorCode::RateLimited.as_str(), text);
                refusal.0.retry_after_seconds = Some(retry_after_seconds);
                refusal.hint(format!("try again in {retry_after_seconds} s"))
            }
            TownError::Internal(text) => Self::internal(&text),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Refusal {
            status,
            retry_after_seconds,
            body,
        } = *self.0;
        let run = body.run_id;
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(value) = run.and_then(run_value) {
            headers.insert(RUN_HEADER, value);
        }
        response
    }
}

/// The id of a run as a header's value.
pub(crate) fn run_value(run: Uuid) -> Option<HeaderValue> {
    HeaderValue::from_str(run.hyphenated().encode_lower(&mut Uuid::encode_buffer())).ok()
}

#[cfg(test)]
mod tests {
    use super::{ApiError, CODES, status_of};
    use axum::response::IntoResponse;
    use thorp_town::{ErrorCode, TownError};

    #[test]
    fn documented_statuses_are_the_sent_ones() {
        let codes = [
            ErrorCode::BadRequest,
            ErrorCode::Forbidden,
            ErrorCode::NameTaken,
            ErrorCode::TooComplex,
            ErrorCode::DependencyTooLarge,
            ErrorCode::WorkerLost,
            ErrorCode::PoolFull,
            ErrorCode::CpuLimit,
            ErrorCode::MemoryLimit,
            ErrorCode::RateLimited,
        ];
        for code in codes {
            let documented = CODES.iter().find(|(text, ..)| *text == code.as_str());
            assert_eq!(
                documented.map(|(_, status, _)| *status),
                Some(status_of(code).as_u16()),
                "{code:?}"
            );
        }
    }

    #[test]
    fn a_busy_town_says_when_to_come_again() {
        let response = ApiError::from(TownError::PoolFull {
            retry_after_seconds: 3,
        })
        .into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "3");
    }

    #[test]
    fn faults_of_ours_are_not_told() {
        let body = ApiError::from(TownError::Internal(
            "the disk at /secret is full".to_owned(),
        ))
        .into_body();
        let text = serde_json::to_string(&body).unwrap();
        assert!(!text.contains("secret"), "{text}");
        assert!(body.error.id.is_some());
    }
}

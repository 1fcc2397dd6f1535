//! What comes of a run: the answer, or why there is none, in words for whoever asked. Runs nothing, and writes nothing down.

use crate::error::{ErrorCode, RunFault, TownError};
use crate::evaluate::Begin;
use crate::programs::Ready;
use crate::view::RunErrorView;
use thorp_runtime::{Failure, Outcome, RunValue};
use uuid::Uuid;

/// What came of a run that ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The run.
    pub run: Uuid,
    /// JSON text.
    pub json: String,
    /// Whether the result was `undefined` (`json` is `null` then).
    pub undefined: bool,
}

/// A run that ended.
#[derive(Clone)]
pub(crate) struct Ended {
    pub(crate) id: Uuid,
    pub(crate) started_at: i64,
    pub(crate) ended_at: i64,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<(ErrorCode, RunErrorView)>,
}

impl Ended {
    /// The run did what it may not.
    pub(crate) fn fail(&mut self, error: &TownError) {
        let view = RunErrorView {
            code: error.code().as_str().to_owned(),
            name: None,
            message: error.to_string(),
            hint: error.hint(),
            stack: None,
            path: None,
        };
        self.error = Some((error.code(), view));
    }
}

/// What the caller is told.
pub(crate) fn answer(begin: &Begin, ended: &Ended) -> Result<Answer, TownError> {
    match (&ended.outcome.result, &ended.error) {
        (Ok(RunValue { json, undefined }), None) => Ok(Answer {
            run: ended.id,
            json: json.clone(),
            undefined: *undefined,
        }),
        (_, Some((code, error))) => {
            let mut error = error.clone();
            if begin.caller != begin.run_as.as_ref().map(|user| user.id) {
                error.stack = None;
            }
            Err(TownError::Run(Box::new(RunFault {
                run: ended.id,
                code: *code,
                error,
            })))
        }
        (Err(failure), None) => Err(TownError::internal(failure)),
    }
}

/// Outcomes of runs that never began.
pub(crate) fn refusal(outcome: &Outcome) -> Option<TownError> {
    match outcome.result.as_ref().err()? {
        Failure::PoolFull { retry_after_secs } => Some(TownError::PoolFull {
            retry_after_seconds: u32::try_from(*retry_after_secs).unwrap_or(u32::MAX),
        }),
        Failure::ShuttingDown => Some(TownError::PoolFull {
            retry_after_seconds: 5,
        }),
        Failure::BadProgram { reason } => {
            Some(TownError::internal(format!("a bad program: {reason}")))
        }
        _ => None,
    }
}

/// What went wrong in a run, in the user's own terms.
pub(crate) fn fault(failure: &Failure, ready: &Ready) -> (ErrorCode, RunErrorView) {
    let code = fault_code(failure);
    let mut view = RunErrorView {
        code: code.as_str().to_owned(),
        name: None,
        message: failure.to_string(),
        hint: fault_hint(failure)
            .or_else(|| frozen_hint(failure, ready))
            .or_else(|| missing_hint(failure, ready)),
        stack: None,
        path: None,
    };
    match failure {
        Failure::Thrown {
            name,
            message,
            stack,
        } => {
            view.name = Some(name.clone());
            view.message = message.clone();
            view.stack = stack.as_deref().map(|stack| ready.map_stack(stack));
        }
        Failure::NotJson { path, .. } => view.path = Some(path.clone()),
        _ => {}
    }
    (code, view)
}

/// What a program is told that changes a value which it only sees.
const FROZEN: [&str; 3] = [
    "read only property",
    "object is not extensible",
    "Cannot delete property",
];

fn frozen_hint(failure: &Failure, ready: &Ready) -> Option<String> {
    let Failure::Thrown { message, .. } = failure else {
        return None;
    };
    let is_frozen = !ready.uses().is_empty() && FROZEN.iter().any(|part| message.contains(part));
    is_frozen.then(|| {
        "the values of vals are frozen: write to the val itself, as in `@me.list.push(1)` or `me.update(…)`, or change a copy"
            .to_owned()
    })
}

/// What a program is told that uses a val which is not there; the guest says it.
const MISSING: &str = ": there is no such val";

fn missing_hint(failure: &Failure, ready: &Ready) -> Option<String> {
    let Failure::Thrown { message, .. } = failure else {
        return None;
    };
    let is_missing = !ready.uses().is_empty() && message.ends_with(MISSING);
    is_missing.then(|| {
        "look at its name and its owner's; somebody else's private val is `undefined`, too, and `?.` passes over both"
            .to_owned()
    })
}

fn fault_code(failure: &Failure) -> ErrorCode {
    match failure {
        Failure::Thrown { .. } => ErrorCode::UserError,
        Failure::NotJson { .. } => ErrorCode::NotJson,
        Failure::ResultTooLarge { .. } => ErrorCode::ResultTooLarge,
        Failure::TimeLimit { .. } => ErrorCode::TimeLimit,
        Failure::CpuLimit { .. } => ErrorCode::CpuLimit,
        Failure::MemoryLimit { .. } => ErrorCode::MemoryLimit,
        Failure::WorkerLost { .. } => ErrorCode::WorkerLost,
        Failure::PoolFull { .. } | Failure::ShuttingDown => ErrorCode::PoolFull,
        Failure::BadProgram { .. } => ErrorCode::Internal,
    }
}

/// What a program is told that connects by other means than the gateway.
const RAW_NETWORK: [&str; 3] = [
    "getaddrinfo EAI_AGAIN",
    "connect EPERM",
    "Operation not permitted (os error 1)",
];

/// What a program is told that connects to a port where the gateway takes no connections.
const CLOSED_PORT: [&str; 2] = ["ECONNREFUSED", "Connection refused (os error 111)"];

fn fault_hint(failure: &Failure) -> Option<String> {
    let hint = match failure {
        Failure::NotJson { .. } => {
            "return strings, numbers, booleans, `null`, arrays and plain objects"
        }
        Failure::ResultTooLarge { .. } => "return a part of it",
        Failure::TimeLimit { .. } => "split the work into several runs",
        Failure::CpuLimit { .. } => "look for a loop that never ends",
        Failure::MemoryLimit { .. } => "work on smaller pieces at a time",
        Failure::Thrown { message, .. }
            if RAW_NETWORK.iter().any(|part| message.contains(part)) =>
        {
            "`fetch`, `WebSocket` and `EventSource` reach the network; nothing may listen, and raw connections need a jail with namespaces (`thorp doctor` tells); axios has `adapter: \"fetch\"`"
        }
        Failure::Thrown { message, .. }
            if CLOSED_PORT.iter().any(|part| message.contains(part)) =>
        {
            "`fetch` reaches every port, raw connections usual ones and those that an `--egress-allow` of the operator names"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// What whoever may not read a val is told of its code: nothing.
pub(crate) fn without_code(error: TownError) -> TownError {
    match error {
        TownError::Diagnosed { code, .. }
        | TownError::Refused {
            code: code @ ErrorCode::DoesNotCompile,
            ..
        } => TownError::hinted(
            code,
            "the val does not compile",
            "whoever may read it is told why",
        ),
        error => error,
    }
}

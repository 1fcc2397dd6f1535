//! What a program may ask of whoever runs it, while it runs.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::limits::{CALLS_MAX, CALLS_OPEN_MAX};

/// A call on its way.
pub type Calling = Pin<Box<dyn Future<Output = Result<Option<String>, CallError>> + Send>>;

/// Whether anybody still wants a run, see [`Host::abandoned`].
pub type Abandoned = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Answers the calls of one run. It decides what the run may do: what a program says is the word of a stranger.
pub trait Host: Debug + Send + Sync {
    /// Does what is asked; `args` is a JSON array. The answer is JSON, or `None` for `undefined`. Dropped when the run ends.
    /// `foreign` names the foreign val that asks, if one does. Whoever runs in a sandbox may leave it out, so it is a reason to
    /// allow less, and its absence is none to allow more than the run's user may.
    fn call(&self, operation: String, args: Box<RawValue>, foreign: Option<String>) -> Calling;

    /// Settles when nobody wants the run any more: it ends then.
    fn abandoned(&self) -> Abandoned {
        Box::pin(std::future::pending())
    }
}

/// What a program is told instead of an answer: it becomes an error of the language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallError {
    /// `Error`, `TypeError`, …
    pub name: String,
    /// For people.
    pub message: String,
    /// For programs.
    pub code: String,
}

/// What the guest sends.
#[derive(Deserialize)]
struct Call {
    id: u64,
    operation: String,
    args: Box<RawValue>,
    #[serde(default)]
    foreign: Option<String>,
}

/// The payload of an answer.
#[derive(Serialize)]
pub(crate) struct Answer {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<CallError>,
}

/// A run that calls: who answers it, and how often it has asked.
#[derive(Debug, Default)]
pub(crate) struct Asker {
    host: Option<Arc<dyn Host>>,
    count: usize,
}

impl Asker {
    pub(crate) fn new(host: Option<Arc<dyn Host>>) -> Self {
        Self { host, count: 0 }
    }

    /// Settles when nobody wants the run any more.
    pub(crate) fn abandoned(&self) -> Abandoned {
        match &self.host {
            Some(host) => host.abandoned(),
            None => Box::pin(std::future::pending()),
        }
    }
}

/// The open calls of one guest.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    open: FuturesUnordered<Pin<Box<dyn Future<Output = Answer> + Send>>>,
}

impl Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Calls {
    /// Begins a call; `None` if the guest sent what is none.
    pub(crate) fn begin(&mut self, asker: &mut Asker, payload: &[u8]) -> Option<()> {
        let Call {
            id,
            operation,
            args,
            foreign,
        } = serde_json::from_slice(payload).ok()?;
        asker.count += 1;
        let refused = self.refusal(asker);
        let called = match (refused, &asker.host) {
            (None, Some(host)) => host.call(operation, args, foreign),
            (Some(error), _) => Box::pin(std::future::ready(Err(error))),
            (None, None) => Box::pin(std::future::ready(Err(nobody()))),
        };
        self.open
            .push(Box::pin(async move { Answer::new(id, called.await) }));
        Some(())
    }

    fn refusal(&self, asker: &Asker) -> Option<CallError> {
        if self.open.len() >= CALLS_OPEN_MAX {
            return Some(limit(format!(
                "{CALLS_OPEN_MAX} calls of the town are open at a time"
            )));
        }
        (asker.count > CALLS_MAX)
            .then(|| limit(format!("a run makes at most {CALLS_MAX} calls of the town")))
    }

    /// The next answer; never if no call is open.
    pub(crate) async fn answered(&mut self) -> Answer {
        match self.open.next().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

impl Answer {
    fn new(id: u64, result: Result<Option<String>, CallError>) -> Self {
        let value = result.map(|json| json.map(RawValue::from_string));
        match value {
            Ok(None) => Self {
                id,
                value: None,
                error: None,
            },
            Ok(Some(Ok(value))) => Self {
                id,
                value: Some(value),
                error: None,
            },
            // The host's own fault.
            Ok(Some(Err(_))) => Self {
                id,
                value: None,
                error: Some(nobody()),
            },
            Err(error) => Self {
                id,
                value: None,
                error: Some(error),
            },
        }
    }
}

fn limit(message: String) -> CallError {
    CallError {
        name: "Error".to_owned(),
        message,
        code: "RATE_LIMITED".to_owned(),
    }
}

fn nobody() -> CallError {
    CallError {
        name: "Error".to_owned(),
        message: "the town answers no calls here".to_owned(),
        code: "NOT_AVAILABLE".to_owned(),
    }
}

//! What a run left.

use std::time::Duration;

use thorp_gateway::Egress;

use crate::denied::Denied;

use serde::{Deserialize, Serialize};

/// What a run left: always something, whatever happened to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The value, or why there is none.
    pub result: Result<RunValue, Failure>,
    /// What it logged, in order.
    pub logs: Vec<LogLine>,
    /// Whether it logged more than was kept.
    pub logs_truncated: bool,
    /// What it used.
    pub usage: Usage,
    /// What it asked of the network.
    pub egress: Egress,
    /// What foreign code in it asked for and did not get, each once.
    pub denied: Vec<Denied>,
    /// Whether there was more of that than was kept.
    pub denied_truncated: bool,
    /// What it wrote, if it ended well: JSON that the program made, an array of `[name, value]`, and `[name]` for what it deleted.
    pub writes: Option<String>,
}

impl Outcome {
    /// Of a run that did not begin.
    pub(crate) fn nothing(failure: Failure) -> Self {
        Self {
            result: Err(failure),
            logs: Vec::new(),
            logs_truncated: false,
            usage: Usage::default(),
            egress: Egress::default(),
            denied: Vec::new(),
            denied_truncated: false,
            writes: None,
        }
    }
}

/// The value of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunValue {
    /// Valid JSON text; `null` if the value was `undefined`.
    pub json: String,
    /// Whether the value was `undefined`.
    pub undefined: bool,
}

/// Why a run has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The program threw, or a promise of it was rejected.
    #[error("{name}: {message}")]
    Thrown {
        /// The error's name, such as `TypeError`.
        name: String,
        /// The error's message.
        message: String,
        /// The error's stack, with paths as in [`crate::MODULE_ROOT_URL`].
        stack: Option<String>,
    },
    /// The value is none that JSON can express.
    #[error("the value at `{path}` is not JSON: {reason}")]
    NotJson {
        /// Where in the value, such as `$.a[2].b`.
        path: String,
        /// What was found there.
        reason: String,
    },
    /// The value's JSON text is larger than [`crate::limits::RESULT_BYTES_MAX`].
    #[error("the result is larger than {bytes_max} bytes")]
    ResultTooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The program ran longer than [`crate::RunLimits::wall`].
    #[error("the run took longer than {} ms", limit.as_millis())]
    TimeLimit {
        /// The limit.
        limit: Duration,
    },
    /// The program computed longer than [`crate::RunLimits::cpu`].
    #[error("the run used more than {} ms of processor time", limit.as_millis())]
    CpuLimit {
        /// The limit.
        limit: Duration,
    },
    /// The program wanted more memory than [`crate::RunLimits::memory_bytes`].
    #[error("the run needs more than {} MiB of memory", limit_bytes >> 20)]
    MemoryLimit {
        /// The limit.
        limit_bytes: u64,
    },
    /// The sandbox ended, or broke its protocol, before the program had a value.
    #[error("the sandbox was lost: {reason}")]
    WorkerLost {
        /// What happened to it.
        reason: String,
    },
    /// Too many runs wait, or this one waited too long.
    #[error("all sandboxes are busy")]
    PoolFull {
        /// When to try again.
        retry_after_secs: u64,
    },
    /// The program or its arguments cannot be given to a sandbox.
    #[error("the program cannot be run: {reason}")]
    BadProgram {
        /// What is wrong with it.
        reason: String,
    },
    /// The runtime is being shut down, and the run has not begun.
    #[error("the town is shutting down")]
    ShuttingDown,
}

/// One line of a run's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Microseconds since the Unix epoch, by [`crate::RuntimeConfig::clock`].
    pub at_micros: i64,
    /// How it was logged.
    pub level: LogLevel,
    /// What was logged; it may have more than one line.
    pub text: String,
}

/// How a line was logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// `console.debug`
    Debug,
    /// `console.log`
    Log,
    /// `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
    /// Written to the standard output.
    Stdout,
    /// Written to the standard error.
    Stderr,
}

impl LogLevel {
    /// The name that users see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Log => "log",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// What a run used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Waiting for a sandbox.
    pub queue_micros: u64,
    /// Handing over the program: writing its files and sending it.
    pub start_micros: u64,
    /// From then to its end.
    pub run_micros: u64,
    /// Processor time, its own start in the sandbox excluded.
    pub cpu_micros: u64,
    /// The most memory that was seen: resident, beyond the shared pages of the Deno binary.
    pub memory_bytes: u64,
}

/// What the pool is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolStatus {
    /// Prepared sandboxes.
    pub ready: usize,
    /// Sandboxes that are starting.
    pub starting: usize,
    /// Runs in a sandbox.
    pub running: usize,
    /// Sandboxes that had a run and wait for another one of the same program.
    pub idle_workers: usize,
    /// Runs that wait for a sandbox.
    pub waiting: usize,
    /// How many prepared sandboxes the pool wants now.
    pub target: usize,
    /// Sandboxes that got ready since the start.
    pub started_total: u64,
    /// Sandboxes that failed to start or died while prepared.
    pub failed_total: u64,
    /// Whether the newest start succeeded.
    pub healthy: bool,
}

impl PoolStatus {
    /// Two pools as one.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            ready: self.ready + other.ready,
            starting: self.starting + other.starting,
            running: self.running + other.running,
            idle_workers: self.idle_workers + other.idle_workers,
            waiting: self.waiting + other.waiting,
            target: self.target + other.target,
            started_total: self.started_total + other.started_total,
            failed_total: self.failed_total + other.failed_total,
            healthy: self.healthy && other.healthy,
        }
    }
}

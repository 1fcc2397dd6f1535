//! The pool of sandboxes, the runs in them, and the guest's protocol.
//!
//! Owns: starting Deno with the guest, keeping prepared sandboxes, handing one run to one of them, the limits of that
//! run, and cleaning up. It must not know users, permissions or the store: a job says what to run and within what
//! limits, never why. Everything that a guest says is the word of a stranger: it is bounded, checked, and believed only
//! about its own run.

mod boot;
mod cleaner;
mod config;
pub mod confined;
mod control;
mod denied;
mod deno;
mod ending;
mod error;
mod folder;
mod foreign;
mod frame;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod guest;
mod host;
mod image;
mod job;
pub mod limits;
mod logs;
mod meter;
mod outcome;
mod output;
mod policy;
mod pool;
mod prepare;
mod request;
mod run;
mod runtime;
mod shares;
mod text;
mod trial;
mod web;
mod worker;
mod workers;

/// The way out of the sandboxes.
pub use thorp_gateway as gateway;

pub use config::{Clock, PoolLimits, RuntimeConfig};
pub use denied::Denied;
pub use error::RuntimeError;
pub use host::{Abandoned, CallError, Calling, Host};
pub use job::{
    Export, ForeignBundle, Job, ModuleProgram, ModuleVal, NOT_CALLED, Program, RunLimits, Secret,
    Sight, foreign_path,
};
pub use outcome::{Failure, LogLevel, LogLine, Outcome, PoolStatus, RunValue, Usage};
pub use runtime::Runtime;
pub use trial::Trial;
pub use web::{AnswerBody, Asking, BodyError, Service, WebAnswer, WebBody, WebEnd, WebRequest};

/// What a stack trace calls the code of a [`Program::Body`].
pub const BODY_SOURCE_URL: &str = "file:///val/eval";

/// Lines that the engine puts before a [`Program::Body`]: its first line is line `BODY_HEADER_LINES + 1` of
/// [`BODY_SOURCE_URL`].
pub const BODY_HEADER_LINES: u32 = 2;

/// Where stack traces and logs show the files of a [`ModuleProgram`]: `main.tsx` is `file:///val/main.tsx`, whatever
/// the sandbox's folder was.
pub const MODULE_ROOT_URL: &str = "file:///val/";

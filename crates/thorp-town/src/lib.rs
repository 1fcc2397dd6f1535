//! The rules of the town: who may do what, and what happens when somebody saves, evaluates, runs or asks.
//!
//! The one place that knows both a user and a sandbox. It joins the language, the store and the runtime, and knows no HTTP but what passes through to a val.

mod accounts;
mod answers;
mod check;
mod compiler;
mod dependencies;
mod error;
mod evaluate;
mod foreign;
mod health;
mod keep;
mod keeper;
pub mod limits;
mod mail;
mod names;
mod programs;
mod records;
mod save;
mod scratch;
mod secrets;
mod state;
mod tokens;
mod town;
mod vals;
mod view;
mod web;
mod workshop;

pub use accounts::add_user_to_folder;
pub use answers::Answer;
pub use check::{Checked, FindingView, ReasonView, StepView};
pub use compiler::COMPILE_SUBCOMMAND;
pub use dependencies::esbuild_beside;
pub use error::{CodeConflict, ErrorCode, RunFault, TownError};
pub use evaluate::{EvalInput, RunInput};
pub use health::{Check, Health};
pub use keep::KeepRun;
pub use mail::{AttachmentView, EmailDetail, EmailView, SmtpConfig};
pub use save::{OnProgress, Progress, ProgressStep};
pub use secrets::{KeyError, KeyState, NewSecret, Rotated, SecretView, key_state, rotate_keys};
pub use thorp_runtime::confined::{Found, Layers, Refused, Tier, probe};
pub use thorp_runtime::gateway::policy::{RuleError, Rules};
pub use thorp_runtime::{AnswerBody, BodyError, WebAnswer, WebBody, WebRequest};
pub use town::{Clock, Opened, Town, TownConfig};
pub use vals::{FileText, NewVal, SaveVal, ValPatch, ValQuery};
pub use view::{
    AuthorView, Caller, DeniedView, DependencyView, DiagnosticView, EgressRequestView, EgressView,
    Endpoint, HttpView, Isolation, IssuedToken, LogView, NewToken, Page, Privacy, RunDetail,
    RunErrorView, RunQuery, RunVal, RunView, Scope, Slice, TokenView, UsageView, UserView,
    ValDetail, ValView, VersionView,
};
pub use web::{Visited, Visitor};

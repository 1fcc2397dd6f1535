//! What each route does: a folder a domain, a file an action.
//!
//! A handler takes the request apart, asks the town once and writes the answer. It decides nothing.

#![allow(
    unused_qualifications,
    reason = "`utoipa::path` writes its parameters' types qualified"
)]

pub(crate) mod alias;
pub(crate) mod answer;
pub(crate) mod check;
pub(crate) mod eval;
pub(crate) mod me;
pub(crate) mod root;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod save;
pub(crate) mod search;
pub(crate) mod secrets;
pub(crate) mod tokens;
pub(crate) mod users;
pub(crate) mod v0;
pub(crate) mod vals;
pub(crate) mod versions;

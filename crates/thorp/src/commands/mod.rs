//! The commands that talk to a town, a module each.

pub(crate) mod arguments;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod eval;
pub(crate) mod key;
pub(crate) mod listing;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod mail;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod secret;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod vals;
pub(crate) mod whoami;

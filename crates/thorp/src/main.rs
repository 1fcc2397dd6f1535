//! The `thorp` program: keeps a town (`serve`, `doctor`) and talks to one (the other commands).
//!
//! The only place that joins the server, the town and the command line. It holds no rules of the town itself: the
//! client commands know nothing but the HTTP API.

mod cli;
mod client;
mod commands;
mod config;
mod failure;
mod limits;
mod link;
mod output;
mod place;
mod target;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

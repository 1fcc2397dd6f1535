//! The `thorp` program: keeps a town (`serve`, `doctor`) and talks to one (the other commands).
//!
//! The only place that joins the server, the town and the command line. It holds no rules of the town itself: the
//! client commands know nothing but the HTTP API.

mod cli;
mod client;
mod commands;
mod config;
mod doctor;
mod failure;
mod limits;
mod link;
mod output;
mod place;
mod serve;
mod target;

use std::ffi::OsString;
use std::process::ExitCode;

/// Before the command line is even parsed: the town runs this binary again, as the helper that confines a process and
/// as the process that compiles.
fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    if let Some(not_confined) = thorp_jail::confine_main(args.iter().cloned()) {
        return not_confined;
    }
    if args
        .get(1)
        .is_some_and(|arg| arg == thorp_town::COMPILE_SUBCOMMAND)
    {
        let served = thorp_lang::worker::serve(std::io::stdin(), std::io::stdout());
        return if served.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    cli::run()
}

//! The command line: which commands there are, and how each ends.

use crate::commands::{
    check, completions, eval, key, login, logout, mail, pull, push, run, runs, secret, token, user,
    vals, whoami,
};
use crate::doctor;
use crate::failure::Failure;
use crate::output::style;
use crate::serve;
use clap::{Args, Parser, Subcommand};
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the program that ran failed or does not compile, or a check failed
  2  the command line, or a file that it names, makes no sense
  3  refused: not logged in, not allowed, or no such thing
  4  the town cannot be reached, is busy or is broken
  5  something else was there first: a newer version, a name, a lock, a port

Examples:
  thorp serve                                    keep a town in ./thorp-data
  thorp login http://127.0.0.1:8700              sign in to it
  thorp eval '[1, 2, 3].map((x) => x * 2)'       evaluate an expression
  thorp push hello.ts && thorp run hello 'you'   save a program and run it";

/// A town of TypeScript functions that you host yourself
#[derive(Parser)]
#[command(name = "thorp", version, styles = style::HELP, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(Box<serve::ServeArgs>),
    Doctor(doctor::DoctorArgs),
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Whoami(whoami::WhoamiArgs),
    Eval(eval::EvalArgs),
    Run(run::RunArgs),
    Push(push::PushArgs),
    Pull(pull::PullArgs),
    #[command(subcommand)]
    Vals(vals::ValsCommand),
    Runs(runs::RunsArgs),
    Check(check::CheckArgs),
    #[command(subcommand)]
    Mail(mail::MailCommand),
    #[command(subcommand)]
    User(user::UserCommand),
    #[command(subcommand)]
    Token(token::TokenCommand),
    #[command(subcommand)]
    Secret(secret::SecretCommand),
    #[command(subcommand)]
    Key(key::KeyCommand),
    Completions(completions::CompletionsArgs),
}

/// Which town a command talks to, and how it prints.
#[derive(Args, Clone, Debug)]
pub(crate) struct TownArgs {
    /// The town to talk to [default: the one of the newest login]
    #[arg(
        long,
        env = "THORP_URL",
        value_name = "URL",
        help_heading = "Town options"
    )]
    pub(crate) url: Option<String>,
    /// The token to use [default: the one of the login]
    #[arg(
        long,
        env = "THORP_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        help_heading = "Town options"
    )]
    pub(crate) token: Option<String>,
    /// Print the town's JSON as it is
    #[arg(long, help_heading = "Town options")]
    pub(crate) json: bool,
}

/// Runs the command that the arguments name.
pub(crate) fn run() -> ExitCode {
    let command = Cli::parse().command;
    let json = command.json();
    match command.execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}

impl Command {
    fn execute(self) -> Result<(), Failure> {
        match self {
            Self::Serve(args) => serve::execute(&args),
            Self::Doctor(args) => doctor::execute(&args),
            Self::Login(args) => login::execute(&args),
            Self::Logout(args) => logout::execute(&args),
            Self::Whoami(args) => whoami::execute(&args),
            Self::Eval(args) => eval::execute(&args),
            Self::Run(args) => run::execute(&args),
            Self::Push(args) => push::execute(&args),
            Self::Pull(args) => pull::execute(&args),
            Self::Vals(command) => vals::execute(&command),
            Self::Runs(args) => runs::execute(&args),
            Self::Check(args) => check::execute(&args),
            Self::Mail(command) => mail::execute(&command),
            Self::User(command) => user::execute(&command),
            Self::Token(command) => token::execute(&command),
            Self::Secret(command) => secret::execute(&command),
            Self::Key(command) => key::execute(&command),
            Self::Completions(args) => completions::execute(&args),
        }
    }

    /// Whether failures are wanted as JSON.
    fn json(&self) -> bool {
        match self {
            Self::Whoami(args) => args.town.json,
            Self::Eval(args) => args.town.json,
            Self::Run(args) => args.town.json,
            Self::Push(args) => args.town.json,
            Self::Pull(args) => args.town.json,
            Self::Vals(command) => command.json(),
            Self::Runs(args) => args.json(),
            Self::Check(args) => args.town.json,
            Self::Mail(command) => command.json(),
            Self::User(command) => command.json(),
            Self::Token(command) => command.json(),
            Self::Secret(command) => command.json(),
            Self::Key(command) => command.json(),
            Self::Serve(_)
            | Self::Doctor(_)
            | Self::Login(_)
            | Self::Logout(_)
            | Self::Completions(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_sound() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}

//! `thorp login`: keeps a token for a town, after asking the town whose it is.

use crate::client::{Client, api::User, is_loopback};
use crate::config::{Config, town_url};
use crate::failure::{Exit, Failure};
use crate::output::{self, style::WARNING};
use clap::Args;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// Sign in to a town and make it the one that commands talk to
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp login http://127.0.0.1:8700          asks for the token
  thorp login http://127.0.0.1:8700 --token-file thorp-data/owner.token
  pass town/token | thorp login https://town.example --token-file -")]
pub(crate) struct LoginArgs {
    /// The town's URL: the first line that `thorp serve` prints
    url: String,
    /// Read the token from a file, or from stdin with `-`, instead of asking for it
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

pub(crate) fn execute(args: &LoginArgs) -> Result<(), Failure> {
    let town = town_url(&args.url)?;
    warn_if_readable(&town);
    let token = match &args.token_file {
        Some(file) => read_token(file)?,
        None => ask_token(&town)?,
    };
    let user = whose(&town, &token)?;
    let mut config = Config::load()?;
    config.log_in(&town, &user, &token);
    config.save()?;
    output::line(format!("logged in to {town} as {}", output::clean(&user)));
    Ok(())
}

/// Asks the town whose token it is, which also shows that it works.
fn whose(town: &str, token: &str) -> Result<String, Failure> {
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Failure::usage("that is not a token")
            .hint("a token is one word that begins with `thorp_`"));
    }
    let client = Client::to(town.to_owned(), Some(token.to_owned()))?;
    match client.get("/v1/me") {
        Ok(reply) => Ok(reply.read::<User>()?.username),
        Err(failure) if failure.exit == Exit::Refused => Err(Failure::new(
            Exit::Refused,
            format!("`{town}` does not know this token"),
        )
        .hint("tokens are made with `thorp token create`, or `thorp user add` for a new person")),
        Err(failure) => Err(failure),
    }
}

fn warn_if_readable(town: &str) {
    if town.starts_with("http://") && town.parse().is_ok_and(|uri| !is_loopback(&uri)) {
        output::note(format!(
            "{WARNING}warning:{WARNING:#} `{town}` is not encrypted: the token can be read on the way"
        ));
    }
}

fn read_token(file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map(|text| text.trim().to_owned())
        .map_err(|error| Failure::file("read", file, &error))
}

fn ask_token(town: &str) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(
            Failure::usage("there is no terminal to ask for the token on").hint(format!(
                "`thorp login {town} --token-file -` reads it from stdin"
            )),
        );
    }
    let mut err = std::io::stderr();
    let _ = write!(err, "token for {town}: ").and_then(|()| err.flush());
    let answer = without_echo(|| {
        let mut line = String::new();
        stdin.read_line(&mut line).map(|_| line)
    });
    let _ = writeln!(err);
    answer
        .map(|line| line.trim().to_owned())
        .map_err(|error| Failure::usage(format!("cannot read the token: {error}")))
}

/// Reads while the terminal does not show what is typed; the terminal is put back in any case.
pub(crate) fn without_echo<T>(read: impl FnOnce() -> std::io::Result<T>) -> std::io::Result<T> {
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
    let answer = read();
    tcsetattr(&stdin, OptionalActions::Flush, &before)?;
    answer
}

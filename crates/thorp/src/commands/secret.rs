//! `thorp secret`: one's own secrets. A value is read from stdin or a terminal, never from an argument, which others see.

use super::listing::SliceArgs;
use super::login::without_echo;
use crate::cli::TownArgs;
use crate::client::api::Secret;
use crate::client::{Client, escape};
use crate::failure::Failure;
use crate::output::{self, time};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::{IsTerminal, Read, Write};
use ureq::http::Method;

/// Keep your secrets
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    Set(SetArgs),
    List(ListArgs),
    Rm(RemoveArgs),
}

/// Set a secret to what stdin has
#[derive(Args, Debug)]
#[command(after_help = "\
On a terminal the value is asked for, and not shown. One line break at its end is left out. Programs
read it by `Deno.env.get(\"NAME\")` or `process.env.NAME`; the next run sees it.

Examples:
  thorp secret set OPENAI_API_KEY
  thorp secret set DEPLOY_KEY < ~/.ssh/deploy
  pass show openai | thorp secret set OPENAI_API_KEY
  thorp secret set OPENAI_API_KEY --packages true      share it with packages")]
pub(crate) struct SetArgs {
    /// Its name: letters, digits and `_`
    name: String,
    /// Whether packages see it too; alone it leaves the value as it is
    #[arg(long, value_name = "BOOL")]
    packages: Option<bool>,
    /// Set the value too, where `--packages` is given
    #[arg(long, requires = "packages")]
    value: bool,
    #[command(flatten)]
    town: TownArgs,
}

/// List your secrets, without their values
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp secret list
  thorp secret list --json")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    slice: SliceArgs,
    #[command(flatten)]
    town: TownArgs,
}

/// Remove a secret and its value, for good
#[derive(Args, Debug)]
#[command(after_help = "\
Nothing brings it back, so on a terminal it is asked first; elsewhere `--yes` has to be given.

Examples:
  thorp secret rm OPENAI_API_KEY
  thorp secret rm OPENAI_API_KEY --yes")]
pub(crate) struct RemoveArgs {
    /// Its name
    name: String,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    town: TownArgs,
}

impl SecretCommand {
    /// Whether failures are wanted as JSON.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Set(args) => args.town.json,
            Self::List(args) => args.town.json,
            Self::Rm(args) => args.town.json,
        }
    }
}

pub(crate) fn execute(command: &SecretCommand) -> Result<(), Failure> {
    match command {
        SecretCommand::Set(args) => set(args),
        SecretCommand::List(args) => list(args),
        SecretCommand::Rm(args) => remove(args),
    }
}

fn path(name: &str) -> String {
    format!("/v1/secrets/{}", escape(name))
}

fn set(args: &SetArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let mut body = json!({});
    if let Some(packages) = args.packages {
        body["packages"] = json!(packages);
    }
    if args.packages.is_none() || args.value {
        body["value"] = json!(value(&args.name)?);
    }
    let reply = client.send(Method::PUT, &path(&args.name), &body)?;
    if args.town.json {
        output::data(&reply.body);
        return Ok(());
    }
    let secret: Secret = reply.read()?;
    let shared = if secret.packages {
        ", shared with packages"
    } else {
        ""
    };
    output::line(output::clean(&format!("set {}{shared}", secret.name)));
    Ok(())
}

/// What is piped in, or typed where nobody sees it.
fn value(name: &str) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    let unreadable =
        |error: std::io::Error| Failure::usage(format!("cannot read the value: {error}"));
    let mut text = String::new();
    if stdin.is_terminal() {
        let mut err = std::io::stderr();
        let _ = write!(err, "value of {}: ", output::clean(name)).and_then(|()| err.flush());
        let read = without_echo(|| stdin.read_line(&mut text));
        let _ = writeln!(err);
        read.map_err(unreadable)?;
    } else {
        let most = (thorp_town::limits::SECRET_BYTES_MAX + 3) as u64;
        stdin
            .take(most)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
    }
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        return Err(Failure::usage("the value is empty")
            .hint(format!("`thorp secret rm {name}` removes a secret")));
    }
    Ok(value.to_owned())
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let headings = ["name", "packages", "set", "made", ""];
    let path = format!("/v1/secrets{}", args.slice.query(&[]));
    args.slice
        .print(&client, &args.town, &path, headings, |secret: &Secret| {
            let packages = if secret.packages { "shared" } else { "" };
            let state = if secret.readable {
                ""
            } else {
                "cannot be read"
            };
            [
                secret.name.clone(),
                packages.to_owned(),
                time::ago(&secret.updated_at),
                time::ago(&secret.created_at),
                state.to_owned(),
            ]
        })
}

fn remove(args: &RemoveArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    if !args.yes && !confirmed(&args.name)? {
        output::note("nothing was removed");
        return Ok(());
    }
    client.delete(&path(&args.name))?;
    if !args.town.json {
        let name = output::clean(&args.name);
        output::line(format!("removed {name}; this cannot be undone"));
    }
    Ok(())
}

fn confirmed(name: &str) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::usage("there is no terminal to ask on")
            .hint("`--yes` removes it without a question"));
    }
    let mut err = std::io::stderr();
    let question = format!(
        "remove {} and its value, for good? [y/N] ",
        output::clean(name)
    );
    let _ = err
        .write_all(question.as_bytes())
        .and_then(|()| err.flush());
    let mut answer = String::new();
    stdin
        .read_line(&mut answer)
        .map_err(|error| Failure::usage(format!("cannot read the answer: {error}")))?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}

//! `thorp vals rename` and `thorp vals set`.

use super::tell;
use crate::cli::TownArgs;
use crate::client::api::Val;
use crate::client::{Client, escape};
use crate::commands::push::Privacy;
use crate::failure::Failure;
use crate::output::{self, diagnostics};
use crate::target::Target;
use clap::{ArgGroup, Args, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;
use ureq::http::Method;

/// The warning that everyone may now do something as the val's owner.
const OPENED: &str = "PUBLIC_ENDPOINT";

/// Give a val another name; the old one leads to it
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp vals rename hello greet")]
pub(crate) struct RenameArgs {
    /// The val: `hello`, or its id
    #[arg(value_name = "VAL")]
    target: Target,
    /// The new name
    name: String,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

/// Change who may read or call a val, what its runs share, or its description
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("change").required(true).multiple(true), after_help = "\
Examples:
  thorp vals set hello --privacy public
  thorp vals set hello --privacy public --endpoint private
  thorp vals set hello --isolation fresh
  thorp vals set hello --readme README.md")]
pub(crate) struct SetArgs {
    /// The val: `hello`, or its id
    #[arg(value_name = "VAL")]
    target: Target,
    /// Who may read its code
    #[arg(long, group = "change")]
    privacy: Option<Privacy>,
    /// Who may call it
    #[arg(long, group = "change")]
    endpoint: Option<Endpoint>,
    /// Whether each of its runs has a sandbox of its own
    #[arg(long, group = "change")]
    isolation: Option<Isolation>,
    /// A file with a description of it
    #[arg(long, value_name = "FILE", group = "change")]
    readme: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

/// Who may call a val.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Endpoint {
    /// Everyone
    Public,
    /// You
    Private,
    /// Nobody at its address, and you by its name
    Off,
}

pub(crate) fn rename(args: &RenameArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let before = args.target.find(&client)?.val;
    let path = format!("/v1/vals/{}", escape(&before.id));
    let reply = client.send(Method::PATCH, &path, &json!({ "name": args.name }))?;
    tell(args.town.json, &reply, |val| {
        format!("{} is {} now", before.full_name(), val.full_name())
    })
}

pub(crate) fn set(args: &SetArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let val = args.target.find(&client)?.val;
    let reply = client.send(
        Method::PATCH,
        &format!("/v1/vals/{}", escape(&val.id)),
        &changes(args)?,
    )?;
    tell(args.town.json, &reply, |val| {
        format!(
            "{}: code is {}, endpoint is {}",
            val.full_name(),
            val.privacy,
            val.endpoint
        )
    })?;
    let mut val: Val = reply.read()?;
    val.diagnostics.retain(|found| found.code == OPENED);
    if !val.diagnostics.is_empty() {
        let shown = diagnostics::render(&val.diagnostics, &val.all_files());
        output::note(format!("\n{shown}\n"));
    }
    Ok(())
}

/// What the runs of a val share.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Isolation {
    /// One after the other may have the same sandbox
    Warm,
    /// Each has its own
    Fresh,
}

fn changes(args: &SetArgs) -> Result<Value, Failure> {
    let mut body = json!({});
    if let Some(privacy) = args.privacy {
        body["privacy"] = json!(privacy.as_str());
    }
    if let Some(endpoint) = args.endpoint {
        body["endpoint"] = json!(match endpoint {
            Endpoint::Public => "public",
            Endpoint::Private => "private",
            Endpoint::Off => "off",
        });
    }
    if let Some(isolation) = args.isolation {
        body["isolation"] = json!(if matches!(isolation, Isolation::Fresh) {
            "fresh"
        } else {
            "warm"
        });
    }
    if let Some(file) = &args.readme {
        let text =
            std::fs::read_to_string(file).map_err(|error| Failure::file("read", file, &error))?;
        body["readme"] = json!(text);
    }
    Ok(body)
}

//! `thorp vals rm` and its undoing.

use super::list;
use super::tell;
use crate::cli::TownArgs;
use crate::client::{Client, escape};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::target::Target;
use clap::Args;
use serde_json::json;
use ureq::http::Method;

/// Remove a val; `thorp vals undelete` brings it back
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp vals rm hello
  thorp vals undelete hello")]
pub(crate) struct RemoveArgs {
    /// The val: `hello`, or its id
    #[arg(value_name = "VAL")]
    target: Target,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

/// Bring back a val that was removed
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp vals list --deleted
  thorp vals undelete hello")]
pub(crate) struct UndeleteArgs {
    /// The val: `hello`, or its id
    #[arg(value_name = "VAL")]
    target: Target,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

pub(crate) fn execute(args: &RemoveArgs) -> Result<(), Failure> {
    if args.target.version.is_some() {
        return Err(
            Failure::usage("`rm` removes a val with all its versions").hint("name it without `@`")
        );
    }
    let client = Client::new(&args.town)?;
    let val = args.target.find(&client)?.val;
    client.delete(&format!("/v1/vals/{}", escape(&val.id)))?;
    if !args.town.json {
        output::line(output::clean(&format!("removed {}", val.full_name())));
        output::note(output::clean(&format!(
            "`thorp vals undelete {}` brings it back",
            val.name
        )));
    }
    Ok(())
}

pub(crate) fn undelete(args: &UndeleteArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let id = match (args.target.id(), args.target.own_name()) {
        (Some(id), _) => id.to_owned(),
        (None, name) => removed_id(&client, name.unwrap_or_default())?,
    };
    let reply = client.send(
        Method::POST,
        &format!("/v1/vals/{}/undelete", escape(&id)),
        &json!({}),
    )?;
    tell(args.town.json, &reply, |val| {
        format!("brought back {} version {}", val.full_name(), val.version)
    })
}

fn removed_id(client: &Client, name: &str) -> Result<String, Failure> {
    let missing = || {
        Failure::new(
            Exit::Refused,
            format!("no val `{name}` of yours was removed"),
        )
        .hint("`thorp vals list --deleted` shows what was")
    };
    list::removed(client, name)?
        .map(|val| val.id)
        .ok_or_else(missing)
}

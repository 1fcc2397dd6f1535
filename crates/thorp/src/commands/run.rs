//! `thorp run`.

use super::arguments::{CallArgs, show};
use crate::cli::TownArgs;
use crate::client::Client;
use crate::failure::Failure;
use crate::target::Target;
use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;

/// Run a val
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp run hello
  thorp run alice/hello Ada 36
  thorp run @alice.hello@3 --args '[{\"name\": \"Ada\"}]'")]
pub(crate) struct RunArgs {
    /// The val: `alice/hello`, `alice/hello@3` for one version, or `hello` for your own
    #[arg(value_name = "VAL")]
    target: Target,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

#[derive(Serialize)]
struct Body {
    args: Vec<Box<RawValue>>,
}

pub(crate) fn execute(args: &RunArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let body = Body {
        args: args.call.json()?,
    };
    let path = format!("/v1/run/{}", args.target.run_name(&client)?);
    let reply = client.evaluate(&path, &body, &[])?;
    show(&client, &reply, args.call.logs, args.town.json);
    Ok(())
}

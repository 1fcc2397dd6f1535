//! `thorp eval`.

use super::arguments::{CallArgs, show};
use crate::cli::TownArgs;
use crate::client::{Client, api::FileText};
use crate::failure::Failure;
use clap::Args;
use serde_json::json;
use std::io::Read;

/// Evaluate an expression
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp eval '1 + 1'
  thorp eval '(a, b) => a + b' 1 2
  thorp eval '(person) => `hello ${person.name}`' --args '[{\"name\": \"Ada\"}]'
  thorp eval - < expression.ts")]
pub(crate) struct EvalArgs {
    /// The expression, or `-` to read it from stdin; a function is called with the arguments
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    code: String,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

pub(crate) fn execute(args: &EvalArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let code = read_code(&args.code)?;
    let body = json!({ "code": code, "args": args.call.json()? });
    let source = FileText {
        path: "eval".to_owned(),
        text: code,
    };
    let reply = client.evaluate("/v1/eval", &body, &[source])?;
    show(&client, &reply, args.call.logs, args.town.json);
    Ok(())
}

fn read_code(given: &str) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map(|_| text)
        .map_err(|error| Failure::usage(format!("cannot read the expression from stdin: {error}")))
}

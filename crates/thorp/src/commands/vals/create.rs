//! `thorp vals create`: a val from a text, without a link to a file.

use super::tell;
use crate::cli::TownArgs;
use crate::client::api::{FileText, Val};
use crate::client::{Client, ENTRY, Reply};
use crate::commands::push::Privacy;
use crate::failure::{Exit, Failure};
use crate::output::{self, diagnostics};
use clap::Args;
use serde_json::json;
use std::io::Read;

/// Make a val from a text (to save a file again and again, use `thorp push`)
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp vals create hello --code 'export default (name: string) => `hello ${name}`'
  thorp vals create hello < hello.ts")]
pub(crate) struct CreateArgs {
    /// The val's name [default: the town makes one up]
    name: Option<String>,
    /// The code [default: read from stdin]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    code: Option<String>,
    /// Who may read it [default: private]
    #[arg(long)]
    privacy: Option<Privacy>,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

pub(crate) fn execute(args: &CreateArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let code = args.code.clone().map_or_else(read_stdin, Ok)?;
    let mut body = json!({ "code": code });
    if let Some(name) = &args.name {
        body["name"] = json!(name);
    }
    if let Some(privacy) = args.privacy {
        body["privacy"] = json!(privacy.as_str());
    }
    made(args.town.json, &client.save("/v1/vals", &body)?)
}

/// Tells of a new val, and what the compiler has to say of it; one that cannot run is a failure, though it is saved.
pub(in crate::commands) fn made(json: bool, reply: &Reply) -> Result<(), Failure> {
    tell(json, reply, |val| {
        format!(
            "made {} version {} ({})",
            val.full_name(),
            val.version,
            val.privacy
        )
    })?;
    check(&reply.read()?)
}

fn check(val: &Val) -> Result<(), Failure> {
    if val.diagnostics.is_empty() {
        return Ok(());
    }
    let source = FileText {
        path: ENTRY.to_owned(),
        text: val.code.clone(),
    };
    let shown = diagnostics::render(&val.diagnostics, &[source]);
    output::note(format!("\n{shown}\n"));
    if val
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.is_error())
    {
        return Err(Failure::new(
            Exit::Program,
            format!("`{}` is saved, but it cannot run", val.full_name()),
        ));
    }
    Ok(())
}

fn read_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map(|_| text)
        .map_err(|error| Failure::usage(format!("cannot read the code from stdin: {error}")))
}

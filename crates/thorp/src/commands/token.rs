//! `thorp token`: one's own tokens.

use super::listing::SliceArgs;
use crate::cli::TownArgs;
use crate::client::api::{Issued, Token};
use crate::client::{Client, escape};
use crate::failure::Failure;
use crate::output::{self, time};
use clap::{Args, Subcommand};
use serde_json::json;
use ureq::http::Method;

/// Keep your tokens
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    List(ListArgs),
    Create(CreateArgs),
    Revoke(RevokeArgs),
}

/// List your tokens, without their texts
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp token list
  thorp token list --json")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    slice: SliceArgs,
    #[command(flatten)]
    town: TownArgs,
}

/// Make a token and print it
#[derive(Args, Debug)]
#[command(after_help = "\
The token is printed once, on stdout, and kept nowhere.

Examples:
  thorp token create --name laptop
  thorp token create --name ci --scope run --scope read --expires 30d")]
pub(crate) struct CreateArgs {
    /// What you call it
    #[arg(long)]
    name: Option<String>,
    /// What it may be used for, several if given several times [default: all that yours may]
    #[arg(long = "scope", value_name = "SCOPE", value_parser = ["read", "write", "run", "tokens", "operator"])]
    scopes: Vec<String>,
    /// How long it works, such as `12h` or `30d` [default: until it is revoked]
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    expires: Option<u64>,
    #[command(flatten)]
    town: TownArgs,
}

/// End a token
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp token revoke 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b")]
pub(crate) struct RevokeArgs {
    /// The token's id, from `thorp token list`
    #[arg(value_parser = token_id)]
    id: uuid::Uuid,
    #[command(flatten)]
    town: TownArgs,
}

impl TokenCommand {
    /// Whether failures are wanted as JSON.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::List(args) => args.town.json,
            Self::Create(args) => args.town.json,
            Self::Revoke(args) => args.town.json,
        }
    }
}

pub(crate) fn execute(command: &TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::List(args) => list(args),
        TokenCommand::Create(args) => create(args),
        TokenCommand::Revoke(args) => revoke(args),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let headings = ["id", "name", "scopes", "expires", "used", ""];
    let path = format!("/v1/tokens{}", args.slice.query(&[]));
    let never = || "never".to_owned();
    args.slice
        .print(&client, &args.town, &path, headings, |token: &Token| {
            let this = if token.current { "this one" } else { "" };
            [
                token.id.clone(),
                token.name.clone(),
                token.scopes.join(","),
                token.expires_at.as_deref().map_or_else(never, time::until),
                token.last_used_at.as_deref().map_or_else(never, time::ago),
                this.to_owned(),
            ]
        })
}

fn create(args: &CreateArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let mut body = json!({});
    if let Some(name) = &args.name {
        body["name"] = json!(name);
    }
    if !args.scopes.is_empty() {
        body["scopes"] = json!(args.scopes);
    }
    if let Some(seconds) = args.expires {
        body["expiresInSeconds"] = json!(seconds);
    }
    let reply = client.send(Method::POST, "/v1/tokens", &body)?;
    if args.town.json {
        output::data(&reply.body);
        return Ok(());
    }
    let issued: Issued = reply.read()?;
    output::line(output::clean(&issued.token));
    output::note(format!(
        "made the token `{}`; its text above is shown only now",
        output::clean(&issued.name)
    ));
    Ok(())
}

fn revoke(args: &RevokeArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    client.delete(&format!("/v1/tokens/{}", escape(&args.id.to_string())))?;
    if !args.town.json {
        output::line(format!("revoked {}; this cannot be undone", args.id));
    }
    Ok(())
}

fn token_id(text: &str) -> Result<uuid::Uuid, String> {
    text.parse()
        .map_err(|_| "it is not an id; `thorp token list` has them".to_owned())
}

/// `90s`, `15m`, `12h` or `30d` as seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || "write it like `15m`, `12h` or `30d`".to_owned();
    let unit = match text.chars().next_back() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    count
        .checked_mul(unit)
        .filter(|&seconds| seconds > 0)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(
            [seconds("90s"), seconds("2m"), seconds("30d")],
            [Ok(90), Ok(120), Ok(2_592_000)]
        );
        for wrong in ["", "0s", "5", "-1d", "d", "99999999999999999d", "1é"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}

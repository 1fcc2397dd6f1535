//! `thorp user`: the people of the town, for its operators, and where one's own mail goes.

use super::listing::SliceArgs;
use crate::cli::TownArgs;
use crate::client::Client;
use crate::client::api::{Issued, User};
use crate::failure::Failure;
use crate::output::{self, time};
use crate::serve::{self, clock::now_micros};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};
use ureq::http::Method;

/// Keep the people of the town (operators only), and say where your mail goes
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    Add(AddArgs),
    List(ListArgs),
    Email(EmailArgs),
}

/// Add somebody and print their token
#[derive(Args, Debug)]
#[command(after_help = "\
The token is printed once, on stdout, and kept nowhere.

Examples:
  thorp user add ada
  thorp user add ada --json
  thorp user add ada --data ./thorp-data    when the town is not running")]
pub(crate) struct AddArgs {
    /// The name, without `@`
    name: String,
    /// Write to this data folder of a town that is not running, instead of asking a running one
    #[arg(long, value_name = "DIR", conflicts_with_all = ["url", "token"])]
    data: Option<PathBuf>,
    #[command(flatten)]
    town: TownArgs,
}

/// List the people of the town
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp user list
  thorp user list --limit 100 --json")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    slice: SliceArgs,
    #[command(flatten)]
    town: TownArgs,
}

/// Say where your vals' mail to you goes, or show it
#[derive(Args, Debug)]
#[command(after_help = "\
Nobody checks that the address is yours. What waits to be sent goes where it was sent to.

Examples:
  thorp user email                      show it
  thorp user email ada@example.com
  thorp user email --none               get no mail")]
pub(crate) struct EmailArgs {
    /// The address
    address: Option<String>,
    /// Take it away
    #[arg(long, conflicts_with = "address")]
    none: bool,
    #[command(flatten)]
    town: TownArgs,
}

impl UserCommand {
    /// Whether failures are wanted as JSON.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Add(args) => args.town.json,
            Self::List(args) => args.town.json,
            Self::Email(args) => args.town.json,
        }
    }
}

pub(crate) fn execute(command: &UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Add(args) => add(args),
        UserCommand::List(args) => list(args),
        UserCommand::Email(args) => email(args),
    }
}

fn add(args: &AddArgs) -> Result<(), Failure> {
    let name = args.name.trim_start_matches('@');
    if let Some(data) = &args.data {
        return add_to_folder(args, data, name);
    }
    let client = Client::new(&args.town)?;
    let reply = client.send(Method::POST, "/v1/users", &json!({ "name": name }))?;
    if args.town.json {
        output::data(&reply.body);
        return Ok(());
    }
    let issued: Issued = reply.read()?;
    show(&issued, Some(client.town()));
    Ok(())
}

/// Opens the folder itself; a server that has it is in the way.
fn add_to_folder(args: &AddArgs, data: &Path, name: &str) -> Result<(), Failure> {
    if !data.is_dir() {
        return Err(
            Failure::usage(format!("there is no folder `{}`", data.display()))
                .hint("`--data` names the data folder of a town; `thorp serve` makes one"),
        );
    }
    let added =
        serve::async_runtime()?.block_on(thorp_town::add_user_to_folder(data, name, now_micros));
    let (user, token) = added.map_err(serve::refused)?;
    if args.town.json {
        output::data(&json!({ "name": user.name, "token": token.secret }).to_string());
        return Ok(());
    }
    show(
        &Issued {
            name: user.name,
            token: token.secret,
        },
        None,
    );
    Ok(())
}

fn show(issued: &Issued, town: Option<&str>) {
    output::line(output::clean(&issued.token));
    let town = town.unwrap_or("URL");
    output::note(format!(
        "added @{}; the token above is shown only now: they sign in with `thorp login {town}`",
        output::clean(issued.name.trim_start_matches('@'))
    ));
}

fn email(args: &EmailArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let reply = if args.address.is_some() || args.none {
        client.send(Method::PATCH, "/v1/me", &json!({ "email": args.address }))?
    } else {
        client.get("/v1/me")?
    };
    if args.town.json {
        output::data(&reply.body);
        return Ok(());
    }
    let me: User = reply.read()?;
    match &me.email {
        Some(address) => output::line(output::clean(address)),
        None => output::note("you get no mail: `thorp user email ADDRESS` says where it goes"),
    }
    Ok(())
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let headings = ["name", "role", "since"];
    let path = format!("/v1/users{}", args.slice.query(&[]));
    args.slice
        .print(&client, &args.town, &path, headings, |user: &User| {
            let role = if user.operator { "operator" } else { "user" };
            [
                user.username.clone(),
                role.to_owned(),
                time::ago(&user.created_at),
            ]
        })
}

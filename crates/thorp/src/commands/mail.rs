//! `thorp mail`: what your vals sent you, and how far it came.

use super::listing::SliceArgs;
use crate::cli::TownArgs;
use crate::client::api::Email;
use crate::client::{Client, escape};
use crate::failure::Failure;
use crate::output::style::{BAD, FAINT, STRONG};
use crate::output::{self, time};
use clap::{Args, Subcommand};

/// Read the mail that your vals sent
#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    List(ListArgs),
    Show(ShowArgs),
}

/// List the mail that your vals sent
#[derive(Args, Debug)]
#[command(after_help = "\
The state is `queued` (it waits to be sent), `sent`, `failed`, or `kept`: the town delivered no mail
then, and it is nowhere but here.

Examples:
  thorp mail list
  thorp mail list --limit 100 --json")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    slice: SliceArgs,
    #[command(flatten)]
    town: TownArgs,
}

/// Show a mail with what it says
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp mail show 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b
  thorp mail show 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b --json     with its attachments, in base64")]
pub(crate) struct ShowArgs {
    /// Which one
    #[arg(value_name = "ID", value_parser = email_id)]
    id: uuid::Uuid,
    #[command(flatten)]
    town: TownArgs,
}

fn email_id(text: &str) -> Result<uuid::Uuid, String> {
    text.parse()
        .map_err(|_| "it is not an id; `thorp mail list` lists them".to_owned())
}

impl MailCommand {
    /// Whether failures are wanted as JSON.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::List(args) => args.town.json,
            Self::Show(args) => args.town.json,
        }
    }
}

pub(crate) fn execute(command: &MailCommand) -> Result<(), Failure> {
    match command {
        MailCommand::List(args) => list(args),
        MailCommand::Show(args) => show(args),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let headings = ["id", "subject", "to", "when", "state"];
    let path = format!("/v1/me/emails{}", args.slice.query(&[]));
    args.slice
        .print(&client, &args.town, &path, headings, |email: &Email| {
            [
                email.id.clone(),
                email.subject.clone(),
                email.to.clone(),
                time::ago(&email.created_at),
                email.state.clone(),
            ]
        })
}

fn show(args: &ShowArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let path = format!("/v1/me/emails/{}", escape(&args.id.to_string()));
    let reply = client.get(&path)?;
    if args.town.json {
        output::data(&reply.body);
        return Ok(());
    }
    output::line(facts(&reply.read()?));
    Ok(())
}

fn facts(email: &Email) -> String {
    let clean = |text: &str| output::clean(text).into_owned();
    let mut lines = vec![
        format!("{STRONG}{}{STRONG:#}", clean(&email.subject)),
        format!("to: {}", clean(&email.to)),
        format!(
            "sent by the run: {}, {}",
            clean(&email.run_id),
            clean(&email.created_at)
        ),
        format!("state: {}", state(email)),
    ];
    if let Some(error) = &email.last_error {
        lines.push(format!("{BAD}problem:{BAD:#} {}", clean(error)));
    }
    if let Some(reply_to) = &email.reply_to {
        lines.push(format!("answers go to: {}", clean(reply_to)));
    }
    lines.extend(email.attachments.iter().map(|file| {
        format!(
            "attached: {} ({})",
            clean(&file.filename),
            clean(&file.content_type)
        )
    }));
    if let Some(body) = email.text.as_deref().or(email.html.as_deref()) {
        lines.push(format!("\n{}", clean(body)));
    }
    if email.text.is_some() && email.html.is_some() {
        lines.push(format!("{FAINT}(there is HTML, too: --json){FAINT:#}"));
    }
    lines.join("\n")
}

fn state(email: &Email) -> String {
    let state = output::clean(&email.state);
    match &email.next_attempt_at {
        Some(next) => format!("{state}, next try {}", time::until(next)),
        None => state.into_owned(),
    }
}

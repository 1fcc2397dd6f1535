//! `thorp runs`: what ran, and how it ended; saving what was evaluated.

use super::arguments::log_line;
use super::listing::SliceArgs;
use super::push::Privacy;
use super::vals;
use crate::cli::TownArgs;
use crate::client::api::{Egress, EgressRequest, Run, RunError};
use crate::client::{Client, escape};
use crate::failure::Failure;
use crate::output::style::{BAD, FAINT, GOOD, STRONG};
use crate::output::{self, json as text, time};
use crate::target::Target;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

/// List your runs, show one, or save what one evaluated
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  thorp runs
  thorp runs --val hello --status error
  thorp runs 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b     its arguments, logs and result
  thorp runs save 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b --name double"
)]
pub(crate) struct RunsArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// Show this run
    #[arg(value_name = "ID", value_parser = run_id, conflicts_with_all = ["val", "status", "trigger", "denied"])]
    id: Option<uuid::Uuid>,
    /// Only runs of this val
    #[arg(long)]
    val: Option<Target>,
    /// Only runs that ended like this
    #[arg(long)]
    status: Option<Status>,
    /// Only runs that began like this
    #[arg(long)]
    trigger: Option<Trigger>,
    /// Only runs in which other users' code asked for something in vain
    #[arg(long)]
    denied: bool,
    #[command(flatten)]
    slice: SliceArgs,
    #[command(flatten)]
    town: TownArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Save(SaveArgs),
}

/// Make a val of what a run evaluated
#[derive(Args, Debug)]
#[command(after_help = "\
An expression that would mean something else as a program is put into an `export default`.

Examples:
  thorp runs save 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b
  thorp runs save 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b --name double --privacy public")]
struct SaveArgs {
    /// The run
    #[arg(value_name = "ID", value_parser = run_id)]
    id: uuid::Uuid,
    /// The val's name [default: the one in the code, or the town makes one up]
    #[arg(long)]
    name: Option<String>,
    /// Who may read it [default: private]
    #[arg(long)]
    privacy: Option<Privacy>,
    #[command(flatten)]
    town: TownArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    Ok,
    Error,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Trigger {
    Eval,
    Run,
}

fn run_id(text: &str) -> Result<uuid::Uuid, String> {
    text.parse()
        .map_err(|_| "it is not an id; `thorp runs` lists them".to_owned())
}

/// The word that the town knows.
fn word<T: ValueEnum>(value: &T) -> Option<String> {
    let value = value.to_possible_value()?;
    Some(value.get_name().to_owned())
}

impl RunsArgs {
    /// Whether failures are wanted as JSON.
    pub(crate) fn json(&self) -> bool {
        match &self.action {
            Some(Action::Save(args)) => args.town.json,
            None => self.town.json,
        }
    }
}

pub(crate) fn execute(args: &RunsArgs) -> Result<(), Failure> {
    if let Some(Action::Save(args)) = &args.action {
        return save(args);
    }
    let client = Client::new(&args.town)?;
    match args.id {
        Some(id) => one(args, &client, id),
        None => list(args, &client),
    }
}

fn save(args: &SaveArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let mut body = json!({});
    if let Some(name) = &args.name {
        body["name"] = json!(name);
    }
    if let Some(privacy) = args.privacy {
        body["privacy"] = json!(privacy.as_str());
    }
    let reply = client.save(&format!("/v1/runs/{}/save", args.id), &body)?;
    vals::made(args.town.json, &reply)
}

fn list(args: &RunsArgs, client: &Client) -> Result<(), Failure> {
    let val = args
        .val
        .as_ref()
        .map(|target| target.find(client))
        .transpose()?
        .map(|found| found.val.id);
    let query = args.slice.query(&[
        ("status", args.status.as_ref().and_then(word)),
        ("trigger", args.trigger.as_ref().and_then(word)),
        ("val", val),
        ("denied", args.denied.then(|| "true".to_owned())),
    ]);
    let headings = ["id", "what", "by", "when", "took", "result"];
    let path = format!("/v1/me/runs{query}");
    args.slice
        .print(client, &args.town, &path, headings, |run: &Run| {
            let result = run
                .error
                .as_ref()
                .map_or_else(|| run.status.clone(), |error| error.code.clone());
            [
                run.id.clone(),
                run.what(),
                run.trigger.clone(),
                time::ago(&run.run_start_at),
                time::length(run.usage.run_micros),
                result,
            ]
        })
}

fn one(args: &RunsArgs, client: &Client, id: uuid::Uuid) -> Result<(), Failure> {
    let reply = client.get(&format!("/v1/runs/{}", escape(&id.to_string())))?;
    if args.town.json {
        output::data(&reply.body);
        return Ok(());
    }
    let run: Run = reply.read()?;
    output::line(facts(&run));
    run.logs
        .iter()
        .for_each(|log| output::line(log_line(&log.level, &log.text)));
    if run.logs_truncated {
        output::line(format!(
            "{FAINT}(more was logged than the town keeps){FAINT:#}"
        ));
    }
    requests(&run.egress).for_each(output::line);
    for denied in &run.denied {
        output::line(output::clean(&denied.message));
    }
    output::line(ending(&run));
    Ok(())
}

fn facts(run: &Run) -> String {
    let name = |author: &Option<crate::client::api::Author>| {
        author.as_ref().map_or_else(
            || "anonymous".to_owned(),
            |author| output::clean(&author.username).into_owned(),
        )
    };
    let usage = &run.usage;
    let mut lines = vec![
        format!(
            "{STRONG}{}{STRONG:#} of {}",
            output::clean(&run.id),
            output::clean(&run.what())
        ),
        format!(
            "began: {} by `{}`, {}",
            run.trigger,
            name(&run.caller),
            run.run_start_at
        ),
        format!("ran as: {}", name(&run.run_as)),
        format!(
            "took: {} (waiting {}, starting {}, processor {}), {} of memory",
            time::length(usage.run_micros),
            time::length(usage.queue_micros),
            time::length(usage.start_micros),
            time::length(usage.cpu_micros),
            time::bytes(usage.memory_bytes)
        ),
    ];
    lines.extend(
        run.parent_id
            .as_deref()
            .map(|parent| format!("called by: {}", output::clean(parent))),
    );
    lines.extend(
        run.child_ids
            .iter()
            .map(|child| format!("called: {}", output::clean(child))),
    );
    lines.extend(
        run.code
            .as_deref()
            .map(|code| format!("code: {}", output::clean(code))),
    );
    lines.extend(
        run.args
            .as_deref()
            .map(|args| format!("arguments: {}", text::pretty(args.get()))),
    );
    lines.join("\n")
}

/// A line for each request to the network.
fn requests(egress: &Egress) -> impl Iterator<Item = String> {
    let more = (egress.dropped > 0).then(|| {
        format!(
            "{FAINT}({} more requests to the network){FAINT:#}",
            egress.dropped
        )
    });
    egress.requests.iter().map(request).chain(more)
}

fn request(request: &EgressRequest) -> String {
    let answer = match (&request.refused, request.status) {
        (Some(code), _) => format!("{BAD}{}{BAD:#}", output::clean(code)),
        (None, Some(status)) => status.to_string(),
        (None, None) => "no answer".to_owned(),
    };
    format!(
        "network: {} {}://{}:{} {answer} ({} sent, {} received, {})",
        output::clean(&request.method),
        output::clean(&request.scheme),
        output::clean(&request.host),
        request.port,
        time::bytes(request.bytes_out),
        time::bytes(request.bytes_in),
        time::length(request.duration_micros)
    )
}

fn ending(run: &Run) -> String {
    match (&run.error, &run.return_value) {
        (Some(error), _) => format!("{BAD}failed:{BAD:#} {}", failed(error)),
        (None, _) if run.return_undefined => format!("{GOOD}result:{GOOD:#} undefined"),
        (None, Some(value)) => format!("{GOOD}result:{GOOD:#} {}", text::pretty(value.get())),
        (None, None) => format!("{GOOD}result:{GOOD:#} not kept"),
    }
}

fn failed(error: &RunError) -> String {
    let head = match &error.name {
        Some(name) => format!("{name}: {}", error.message),
        None => format!("{} ({})", error.message, error.code),
    };
    let stack = error.stack.as_deref().unwrap_or_default();
    let rest = stack.strip_prefix(&head).unwrap_or(stack);
    let frames = if rest.is_empty() || rest.starts_with('\n') {
        rest.to_owned()
    } else {
        format!("\n{rest}")
    };
    output::clean(format!("{head}{frames}").trim_end()).into_owned()
}

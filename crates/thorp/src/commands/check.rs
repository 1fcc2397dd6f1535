//! `thorp check`: calls of other people's functions that would be denied something.

use crate::cli::TownArgs;
use crate::client::api::{Check, Finding, Page, Reason, Val};
use crate::client::{Client, escape, query};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::output::style::{FAINT, GOOD, STRONG, WARNING};
use crate::place::{Place, entry_of};
use crate::target::Target;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// How many vals are asked for at a time.
const PAGE: u32 = 100;

/// Find calls of other people's functions that would be denied something
#[derive(Args, Debug)]
#[command(after_help = "\
When you call somebody else's function, it runs without anybody's secrets and private vals, and writes
nothing (Restricted Library Mode). This finds the calls whose functions need them, and shows the call
by `api` to write instead. Nothing is run, and nothing is changed. It ends with 1 if it found any.

Examples:
  thorp check                  all your vals
  thorp check alice/report     one of them
  thorp check report.ts        a file or folder that is not saved")]
pub(crate) struct CheckArgs {
    /// A val, or a file or folder [default: all your vals]
    #[arg(value_name = "VAL|FILE|DIR")]
    what: Option<String>,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

/// What was checked, for people.
enum Subject {
    Val(String),
    Text(PathBuf),
    All(usize),
}

pub(crate) fn execute(args: &CheckArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    match &args.what {
        None => all(args, &client),
        Some(path) if Path::new(path).exists() => text(args, &client, Path::new(path)),
        Some(name) => {
            let target: Target = name.parse().map_err(|error| {
                Failure::usage(format!("`{name}` is no file, and no val: {error}"))
            })?;
            let val = target.find(&client)?.val;
            let reply = client.get(&path_of(&val))?;
            if args.town.json {
                output::data(&reply.body);
            }
            told(args, &Subject::Val(val.full_name()), &reply.read()?)
        }
    }
}

fn path_of(val: &Val) -> String {
    format!("/v1/vals/{}/check", escape(&val.id))
}

fn text(args: &CheckArgs, client: &Client, path: &Path) -> Result<(), Failure> {
    let place = Place::at(path)?;
    let files = place.read()?;
    let entry = entry_of(&files).ok_or_else(|| {
        Failure::usage(format!(
            "cannot tell which file of `{}` comes first",
            path.display()
        ))
        .hint("call it `main.tsx`")
    })?;
    let body = json!({ "files": files, "entry": entry });
    let reply = client.send(ureq::http::Method::POST, "/v1/check", &body)?;
    if args.town.json {
        output::data(&reply.body);
    }
    let mut check: Check = reply.read()?;
    if matches!(place, Place::File(_)) {
        for finding in &mut check.findings {
            if finding.val.is_none() {
                finding.file = path.display().to_string();
            }
        }
    }
    told(args, &Subject::Text(path.to_owned()), &check)
}

/// All vals of the caller, one after the other. A call is told with the val that it stands in.
fn all(args: &CheckArgs, client: &Client) -> Result<(), Failure> {
    let mut check = Check::default();
    let mut offset = 0;
    loop {
        let parts = [
            ("offset", Some(offset.to_string())),
            ("limit", Some(PAGE.to_string())),
        ];
        let page: Page<Val> = client.get(&format!("/v1/vals{}", query(&parts)))?.read()?;
        for val in &page.data {
            let found: Check = client.get(&path_of(val))?.read()?;
            let name = val.full_name();
            let own = |finding: &Finding| finding.val.as_deref() == Some(&*name);
            check
                .findings
                .extend(found.findings.into_iter().filter(own));
            check.vals.push(name);
        }
        offset += PAGE;
        if page.links.next.is_none() {
            break;
        }
    }
    if args.town.json {
        output::data(&serde_json::to_string(&check).unwrap_or_default());
    }
    told(args, &Subject::All(check.vals.len()), &check)
}

/// Says what was found; that anything was is a failure.
fn told(args: &CheckArgs, subject: &Subject, check: &Check) -> Result<(), Failure> {
    let count = check.findings.len();
    if !args.town.json {
        check
            .findings
            .iter()
            .for_each(|finding| output::line(shown(finding)));
        if count == 0 {
            output::line(format!(
                "{GOOD}nothing found{GOOD:#} in {}",
                subject.named()
            ));
        }
    }
    if count == 0 {
        return Ok(());
    }
    let calls = if count == 1 { "call" } else { "calls" };
    let message = format!(
        "{count} {calls} in {} would be denied something",
        subject.named()
    );
    Err(Failure::new(Exit::Program, message).hint(
        "what `api` calls runs as its author, and answers JSON: its calls have to be awaited",
    ))
}

impl Subject {
    fn named(&self) -> String {
        match self {
            Self::Val(name) => format!("`{name}`"),
            Self::Text(path) => format!("`{}`", path.display()),
            Self::All(1) => "your val".to_owned(),
            Self::All(count) => format!("your {count} vals"),
        }
    }
}

fn shown(finding: &Finding) -> String {
    let clean = |text: &str| output::clean(text).into_owned();
    let file = clean(&finding.file);
    let place = match &finding.val {
        Some(val) => format!("{}/{file}", clean(val)),
        None => file,
    };
    let mut lines = vec![format!(
        "{STRONG}{place}:{}:{}{STRONG:#} names {WARNING}{}{WARNING:#} (version {}), which",
        finding.line,
        finding.column,
        clean(&finding.target),
        finding.version
    )];
    lines.extend(finding.reasons.iter().map(|reason| {
        let way = way(reason);
        format!(
            "  {} {FAINT}({}){FAINT:#}",
            clean(&reason.message),
            clean(&way)
        )
    }));
    lines.push(format!("  write instead: {}", clean(&finding.instead)));
    lines.extend(
        finding
            .hint
            .as_deref()
            .map(|hint| format!("  but {}", clean(hint))),
    );
    lines.push(String::new());
    lines.join("\n")
}

/// `@bob/gpt3:3 -> @bob/helper:1`
fn way(reason: &Reason) -> String {
    let steps = reason.chain.iter().map(|step| match step.line {
        Some(line) => format!("{}:{line}", step.val),
        None => step.val.clone(),
    });
    steps.collect::<Vec<_>>().join(" -> ")
}

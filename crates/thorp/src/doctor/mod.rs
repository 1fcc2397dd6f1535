//! `thorp doctor`: whether this machine has what a town needs, found out by trying, with what to do if not,
//! and what the jail of its sandboxes holds.

mod attacks;
mod deno;
mod folder;
mod isolation;
mod machine;
mod outside;
mod report;
mod sandbox;
mod secrets;

use crate::failure::{Exit, Failure};
use crate::serve::mail::MailArgs;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// Find out whether this machine has what a town needs, and what its jail holds
#[derive(Args, Debug)]
#[command(after_help = "\
Exit code 1 if something is missing that `thorp serve` needs, or an attack on the jail gets through.

Examples:
  thorp doctor
  thorp doctor --data /var/lib/thorp/data --json")]
pub(crate) struct DoctorArgs {
    /// The data folder that the town has or will have
    #[arg(
        long,
        value_name = "DIR",
        env = "THORP_DATA",
        default_value = "./thorp-data"
    )]
    data: PathBuf,
    /// The file with the keys of secrets [default: `secrets.key` in the data folder]
    #[arg(long, value_name = "FILE", env = "THORP_SECRETS_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// The Deno binary [default: that of `npm ci`, or the one on the PATH]
    #[arg(long, value_name = "PATH", env = "THORP_DENO")]
    deno: Option<PathBuf>,
    #[command(flatten)]
    mail: MailArgs,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// All is well.
    Ok,
    /// It works, but not as well as it could.
    Warning,
    /// A town does not work here.
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    /// What was found.
    finding: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Check {
    fn ok(name: &'static str, finding: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Ok,
            finding: finding.into(),
            fix: None,
        }
    }

    fn warning(name: &'static str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Warning,
            finding: finding.into(),
            fix: Some(fix.into()),
        }
    }

    fn failed(name: &'static str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Failed,
            finding: finding.into(),
            fix: Some(fix.into()),
        }
    }
}

pub(crate) fn execute(args: &DoctorArgs) -> Result<(), Failure> {
    let (deno, found) = deno::check(args.deno.as_deref());
    let mut checks = vec![deno, deno::esbuild(found.as_deref())];
    checks.extend(folder::checks(&args.data));
    checks.push(secrets::check(&args.data, args.key_file.as_deref()));
    checks.extend(machine::checks());
    checks.extend(outside::checks(&args.mail));
    let (isolation, jail) = isolation::checks();
    let (sandbox, attacks) = sandbox::check(found, jail);
    checks.push(sandbox);
    checks.extend(isolation);
    let tried = attacks.map(|tried| {
        checks.push(attacks::check(jail.tier, &tried));
        tried.unwrap_or_default()
    });
    report::print(&checks, &tried.unwrap_or_default(), args.json);
    let failed = checks
        .iter()
        .filter(|check| check.state == State::Failed)
        .count();
    match failed {
        0 => Ok(()),
        1 => Err(Failure::new(Exit::Program, "one check failed")),
        many => Err(Failure::new(Exit::Program, format!("{many} checks failed"))),
    }
}

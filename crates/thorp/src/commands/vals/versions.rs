//! `thorp vals versions` and `thorp vals restore`.

use super::tell;
use crate::cli::TownArgs;
use crate::client::api::Version;
use crate::client::{Client, escape};
use crate::commands::listing::SliceArgs;
use crate::failure::Failure;
use crate::output::time;
use crate::target::Target;
use clap::Args;
use serde_json::json;
use ureq::http::Method;

/// Hexadecimal digits of a hash that lists show.
const HASH_DIGITS: usize = 12;

/// List the versions of a val
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp vals versions hello
  thorp vals versions alice/hello --json")]
pub(crate) struct VersionsArgs {
    /// The val: `alice/hello`, or `hello` for your own
    #[arg(value_name = "VAL")]
    target: Target,
    #[command(flatten)]
    slice: SliceArgs,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

/// Make an old version the newest again
#[derive(Args, Debug)]
#[command(after_help = "\
Nothing is lost: the old version's text becomes a new version, and the others stay.

Examples:
  thorp vals restore hello@3")]
pub(crate) struct RestoreArgs {
    /// The val and the version, such as `hello@3`
    #[arg(value_name = "VAL@VERSION")]
    target: Target,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

pub(crate) fn execute(args: &VersionsArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let val = args.target.find(&client)?.val;
    let path = format!(
        "/v1/vals/{}/versions{}",
        escape(&val.id),
        args.slice.query(&[])
    );
    let headings = ["version", "hash", "saved", ""];
    args.slice
        .print(&client, &args.town, &path, headings, |version: &Version| {
            [
                version.version.to_string(),
                version.hash.chars().take(HASH_DIGITS).collect(),
                time::ago(&version.created_at),
                remarks(version),
            ]
        })
}

fn remarks(version: &Version) -> String {
    let mut remarks = Vec::new();
    if version.live {
        remarks.push("live".to_owned());
    }
    if let Some(origin) = version.restored_from {
        remarks.push(format!("{origin} again"));
    }
    if !version.runnable {
        remarks.push("cannot run".to_owned());
    } else if version.diagnostic_count > 0 {
        let plural = if version.diagnostic_count == 1 {
            ""
        } else {
            "s"
        };
        remarks.push(format!("{} warning{plural}", version.diagnostic_count));
    }
    remarks.join(", ")
}

pub(crate) fn restore(args: &RestoreArgs) -> Result<(), Failure> {
    let version = args.target.version.ok_or_else(|| {
        Failure::usage("`restore` needs the number of a version")
            .hint("write it like `hello@3`; `thorp vals versions` lists them")
    })?;
    let client = Client::new(&args.town)?;
    let val = args.target.find(&client)?.val;
    let path = format!("/v1/vals/{}/versions/{version}/restore", escape(&val.id));
    let reply = client.send(Method::POST, &path, &json!({}))?;
    tell(args.town.json, &reply, |val| {
        format!(
            "{} version {} is version {version} again",
            val.full_name(),
            val.version
        )
    })
}

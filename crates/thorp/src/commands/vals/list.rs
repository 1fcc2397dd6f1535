//! `thorp vals list`.

use crate::cli::TownArgs;
use crate::client::api::{Page, Val};
use crate::client::{Client, query};
use crate::commands::{listing::SliceArgs, push::Privacy};
use crate::failure::Failure;
use crate::output::time;
use clap::Args;

/// List your vals, or search everybody's
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp vals list
  thorp vals list --privacy public
  thorp vals list --search 'resend'
  thorp vals list --deleted")]
pub(crate) struct ListArgs {
    /// Only vals with this name
    #[arg(long)]
    name: Option<String>,
    /// Only vals with this privacy
    #[arg(long)]
    privacy: Option<Privacy>,
    /// Vals that were removed
    #[arg(long)]
    deleted: bool,
    /// Search the names and code of your vals and of all public ones
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["name", "privacy", "deleted"])]
    search: Option<String>,
    #[command(flatten)]
    slice: SliceArgs,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

pub(crate) fn execute(args: &ListArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let headings = ["val", "version", "privacy", "changed"];
    args.slice
        .print(&client, &args.town, &path(args), headings, |val: &Val| {
            [
                val.full_name(),
                val.version.to_string(),
                val.privacy.clone(),
                val.updated_at.as_deref().map(time::ago).unwrap_or_default(),
            ]
        })
}

fn path(args: &ListArgs) -> String {
    match &args.search {
        Some(text) => format!(
            "/v1/search/vals{}",
            args.slice.query(&[("query", Some(text.clone()))])
        ),
        None => format!("/v1/vals{}", args.slice.query(&conditions(args))),
    }
}

fn conditions(args: &ListArgs) -> [(&'static str, Option<String>); 3] {
    let privacy = args.privacy.map(|privacy| privacy.as_str().to_owned());
    [
        ("name", args.name.clone()),
        ("privacy", privacy),
        ("deleted", args.deleted.then(|| "true".to_owned())),
    ]
}

/// The newest removed val of this name, or nothing.
pub(super) fn removed(client: &Client, name: &str) -> Result<Option<Val>, Failure> {
    let parts = [
        ("name", Some(name.to_owned())),
        ("deleted", Some("true".to_owned())),
        ("limit", Some("1".to_owned())),
    ];
    let page: Page<Val> = client.get(&format!("/v1/vals{}", query(&parts)))?.read()?;
    Ok(page.data.into_iter().next())
}

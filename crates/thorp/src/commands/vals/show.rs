//! `thorp vals show`.

use crate::cli::TownArgs;
use crate::client::api::Val;
use crate::client::{Client, escape};
use crate::failure::Failure;
use crate::output::style::{FAINT, STRONG};
use crate::output::{self, diagnostics};
use crate::target::Target;
use clap::Args;

/// Show a val
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp vals show hello
  thorp vals show alice/hello@3
  thorp vals show alice/hello --code > hello.ts")]
pub(crate) struct ShowArgs {
    /// The val: `alice/hello`, `alice/hello@3` for one version, or `hello` for your own
    #[arg(value_name = "VAL")]
    target: Target,
    /// Print the code of its first module and nothing else
    #[arg(long, conflicts_with = "json")]
    code: bool,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

pub(crate) fn execute(args: &ShowArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let found = args.target.find(&client)?;
    if args.town.json {
        output::data(&found.body);
    } else if args.code {
        code(&found.val);
    } else {
        describe(&client, &found.val);
    }
    Ok(())
}

/// The code as it is for programs, and made harmless for terminals.
fn code(val: &Val) {
    use std::io::IsTerminal;
    let text = if std::io::stdout().is_terminal() {
        output::clean(&val.code)
    } else {
        (&*val.code).into()
    };
    output::data(&text);
}

fn describe(client: &Client, val: &Val) {
    let live = val
        .live_version
        .filter(|live| *live != val.version)
        .map(|live| format!(", {live} is live"));
    let name = val.full_name();
    output::line(format!(
        "{STRONG}{}{STRONG:#} version {}{}",
        output::clean(&name),
        val.version,
        live.unwrap_or_default()
    ));
    output::line(format!(
        "code: {}, endpoint: {}",
        output::clean(&val.privacy),
        output::clean(&val.endpoint)
    ));
    output::line(format!(
        "{}/v1/run/{}.{}",
        client.town(),
        escape(val.owner()),
        escape(&val.name)
    ));
    if let Some(saved) = &val.version_created_at {
        output::line(format!("saved: {}", output::clean(saved)));
    }
    for dependency in &val.dependencies {
        output::line(output::clean(&format!(
            "{} is {}",
            dependency.specifier, dependency.resolved
        )));
    }
    if let Some(readme) = &val.readme {
        output::line(format!("\n{}", output::clean(readme.trim_end())));
    }
    let files = val.all_files();
    for file in &files {
        output::line(format!(
            "\n{FAINT}// {}{FAINT:#}\n{}",
            output::clean(&file.path),
            output::clean(file.text.trim_end())
        ));
    }
    if !val.diagnostics.is_empty() {
        output::line(format!(
            "\n{}",
            diagnostics::render(&val.diagnostics, &files)
        ));
    }
}

//! `thorp logout`: forgets a token.

use crate::config::{Config, town_url};
use crate::failure::{Exit, Failure};
use crate::output;
use clap::Args;

/// Forget the token of a town
#[derive(Args, Debug)]
#[command(after_help = "\
The token itself goes on working: `thorp token revoke ID` ends it.

Examples:
  thorp logout
  thorp logout http://127.0.0.1:8700")]
pub(crate) struct LogoutArgs {
    /// The town's URL [default: the one of the newest login]
    url: Option<String>,
}

pub(crate) fn execute(args: &LogoutArgs) -> Result<(), Failure> {
    let mut config = Config::load()?;
    let given = args.url.as_deref().map(town_url).transpose()?;
    let nothing = || Failure::new(Exit::Refused, "not logged in to any town");
    let town = given
        .or_else(|| config.default_town())
        .ok_or_else(nothing)?;
    let not_there = || Failure::new(Exit::Refused, format!("not logged in to `{town}`"));
    let user = config.log_out(&town).ok_or_else(not_there)?;
    config.save()?;
    output::line(format!(
        "logged out of {town}, where you were {}",
        output::clean(&user)
    ));
    Ok(())
}

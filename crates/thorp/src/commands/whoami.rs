//! `thorp whoami`.

use crate::cli::TownArgs;
use crate::client::{Client, api::User};
use crate::failure::Failure;
use crate::output;
use clap::Args;

/// Show who you are, and in which town
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp whoami
  thorp whoami --json --url https://town.example")]
pub(crate) struct WhoamiArgs {
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

pub(crate) fn execute(args: &WhoamiArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let reply = client.get("/v1/me")?;
    if args.town.json {
        output::data(&reply.body);
        return Ok(());
    }
    let me: User = reply.read()?;
    let role = if me.operator { " (operator)" } else { "" };
    output::line(format!(
        "{}{role} at {}",
        output::clean(&me.username),
        client.town()
    ));
    Ok(())
}

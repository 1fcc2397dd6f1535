//! `thorp key`: the keys that seal the secrets of a town, for its operators.

use crate::failure::Failure;
use crate::output;
use crate::serve;
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

/// Keep the keys that seal the town's secrets (operators only)
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    Rotate(RotateArgs),
}

/// Seal every secret with a new key, then forget the old one
#[derive(Args, Debug)]
#[command(after_help = "\
The town must not be running. It may be ended at any moment: the secrets can be read in any case, and
running it again finishes. Copies of the database from before need the old key file: keep that with them.

Examples:
  thorp key rotate
  thorp key rotate --data /var/lib/thorp/data --key-file /etc/thorp/secrets.key")]
pub(crate) struct RotateArgs {
    /// The data folder of the town
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
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

impl KeyCommand {
    /// Whether failures are wanted as JSON.
    pub(crate) fn json(&self) -> bool {
        let Self::Rotate(args) = self;
        args.json
    }
}

pub(crate) fn execute(command: &KeyCommand) -> Result<(), Failure> {
    let KeyCommand::Rotate(args) = command;
    rotate(args)
}

fn rotate(args: &RotateArgs) -> Result<(), Failure> {
    let data = &args.data;
    if !data.is_dir() {
        return Err(
            Failure::usage(format!("there is no folder `{}`", data.display()))
                .hint("`--data` names the data folder of a town; `thorp serve` makes one"),
        );
    }
    let rotating = thorp_town::rotate_keys(data, args.key_file.as_deref());
    let rotated = serve::async_runtime()?
        .block_on(rotating)
        .map_err(serve::refused)?;
    let file = rotated.file.display().to_string();
    if args.json {
        let told = json!({ "secrets": rotated.secrets, "retired": rotated.retired, "file": file });
        output::data(&told.to_string());
        return Ok(());
    }
    output::line(format!(
        "sealed {} with a new key",
        secrets(rotated.secrets)
    ));
    output::note(format!(
        "the new key is in `{file}`: keep a copy of it, apart from those of the database"
    ));
    Ok(())
}

fn secrets(count: u64) -> String {
    match count {
        1 => "1 secret".to_owned(),
        many => format!("{many} secrets"),
    }
}

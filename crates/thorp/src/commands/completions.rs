//! `thorp completions`: what a shell needs to complete our commands.

use crate::cli::Cli;
use crate::failure::Failure;
use clap::{Args, CommandFactory};

/// Print the completions for a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  thorp completions bash > ~/.local/share/bash-completion/completions/thorp
  thorp completions fish > ~/.config/fish/completions/thorp.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

pub(crate) fn execute(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "thorp", &mut script);
    crate::output::data(&String::from_utf8_lossy(&script));
    Ok(())
}

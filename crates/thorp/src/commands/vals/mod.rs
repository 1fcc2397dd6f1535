//! `thorp vals`: everything about vals but their text (see `push` and `pull`).

mod change;
mod create;
mod list;
mod remove;
mod show;
mod versions;

use super::{pull, push};
use crate::client::Reply;
use crate::client::api::Val;
use crate::failure::Failure;
use crate::output;
use clap::Subcommand;

pub(super) use create::made;

/// List, show, make and change vals
#[derive(Debug, Subcommand)]
pub(crate) enum ValsCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Create(create::CreateArgs),
    Push(push::PushArgs),
    Pull(pull::PullArgs),
    Rm(remove::RemoveArgs),
    Undelete(remove::UndeleteArgs),
    Versions(versions::VersionsArgs),
    Restore(versions::RestoreArgs),
    Rename(change::RenameArgs),
    Set(change::SetArgs),
}

impl ValsCommand {
    /// Whether failures are wanted as JSON.
    pub(crate) fn json(&self) -> bool {
        let town = match self {
            Self::List(args) => &args.town,
            Self::Show(args) => &args.town,
            Self::Create(args) => &args.town,
            Self::Push(args) => &args.town,
            Self::Pull(args) => &args.town,
            Self::Rm(args) => &args.town,
            Self::Undelete(args) => &args.town,
            Self::Versions(args) => &args.town,
            Self::Restore(args) => &args.town,
            Self::Rename(args) => &args.town,
            Self::Set(args) => &args.town,
        };
        town.json
    }
}

pub(crate) fn execute(command: &ValsCommand) -> Result<(), Failure> {
    match command {
        ValsCommand::List(args) => list::execute(args),
        ValsCommand::Show(args) => show::execute(args),
        ValsCommand::Create(args) => create::execute(args),
        ValsCommand::Push(args) => push::execute(args),
        ValsCommand::Pull(args) => pull::execute(args),
        ValsCommand::Rm(args) => remove::execute(args),
        ValsCommand::Undelete(args) => remove::undelete(args),
        ValsCommand::Versions(args) => versions::execute(args),
        ValsCommand::Restore(args) => versions::restore(args),
        ValsCommand::Rename(args) => change::rename(args),
        ValsCommand::Set(args) => change::set(args),
    }
}

/// Tells what became of a val: the town's JSON, or a sentence about it.
fn tell(json: bool, reply: &Reply, sentence: impl FnOnce(&Val) -> String) -> Result<(), Failure> {
    if json {
        output::data(&reply.body);
    } else {
        output::line(output::clean(&sentence(&reply.read()?)));
    }
    Ok(())
}

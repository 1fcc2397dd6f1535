//! `thorp pull`: writes a val's text to a file or folder, never over changes that were not pushed.

use crate::cli::TownArgs;
use crate::client::Client;
use crate::client::api::{FileText, Val};
use crate::failure::{Exit, Failure};
use crate::link::{self, Link, Links};
use crate::output::{self, diff};
use crate::place::{self, Place};
use crate::target::Target;
use clap::Args;
use std::path::PathBuf;

/// Write a val's code to a file or folder
#[derive(Args, Debug)]
#[command(after_help = "\
Local changes that were not pushed are never overwritten: the difference is shown instead.

Examples:
  thorp pull hello                     writes hello.tsx
  thorp pull alice/app                 writes app/ if the val has several modules
  thorp pull alice/hello@3 old.tsx     version 3")]
pub(crate) struct PullArgs {
    /// The val: `alice/hello`, `alice/hello@3` for one version, or `hello` for your own
    #[arg(value_name = "VAL")]
    target: Target,
    /// Where to write it [default: the val's name]
    #[arg(value_name = "DEST")]
    path: Option<PathBuf>,
    /// Overwrite local changes
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

pub(crate) fn execute(args: &PullArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let reply = args.target.find(&client)?;
    let (val, body) = (reply.val, reply.body);
    let files = val.all_files();
    let place = place::for_val(&val.name, val.entry(), &files, args.path.as_deref());
    let theirs = place.as_read(&files);
    let (folder, key) = place.link_key();
    let links = Links::load(&folder)?;
    let yours = local(&place)?;
    let known = links
        .get(&key, client.town())
        .filter(|link| link.id == val.id)
        .cloned();
    if !args.force {
        refuse_overwriting(&place, &val, &theirs, yours.as_deref(), known.as_ref())?;
    }
    let same = yours.as_deref() == Some(&theirs);
    if !same {
        write(&place, &files, yours.as_deref(), known.as_ref())?;
    }
    links.set(&folder, &key, Link::new(client.town(), &val, &theirs))?;
    show(args, &place, &val, &body, same);
    Ok(())
}

fn local(place: &Place) -> Result<Option<Vec<FileText>>, Failure> {
    if !place.path().exists() {
        return Ok(None);
    }
    let files = place.read()?;
    Ok((!files.is_empty()).then_some(files))
}

fn refuse_overwriting(
    place: &Place,
    val: &Val,
    theirs: &[FileText],
    yours: Option<&[FileText]>,
    known: Option<&Link>,
) -> Result<(), Failure> {
    let Some(yours) = yours.filter(|yours| *yours != theirs) else {
        return Ok(());
    };
    if known.is_some_and(|link| link.hash == link::hash(yours)) {
        return Ok(());
    }
    let path = place.path().display().to_string();
    let version = format!("version {}, theirs", val.version);
    let changes = diff::files(
        diff::Side {
            name: &version,
            files: theirs,
        },
        diff::Side {
            name: "yours",
            files: yours,
        },
    );
    let push = match known {
        Some(link) if link.version == val.version => format!("`thorp push {path}` saves yours, "),
        _ => String::new(),
    };
    Err(Failure::new(
        Exit::Conflict,
        format!("`{path}` has changes that `{}` has not", val.full_name()),
    )
    .detail(format!("\n{changes}"))
    .hint(format!("{push}`--force` overwrites it with theirs")))
}

/// Writes the files; what the version that was here had, and this one has not, is removed.
fn write(
    place: &Place,
    files: &[FileText],
    yours: Option<&[FileText]>,
    known: Option<&Link>,
) -> Result<(), Failure> {
    place.write(files)?;
    let clean = known.is_some_and(|link| yours.is_some_and(|yours| link.hash == link::hash(yours)));
    if !clean || matches!(place, Place::File(_)) {
        return Ok(());
    }
    let gone = yours
        .unwrap_or_default()
        .iter()
        .filter(|old| !files.iter().any(|file| file.path == old.path));
    gone.into_iter()
        .try_for_each(|file| place.remove(&file.path))
}

fn show(args: &PullArgs, place: &Place, val: &Val, body: &str, same: bool) {
    if args.town.json {
        output::data(body);
        return;
    }
    let (path, name) = (place.path().display(), val.full_name());
    let what = if same { "is" } else { "now is" };
    output::line(format!(
        "{path} {what} {} version {}",
        output::clean(&name),
        val.version
    ));
}

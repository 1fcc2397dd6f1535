//! `thorp push`: saves a file or folder as a val, or as the next version of the val it was last saved as.

use crate::cli::TownArgs;
use crate::client::api::{FileText, Val};
use crate::client::{Client, Reply, escape};
use crate::failure::{Exit, Failure};
use crate::link::{self, Link, Links};
use crate::output::{self, diagnostics, style::STRONG};
use crate::place::{Place, entry_of};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;
use ureq::http::Method;

/// Save a file or folder as a val
#[derive(Args, Debug)]
#[command(after_help = "\
Which val it belongs to, and at which version, is kept in `.thorp.json`: in the folder, or beside the
file. A push that began with an older version than the newest one is refused and shows the
difference.

Examples:
  thorp push hello.ts                       create `hello`, or save its next version
  thorp push my-app/ --name app             a folder with several modules
  thorp push hello.ts --privacy public")]
pub(crate) struct PushArgs {
    /// A file, or a folder with `main.tsx` (or `main.ts`, `index.ts` …) in it
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// The val's name [default: the name of the file or folder]
    #[arg(long)]
    name: Option<String>,
    /// Who may read it [default for new vals: private]
    #[arg(long)]
    privacy: Option<Privacy>,
    /// The module that a folder's val begins with
    #[arg(long, value_name = "PATH")]
    entry: Option<String>,
    /// Save over versions that somebody else saved meanwhile, and without changes too
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    pub(crate) town: TownArgs,
}

/// Who may read a val's code.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Privacy {
    /// Listed, and readable by everyone
    Public,
    /// Not listed, readable by link
    Unlisted,
    /// Readable by you
    Private,
}

impl Privacy {
    /// The word that the town knows.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Private => "private",
        }
    }
}

pub(crate) fn execute(args: &PushArgs) -> Result<(), Failure> {
    let client = Client::new(&args.town)?;
    let place = Place::at(&args.path)?;
    let files = place.read()?;
    let entry = entry(args, &place, &files)?;
    let (folder, key) = place.link_key();
    let links = Links::load(&folder)?;
    let link = links
        .get(&key, client.town())
        .filter(|link| same_name(args, link))
        .cloned();
    if let Some(link) = link
        .as_ref()
        .filter(|link| !args.force && link.hash == link::hash(&files))
    {
        return unchanged(args, &client, link);
    }
    let mut body = json!({ "files": files, "entry": entry });
    let reply = match &link {
        Some(link) => save(args, &client, link, &mut body)
            .or_else(|failure| newest(args, &client, &place, &body, link, failure))?,
        None => create(args, &client, &place, &mut body)?,
    };
    let val: Val = reply.read()?;
    links.set(&folder, &key, Link::new(client.town(), &val, &files))?;
    show(args, &client, &val, &reply, &shown_as(&place, &files))
}

fn same_name(args: &PushArgs, link: &Link) -> bool {
    let linked = link.val.rsplit('/').next().unwrap_or_default();
    args.name
        .as_ref()
        .is_none_or(|name| name.eq_ignore_ascii_case(linked))
}

fn entry(args: &PushArgs, place: &Place, files: &[FileText]) -> Result<String, Failure> {
    let given = args
        .entry
        .as_deref()
        .filter(|_| matches!(place, Place::Folder(_)));
    if let Some(given) = given {
        let there = files.iter().any(|file| file.path == given);
        return if there {
            Ok(given.to_owned())
        } else {
            Err(Failure::usage(format!(
                "there is no `{given}` in the folder"
            )))
        };
    }
    entry_of(files).map(str::to_owned).ok_or_else(|| {
        Failure::usage(format!(
            "cannot tell which file of `{}` the val begins with",
            place.path().display()
        ))
        .hint("call it `main.tsx`, or name it with `--entry`")
    })
}

/// Saves the next version of a known val.
fn save(args: &PushArgs, client: &Client, link: &Link, body: &mut Value) -> Result<Reply, Failure> {
    if !args.force {
        body["base"] = json!(link.version);
    }
    let saved = client.save(&format!("/v1/vals/{}/versions", escape(&link.id)), body);
    let reply = saved.map_err(|failure| advise(args, link, failure))?;
    with_privacy(args, client, &link.id, reply)
}

/// The newest version, if it has the same text as what met it; otherwise the failure stands.
fn newest(
    args: &PushArgs,
    client: &Client,
    place: &Place,
    body: &Value,
    link: &Link,
    failure: Failure,
) -> Result<Reply, Failure> {
    if failure.exit != Exit::Conflict {
        return Err(failure);
    }
    let reply = client.get(&format!("/v1/vals/{}", escape(&link.id)))?;
    let val: Val = reply.read()?;
    if body["files"] == json!(place.as_read(&val.all_files())) {
        with_privacy(args, client, &link.id, reply)
    } else {
        Err(failure)
    }
}

/// The answer after the wanted privacy is set, or the one that is there.
fn with_privacy(
    args: &PushArgs,
    client: &Client,
    id: &str,
    reply: Reply,
) -> Result<Reply, Failure> {
    match args.privacy {
        Some(privacy) => set_privacy(client, id, privacy),
        None => Ok(reply),
    }
}

fn set_privacy(client: &Client, id: &str, privacy: Privacy) -> Result<Reply, Failure> {
    client.send(
        Method::PATCH,
        &format!("/v1/vals/{}", escape(id)),
        &json!({ "privacy": privacy.as_str() }),
    )
}

fn advise(args: &PushArgs, link: &Link, failure: Failure) -> Failure {
    let (val, path) = (link.val.trim_start_matches('@'), args.path.display());
    match failure.exit {
        Exit::Conflict => failure.hint(format!(
            "`thorp push {path} --force` saves yours as the newest version; `thorp pull {val} {path} --force` takes theirs"
        )),
        Exit::Refused => failure.hint(format!(
            "`{path}` was saved as `{}` before; to save it as a new val, remove it from `{}`",
            link.val,
            link::FILE
        )),
        _ => failure,
    }
}

/// Makes a val that was not known here. One of the same name is that val if it has the same text, and is not touched
/// otherwise, unless forced.
fn create(
    args: &PushArgs,
    client: &Client,
    place: &Place,
    body: &mut Value,
) -> Result<Reply, Failure> {
    let name = args
        .name
        .clone()
        .or_else(|| place.val_name())
        .unwrap_or_default();
    if let Some(reply) = existing(client, &name)? {
        let val: Val = reply.read()?;
        if body["files"] == json!(place.as_read(&val.all_files())) {
            return with_privacy(args, client, &val.id, reply);
        }
        if !args.force {
            return Err(taken(args, &val));
        }
        let link = Link::new(client.town(), &val, &[]);
        return save(args, client, &link, body);
    }
    body["name"] = json!(name);
    if let Some(privacy) = args.privacy {
        body["privacy"] = json!(privacy.as_str());
    }
    client.save("/v1/vals", body)
}

fn existing(client: &Client, name: &str) -> Result<Option<Reply>, Failure> {
    let path = format!("/v1/alias/{}/{}", escape(&client.username()?), escape(name));
    match client.get(&path) {
        Ok(reply) => Ok(Some(reply)),
        Err(failure) if failure.exit == Exit::Refused || failure.exit == Exit::Usage => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn taken(args: &PushArgs, val: &Val) -> Failure {
    let (path, name) = (args.path.display(), val.full_name());
    Failure::new(Exit::Conflict, format!("there is a val `{name}` that `{path}` was not pulled from")).hint(format!(
        "`thorp pull {}/{} {path}` compares them, `--name` saves under another name, `--force` saves over it",
        val.owner(),
        val.name
    ))
}

fn unchanged(args: &PushArgs, client: &Client, link: &Link) -> Result<(), Failure> {
    let reply = match args.privacy {
        Some(privacy) => set_privacy(client, &link.id, privacy)?,
        None => client
            .get(&format!("/v1/vals/{}", escape(&link.id)))
            .map_err(|failure| advise(args, link, failure))?,
    };
    if args.town.json {
        output::data(&reply.body);
    } else {
        output::line(format!(
            "{} is unchanged since version {}",
            output::clean(&link.val),
            link.version
        ));
    }
    Ok(())
}

/// The files under the names that the person knows them by.
fn shown_as(place: &Place, files: &[FileText]) -> Vec<FileText> {
    match place {
        Place::File(path) => files
            .iter()
            .map(|file| FileText {
                path: path.display().to_string(),
                ..file.clone()
            })
            .collect(),
        Place::Folder(_) => files.to_vec(),
    }
}

/// Tells what was saved; a version that cannot run is a failure, though it is saved.
fn show(
    args: &PushArgs,
    client: &Client,
    val: &Val,
    reply: &Reply,
    files: &[FileText],
) -> Result<(), Failure> {
    if args.town.json {
        output::data(&reply.body);
    } else {
        let name = val.full_name();
        output::line(format!(
            "saved {STRONG}{}{STRONG:#} version {} ({})",
            output::clean(&name),
            val.version,
            output::clean(&val.privacy)
        ));
        output::line(format!(
            "{}/v1/run/{}.{}",
            client.town(),
            escape(val.owner()),
            escape(&val.name)
        ));
    }
    if !val.diagnostics.is_empty() {
        let shown = diagnostics::render(&val.diagnostics, files);
        output::note(format!("\n{shown}\n"));
    }
    if val
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.is_error())
    {
        let message = format!(
            "version {} of `{}` is saved, but it cannot run",
            val.version,
            val.full_name()
        );
        return Err(Failure::new(Exit::Program, message));
    }
    Ok(())
}

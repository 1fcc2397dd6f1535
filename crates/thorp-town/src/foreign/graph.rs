//! What a foreign val is made of: its own files and packages, and the vals that it names, as a stranger sees them.
//!
//! Vals of the same author are those of now; those of others are those that its author's lock names. All must be readable
//! by everybody: what is private is as if it were not there.

use super::{Pins, Unusable};
use crate::error::TownError;
use crate::limits::GRAPH_VALS_MAX;
use crate::programs::Ready;
use crate::state::Use;
use crate::town::Town;
use std::collections::BTreeMap;
use std::sync::Arc;
use thorp_store::{Digest, NamedValue, Privacy, Val};

/// Changes whenever equal parts would become another bundle.
const FORM: u32 = 1;

/// All parts, the entry first.
pub(crate) struct Parts {
    /// Whose it is and what it is called: `@bob/lib`.
    pub(crate) val: String,
    /// The file that programs import, if it is not the entry.
    pub(crate) path: Option<String>,
    /// Which export is the value.
    pub(crate) value: Option<String>,
    pub(crate) members: Vec<Member>,
    /// Vals that are read and are no code, in lower case, and how a text spells their names.
    pub(crate) reads: BTreeMap<(String, String), String>,
}

/// One val.
pub(crate) struct Member {
    /// Where its files are: `bob/lib`, in lower case.
    pub(crate) folder: String,
    pub(crate) part: Part,
}

pub(crate) enum Part {
    Code(Arc<Ready>),
    /// Imported data, as JSON.
    Data(String),
}

impl Parts {
    /// Names what a bundle of these is.
    pub(crate) fn digest(&self) -> Digest {
        let path = self.path.as_deref().unwrap_or_default();
        let mut text = format!("{FORM} {} {path}\n", self.val);
        for Member { folder, part } in &self.members {
            let part = match part {
                Part::Code(ready) => {
                    let (modules, ..) = ready.source();
                    let files = modules.iter().map(|module| module.file.as_str());
                    let files: Vec<&str> = files.collect();
                    format!("code {} {}", ready.digest(), files.join(" "))
                }
                Part::Data(json) => format!("data {}", Digest::of(json.as_bytes())),
            };
            text.push_str(&format!("{folder} {part}\n"));
        }
        for ((user, name), spelled) in &self.reads {
            text.push_str(&format!("reads {user}/{name} {spelled}\n"));
        }
        Digest::of(text.as_bytes())
    }
}

/// A use, and whose text it stands in.
struct Waiting {
    one: Use,
    author: String,
    pins: Arc<Pins>,
}

impl Town {
    /// Finds the parts of a version.
    pub(super) async fn foreign_parts(
        &self,
        val: &Val,
        version: i64,
        path: Option<&str>,
    ) -> Result<Parts, Unusable> {
        let ready = self.foreign_ready(val, version).await?;
        if path.is_some_and(|path| !ready.has_file(path)) {
            return Err(Unusable::not("has no such file"));
        }
        let mut parts = Parts {
            val: format!("@{}/{}", val.owner_name, val.name),
            path: path.map(str::to_owned),
            value: ready.value_name(),
            members: Vec::new(),
            reads: BTreeMap::new(),
        };
        let folder = thorp_lang::val_folder(&val.owner_name, &val.name, None);
        let mut waiting = uses_of(&ready, &val.owner_name);
        parts.members.push(Member {
            folder,
            part: Part::Code(ready),
        });
        while !waiting.is_empty() {
            let mut next = Vec::new();
            for found in self.named_by_all(waiting).await? {
                next.extend(self.foreign_part(&mut parts, found).await?);
            }
            if parts.members.len() + parts.reads.len() > GRAPH_VALS_MAX {
                return Err(Unusable::not(format!(
                    "names more than {GRAPH_VALS_MAX} vals"
                )));
            }
            waiting = next;
        }
        Ok(parts)
    }

    /// What everybody may read of what is named.
    async fn named_by_all(
        &self,
        waiting: Vec<Waiting>,
    ) -> Result<Vec<(Waiting, Option<NamedValue>)>, Unusable> {
        let names = waiting
            .iter()
            .map(|Waiting { one, .. }| (one.user.clone(), one.name.clone()));
        let found = self.store().values(names.collect()).await;
        let found = found.map_err(TownError::from)?;
        let found = found
            .into_iter()
            .map(|named| named.filter(|named| named.val.privacy != Privacy::Private));
        Ok(waiting.into_iter().zip(found).collect())
    }

    /// Takes one val into the parts; answers what it names itself.
    async fn foreign_part(
        &self,
        parts: &mut Parts,
        (waiting, named): (Waiting, Option<NamedValue>),
    ) -> Result<Vec<Waiting>, Unusable> {
        let Waiting { one, author, pins } = waiting;
        let place = (one.user.clone(), one.name.clone());
        let folder = one.folder();
        if parts.members.iter().any(|member| member.folder == folder) {
            return Ok(Vec::new());
        }
        let is_read = |parts: &mut Parts| {
            let spelled = one.spelled.clone();
            parts.reads.entry(place.clone()).or_insert(spelled);
            Ok(Vec::new())
        };
        let Some(named) = named else {
            return if one.imported {
                Err(unreadable(&one))
            } else {
                is_read(parts)
            };
        };
        if let (Some(json), None) = (&named.version.value, one.version) {
            if !one.imported {
                return is_read(parts);
            }
            let part = Part::Data(json.clone());
            parts.members.push(Member { folder, part });
            return Ok(Vec::new());
        }
        let pinned = one
            .version
            .map(|version| i64::try_from(version).unwrap_or(i64::MAX));
        let version = if one.user.eq_ignore_ascii_case(&author) {
            Some(pinned.unwrap_or(named.version.version))
        } else {
            // Of somebody else: what the author's lock says, and only while it is the same val.
            let pin = pins.get(&one).filter(|pin| pin.val == named.val.id);
            pin.map(|pin| pin.version)
        };
        let Some(version) = version else {
            return if one.imported {
                Err(unreadable(&one))
            } else {
                is_read(parts)
            };
        };
        let ready = self.foreign_ready(&named.val, version).await;
        let ready = ready.map_err(|error| within(error, &one))?;
        let uses = uses_of(&ready, &named.val.owner_name);
        let part = Part::Code(ready);
        parts.members.push(Member { folder, part });
        Ok(uses)
    }

    /// A version's program. Its author is told why it has none, others just that.
    async fn foreign_ready(&self, val: &Val, version: i64) -> Result<Arc<Ready>, Unusable> {
        match self.version(val, version).await {
            Ok(ready) => match of_the_web(&ready) {
                Some(address) => Err(Unusable::not(format!(
                    "imports `{address}`; of modules of the web and of `jsr:`, nothing is available to imported code"
                ))),
                None => Ok(ready),
            },
            Err(error @ TownError::Internal(_)) => Err(error.into()),
            Err(_) => Err(Unusable::not(format!(
                "does not compile in version {version}"
            ))),
        }
    }
}

fn uses_of(ready: &Ready, author: &str) -> Vec<Waiting> {
    let waiting = ready.uses().iter().map(|one| Waiting {
        one: one.clone(),
        author: author.to_ascii_lowercase(),
        pins: ready.pins().unwrap_or_default(),
    });
    waiting.collect()
}

/// An import that is no package.
fn of_the_web(ready: &Ready) -> Option<&str> {
    let sets = ready.dependency_sets().iter();
    let mut wanted = sets.flat_map(|locked| locked.resolved.keys());
    let is_web = |name: &&String| {
        ["https:", "http:", "jsr:"]
            .iter()
            .any(|of| name.starts_with(of))
    };
    wanted.find(is_web).map(String::as_str)
}

fn unreadable(one: &Use) -> Unusable {
    Unusable::not(format!(
        "imports `@{}/{}`, which is no val that everybody may read",
        one.user, one.name
    ))
}

fn within(error: Unusable, one: &Use) -> Unusable {
    match error {
        Unusable::NotImportable(why) => {
            Unusable::not(format!("names `@{}/{}`, which {why}", one.user, one.name))
        }
        error => error,
    }
}

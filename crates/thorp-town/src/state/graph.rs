//! A program with all vals of its author that it names: one set of files, the values that it sees, the locks of what it writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::value::RawValue;
use thorp_runtime::Sight;
use thorp_runtime::limits::FOREIGN_BYTES_MAX;
use thorp_store::{Digest, NamedValue, Privacy};
use uuid::Uuid;

use crate::error::{ErrorCode, TownError};
use crate::foreign::{Bundled, Pins};
use crate::limits::{GRAPH_VALS_MAX, STATE_WAIT};
use crate::programs::{Member, Ready};
use crate::state::{Held, Place, Use};
use crate::town::Town;

/// Somebody else may save while a program is put together; this often it is tried again.
const TRIES_MAX: usize = 5;

/// Whose permissions a program has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) id: Uuid,
    /// In lower case.
    pub(crate) name: String,
}

/// A program that is ready to run among its author's vals.
pub(crate) struct Assembled {
    pub(crate) ready: Arc<Ready>,
    pub(crate) sight: Sight,
    pub(crate) written: Written,
    pub(crate) held: Held,
}

/// What a program may write, and what each is called if it makes it.
pub(crate) type Written = BTreeMap<Place, String>;

/// What a program is made of, found by following what it names.
#[derive(Default)]
struct Plan {
    /// By folder, in the order in which they are to be loaded.
    members: Vec<(String, Part)>,
    /// Other users' code, by folder and file.
    foreign: BTreeMap<Facing, Bundled>,
    /// Those that were looked up, with what they were.
    seen: BTreeMap<(String, String), Seen>,
    written: Written,
}

/// Where a program finds a foreign val: in which folder, and which file of it stands for which of the val's.
pub(crate) type Facing = (String, Option<String>);

/// What a name was when it was looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// A val of the program's author: its code, if it is code.
    Own(Option<(Uuid, i64)>),
    /// Another user's: its code is pinned, and what it holds is read later.
    Others,
}

/// One val that is named, and what the text's lock says of other users' code; nothing for a text that was not saved.
type Waiting = (Use, Option<Arc<Pins>>);

/// A val of a program.
#[derive(Clone)]
enum Part {
    Code {
        key: (Uuid, i64),
        ready: Arc<Ready>,
    },
    /// Imported data; what is only read travels with each run.
    Data {
        key: (Uuid, i64),
        json: String,
    },
}

impl Town {
    /// Puts a program together with what it names. `above` are the locks of the runs that wait for this one.
    pub(crate) async fn assemble(
        &self,
        ready: Arc<Ready>,
        entry: String,
        author: Option<&Author>,
        above: &BTreeSet<Place>,
    ) -> Result<Assembled, TownError> {
        if ready.uses().is_empty() {
            return Ok(Assembled {
                ready,
                sight: Sight {
                    author: author.map(|author| author.name.clone()),
                    ..Sight::default()
                },
                written: Written::new(),
                held: Held::default(),
            });
        }
        for _ in 0..TRIES_MAX {
            let plan = self.plan(&ready, author).await?;
            let places: BTreeSet<Place> = plan.written.keys().cloned().collect();
            let held = self.0.locks.take(&places, above, STATE_WAIT).await?;
            let names: Vec<(String, String)> = plan.seen.keys().cloned().collect();
            // All at one moment, also what foreign code reads.
            let all = names.iter().cloned().chain(plan.read_by_foreign());
            let mut found = self.store().values(all.collect()).await?;
            let foreign = found.split_off(names.len());
            if plan.is_as_it_was(&names, &found) {
                // What is pinned as code stays code, whatever it is now.
                let is_code = |name: &str| plan.foreign.contains_key(&(name.to_owned(), None));
                let values = snapshot(&names, &found, author, is_code)?;
                let foreign = plan.shared(foreign)?;
                return Ok(Assembled {
                    ready: self.joined(ready, entry, &plan),
                    sight: Sight {
                        values: Some(values),
                        writable: plan.writable(author),
                        author: author.map(|author| author.name.clone()),
                        foreign,
                        ..Sight::default()
                    },
                    written: plan.written,
                    held,
                });
            }
        }
        Err(TownError::hinted(
            ErrorCode::StateBusy,
            "the vals that the program names change faster than they can be read",
            "try again",
        ))
    }

    async fn plan(&self, ready: &Arc<Ready>, author: Option<&Author>) -> Result<Plan, TownError> {
        let mut plan = Plan::default();
        let mut waiting = waiting(ready);
        while !waiting.is_empty() {
            let names: BTreeSet<(String, String)> = waiting
                .iter()
                .map(|(one, _)| (one.user.clone(), one.name.clone()))
                .collect();
            let names: Vec<(String, String)> = names.into_iter().collect();
            let found = self.store().values(names.clone()).await?;
            let found: BTreeMap<_, _> = names.into_iter().zip(found).collect();
            let mut next = Vec::new();
            for one in waiting {
                let name = (one.0.user.clone(), one.0.name.clone());
                let named = found.get(&name).and_then(Option::as_ref);
                next.extend(match is_own(author, &one.0.user) {
                    true => self.take(&mut plan, &one.0, named, author).await?,
                    false => self.take_foreign(&mut plan, &one, named).await?,
                });
            }
            waiting = next;
            if plan.seen.len() > GRAPH_VALS_MAX {
                return Err(too_many());
            }
        }
        // What was found last is what the others need.
        plan.members.reverse();
        Ok(plan)
    }

    /// Takes a val of the author's into a plan; answers what it names itself.
    async fn take(
        &self,
        plan: &mut Plan,
        one: &Use,
        named: Option<&NamedValue>,
        author: Option<&Author>,
    ) -> Result<Vec<Waiting>, TownError> {
        if let Some(author) = author.filter(|_| one.written) {
            let place = (author.id, one.name.clone());
            let called = named.map_or(&one.spelled, |named| &named.val.name);
            plan.written.insert(place, called.clone());
        }
        let key = named.map(|named| (named.val.id, named.version.version));
        let is_code = named.is_some_and(|named| named.version.value.is_none());
        // Of what is only read, just the value counts, which is read later.
        plan.see(one, Seen::Own(key.filter(|_| is_code)));
        let Some(named) = named else {
            return missing(one);
        };
        if plan.has(one) {
            return Ok(Vec::new());
        }
        if plan.take_data(one, named) {
            return Ok(Vec::new());
        }
        let pinned = one
            .version
            .map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        let version = pinned.unwrap_or(named.version.version);
        let key = (named.val.id, version);
        let ready = self.version(&named.val, version).await?;
        let uses = waiting(&ready);
        plan.members.push((one.folder(), Part::Code { key, ready }));
        Ok(uses)
    }

    /// Takes a val of another user into a plan: its value if it may be read, or its code as the text's lock has it. A text
    /// that was not saved has no lock, and the code is that of now.
    async fn take_foreign(
        &self,
        plan: &mut Plan,
        (one, pins): &Waiting,
        named: Option<&NamedValue>,
    ) -> Result<Vec<Waiting>, TownError> {
        plan.see(one, Seen::Others);
        if plan.has(one) {
            return Ok(Vec::new());
        }
        let pin = pins.as_ref().and_then(|pins| pins.get(one));
        let named = named.filter(|named| !is_private(named));
        if let Some(pin) = pin {
            let bundled = self.pinned(one, pin.digest()?).await?;
            return plan.take_bundle(one, bundled);
        }
        let Some(named) = named else {
            return missing(one);
        };
        if plan.take_data(one, named) {
            return Ok(Vec::new());
        }
        match pins {
            Some(_) if one.imported => Err(unpinned(one)),
            Some(_) => Ok(Vec::new()),
            None => {
                let bundled = self.bundle_of_now(one, named).await?;
                plan.take_bundle(one, bundled)
            }
        }
    }

    /// A foreign val for a text that was not saved.
    async fn bundle_of_now(&self, one: &Use, named: &NamedValue) -> Result<Bundled, TownError> {
        let number = one
            .version
            .map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        let number = number.unwrap_or(named.version.version);
        let bundled = self.bundle(&named.val, number, one.path.as_deref()).await;
        bundled.map_err(|error| {
            let named = format!("{} names `@{}/{}`, which", one.place(), one.user, one.name);
            error.told(&named)
        })
    }

    async fn pinned(&self, one: &Use, digest: Digest) -> Result<Bundled, TownError> {
        let bundle = self.0.library.get(digest).await?;
        let bundle = bundle.ok_or_else(|| unpinned(one))?;
        Ok(Bundled { digest, bundle })
    }

    /// The program of a plan, from memory if it was put together before.
    fn joined(&self, entry: Arc<Ready>, folder: String, plan: &Plan) -> Arc<Ready> {
        let mut key = format!("{folder} {}\n", entry.digest());
        for (folder, part) in &plan.members {
            let (Part::Code { key: part, .. } | Part::Data { key: part, .. }) = part;
            key.push_str(&format!("{folder} {}@{}\n", part.0, part.1));
        }
        for ((folder, path), bundled) in &plan.foreign {
            let path = path.as_deref().unwrap_or_default();
            key.push_str(&format!("foreign {folder} {path} {}\n", bundled.digest));
        }
        let key = Digest::of(key.as_bytes());
        if let Some(ready) = self.0.graphs.get(&key.0) {
            return ready;
        }
        let members = plan.members.iter().map(|(folder, part)| match part {
            Part::Code { ready, .. } => Member::Code(folder, ready),
            Part::Data { json, .. } => Member::Data(folder, json),
        });
        let ready = Ready::joined(&entry, &folder, members, &plan.foreign, key);
        let ready = Arc::new(ready);
        self.0.graphs.put(key.0, Arc::clone(&ready));
        ready
    }
}

impl Plan {
    /// The names of what it may write.
    fn writable(&self, author: Option<&Author>) -> Vec<String> {
        let author = author.map_or("", |author| &author.name);
        let names = self.written.keys().map(|(_, name)| name);
        names.map(|name| format!("{author}/{name}")).collect()
    }

    /// Whether all that it has found is still so.
    fn is_as_it_was(&self, names: &[(String, String)], found: &[Option<NamedValue>]) -> bool {
        names.iter().zip(found).all(|(name, found)| {
            let now = found.as_ref().filter(|found| found.version.value.is_none());
            let now = now.map(|found| (found.val.id, found.version.version));
            match self.seen.get(name) {
                Some(Seen::Own(before)) => *before == now,
                Some(Seen::Others) => true,
                None => false,
            }
        })
    }

    fn see(&mut self, one: &Use, seen: Seen) {
        self.seen.insert((one.user.clone(), one.name.clone()), seen);
    }

    /// Whether it is a part already.
    fn has(&self, one: &Use) -> bool {
        let folder = one.folder();
        let is_known = self.members.iter().any(|(known, _)| *known == folder);
        is_known || self.foreign.contains_key(&(folder, one.path.clone()))
    }

    /// Whether a val is data. If it is imported, it becomes a part.
    fn take_data(&mut self, one: &Use, named: &NamedValue) -> bool {
        let (Some(json), None) = (&named.version.value, one.version) else {
            return false;
        };
        if one.imported {
            let key = (named.val.id, named.version.version);
            let json = json.clone();
            self.members.push((one.folder(), Part::Data { key, json }));
        }
        true
    }

    fn take_bundle(&mut self, one: &Use, bundled: Bundled) -> Result<Vec<Waiting>, TownError> {
        self.foreign
            .insert((one.folder(), one.path.clone()), bundled);
        let scripts = self.foreign.values();
        let bytes: usize = scripts.map(|bundled| bundled.bundle.script.len()).sum();
        if bytes > FOREIGN_BYTES_MAX {
            let most = FOREIGN_BYTES_MAX >> 20;
            let message = format!("a program has at most {most} MiB of other users' code in it");
            return Err(TownError::refused(ErrorCode::TooLarge, message));
        }
        Ok(Vec::new())
    }

    /// What foreign code in it reads.
    fn read_by_foreign(&self) -> BTreeSet<(String, String)> {
        let bundles = self.foreign.values();
        bundles
            .flat_map(|bundled| bundled.bundle.reads.iter().cloned())
            .collect()
    }

    /// The values that foreign code may see, as JSON; nothing for a program without any.
    fn shared(&self, found: Vec<Option<NamedValue>>) -> Result<Option<String>, TownError> {
        if self.foreign.is_empty() {
            return Ok(None);
        }
        let names: Vec<_> = self.read_by_foreign().into_iter().collect();
        snapshot(&names, &found, None, |_| false).map(Some)
    }
}

fn is_own(author: Option<&Author>, user: &str) -> bool {
    author.is_some_and(|author| author.name == *user)
}

/// What a program names.
fn waiting(ready: &Ready) -> Vec<Waiting> {
    let uses = ready.uses().iter();
    uses.map(|one| (one.clone(), ready.pins())).collect()
}

fn is_private(found: &NamedValue) -> bool {
    found.val.privacy == Privacy::Private
}

/// The values that a program may see, as JSON, without those whose code it has.
fn snapshot(
    names: &[(String, String)],
    found: &[Option<NamedValue>],
    author: Option<&Author>,
    is_code: impl Fn(&str) -> bool,
) -> Result<String, TownError> {
    let mut values: BTreeMap<String, &RawValue> = BTreeMap::new();
    for ((user, name), found) in names.iter().zip(found) {
        let is_own = is_own(author, user);
        let found = found.as_ref().filter(|found| is_own || !is_private(found));
        if let Some(json) = found.and_then(|found| found.version.value.as_deref()) {
            let json = serde_json::from_str(json).map_err(TownError::internal)?;
            let name = format!("{user}/{name}");
            if !is_code(&name) {
                values.insert(name, json);
            }
        }
    }
    serde_json::to_string(&values).map_err(TownError::internal)
}

/// What is not there is `undefined`, and an error if it is imported.
fn missing(one: &Use) -> Result<Vec<Waiting>, TownError> {
    if !one.imported {
        return Ok(Vec::new());
    }
    let message = format!(
        "{} names `@{}/{}`, and there is no such val",
        one.place(),
        one.user,
        one.name
    );
    Err(TownError::refused(ErrorCode::DoesNotCompile, message))
}

/// Other users' code is that of the save.
fn unpinned(one: &Use) -> TownError {
    TownError::hinted(
        ErrorCode::DoesNotCompile,
        format!(
            "{} names `@{}/{}`, which was no program that everybody may read when this was saved",
            one.place(),
            one.user,
            one.name
        ),
        "save it again, which takes other users' code as it is then",
    )
}

fn too_many() -> TownError {
    let message = format!("a program names at most {GRAPH_VALS_MAX} vals");
    TownError::refused(ErrorCode::TooLarge, message)
}

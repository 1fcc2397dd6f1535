//! A program with all vals of its author that it names: one set of files, the values that it sees, the locks of what it writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::value::RawValue;
use thorp_runtime::Sight;
use thorp_store::{Digest, NamedValue, Privacy};
use uuid::Uuid;

use crate::error::{ErrorCode, TownError};
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
    /// Those that were looked up, with what they were.
    seen: BTreeMap<(String, String), Option<(Uuid, i64)>>,
    written: Written,
}

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
            let found = self.store().values(names.clone()).await?;
            if plan.is_as_it_was(&names, &found) {
                let values = snapshot(&names, &found, author)?;
                return Ok(Assembled {
                    ready: self.joined(ready, entry, &plan),
                    sight: Sight {
                        values: Some(values),
                        writable: plan.writable(author),
                        author: author.map(|author| author.name.clone()),
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
        let mut waiting: Vec<Use> = ready.uses().to_vec();
        while !waiting.is_empty() {
            let names: BTreeSet<(String, String)> = waiting
                .iter()
                .map(|one| (one.user.clone(), one.name.clone()))
                .collect();
            let names: Vec<(String, String)> = names.into_iter().collect();
            let found = self.store().values(names.clone()).await?;
            let found: BTreeMap<_, _> = names.into_iter().zip(found).collect();
            let mut next = Vec::new();
            for one in waiting {
                let named = found.get(&(one.user.clone(), one.name.clone()));
                let named = named.and_then(Option::as_ref);
                next.extend(self.take(&mut plan, &one, named, author).await?);
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

    /// Takes one val into a plan; answers what it names itself.
    async fn take(
        &self,
        plan: &mut Plan,
        one: &Use,
        named: Option<&NamedValue>,
        author: Option<&Author>,
    ) -> Result<Vec<Use>, TownError> {
        let name = (one.user.clone(), one.name.clone());
        let is_own = author.is_some_and(|author| author.name == one.user);
        if let Some(author) = author.filter(|_| one.written && is_own) {
            let place = (author.id, one.name.clone());
            let called = named.map_or(&one.spelled, |named| &named.val.name);
            plan.written.insert(place, called.clone());
        }
        let named = named.filter(|named| is_own || named.val.privacy != Privacy::Private);
        let key = named.map(|named| (named.val.id, named.version.version));
        let is_code = named.is_some_and(|named| named.version.value.is_none());
        // Of what is only read, just the value counts, which is read later.
        plan.seen.insert(name, key.filter(|_| is_code));
        let Some(named) = named else {
            return if one.imported {
                Err(unknown(one))
            } else {
                Ok(Vec::new())
            };
        };
        let folder = one.folder();
        if plan.members.iter().any(|(known, _)| *known == folder) {
            return Ok(Vec::new());
        }
        match (&named.version.value, one.version) {
            (Some(json), None) => {
                if one.imported {
                    let key = (named.val.id, named.version.version);
                    let json = json.clone();
                    plan.members.push((folder, Part::Data { key, json }));
                }
                Ok(Vec::new())
            }
            _ if !is_own => Err(foreign(one)),
            (_, pinned) => {
                let pinned = pinned.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
                let version = pinned.unwrap_or(named.version.version);
                let key = (named.val.id, version);
                let ready = self.version(&named.val, version).await?;
                let uses = ready.uses().to_vec();
                plan.members.push((folder, Part::Code { key, ready }));
                Ok(uses)
            }
        }
    }

    /// The program of a plan, from memory if it was put together before.
    fn joined(&self, entry: Arc<Ready>, folder: String, plan: &Plan) -> Arc<Ready> {
        let mut key = format!("{folder} {}\n", entry.digest());
        for (folder, part) in &plan.members {
            let (Part::Code { key: part, .. } | Part::Data { key: part, .. }) = part;
            key.push_str(&format!("{folder} {}@{}\n", part.0, part.1));
        }
        let key = Digest::of(key.as_bytes());
        if let Some(ready) = self.0.graphs.get(&key.0) {
            return ready;
        }
        let members = plan.members.iter().map(|(folder, part)| match part {
            Part::Code { ready, .. } => Member::Code(folder, ready),
            Part::Data { json, .. } => Member::Data(folder, json),
        });
        let ready = Ready::joined(&entry, &folder, members, key);
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
                // Somebody else's program, or a private one, is no part of it, and what has become a program is.
                Some(None) => now.is_none() || found.as_ref().is_some_and(is_private),
                Some(before) => *before == now,
                None => false,
            }
        })
    }
}

fn is_private(found: &NamedValue) -> bool {
    found.val.privacy == Privacy::Private
}

/// The values that a program may see, as JSON.
fn snapshot(
    names: &[(String, String)],
    found: &[Option<NamedValue>],
    author: Option<&Author>,
) -> Result<String, TownError> {
    let mut values: BTreeMap<String, &RawValue> = BTreeMap::new();
    for ((user, name), found) in names.iter().zip(found) {
        let is_own = author.is_some_and(|author| author.name == *user);
        let found = found.as_ref().filter(|found| is_own || !is_private(found));
        if let Some(json) = found.and_then(|found| found.version.value.as_deref()) {
            let json = serde_json::from_str(json).map_err(TownError::internal)?;
            values.insert(format!("{user}/{name}"), json);
        }
    }
    serde_json::to_string(&values).map_err(TownError::internal)
}

fn unknown(one: &Use) -> TownError {
    let message = format!(
        "{} names `@{}/{}`, and there is no such val",
        one.place, one.user, one.name
    );
    TownError::refused(ErrorCode::DoesNotCompile, message)
}

fn foreign(one: &Use) -> TownError {
    TownError::hinted(
        ErrorCode::DoesNotCompile,
        format!(
            "{} names `@{}/{}`, which is somebody else's program",
            one.place, one.user, one.name
        ),
        "call it as its author by `api`, or copy it into a val of yours",
    )
}

fn too_many() -> TownError {
    let message = format!("a program names at most {GRAPH_VALS_MAX} vals");
    TownError::refused(ErrorCode::TooLarge, message)
}

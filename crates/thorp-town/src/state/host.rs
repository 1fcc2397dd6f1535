//! What a run asks of the town while it runs. Whose permissions it has decides; what it says only names things.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use thorp_runtime::{Abandoned, CallError, Calling, Host};
use thorp_store::{NamedValue, Privacy};
use tokio::sync::watch;
use uuid::Uuid;

use crate::error::{ErrorCode, RunFault, TownError};
use crate::evaluate::{At, Begin, RunInput, no_write};
use crate::limits::{API_DEPTH_MAX, STATE_WAIT, VALUE_VERSIONS_KEPT};
use crate::state::{Author, By, Held, Place, Written, checked};
use crate::town::Town;

/// The town, as one run may use it.
#[derive(Debug)]
pub(crate) struct TownHost {
    town: Town,
    run: Uuid,
    program: String,
    author: Option<Author>,
    may_write: bool,
    at: At,
    /// Whether another user's value that may not be read is an error.
    strict: bool,
    /// Locks of values that the run is about to change.
    tickets: Mutex<BTreeMap<u64, Change>>,
    next: AtomicU64,
}

/// A value that a run is about to change.
#[derive(Debug)]
struct Change {
    name: String,
    place: Place,
    _held: Held,
}

type Answer = Result<Option<String>, TownError>;

impl TownHost {
    /// `at` is where its own calls are: below it, with its locks.
    pub(crate) fn new(town: &Town, run: Uuid, begin: &Begin, at: At) -> Arc<Self> {
        Arc::new(Self {
            town: town.clone(),
            run,
            program: begin.program.clone(),
            author: begin.run_as.clone(),
            may_write: begin.may_write,
            at,
            strict: begin.val.is_some(),
            tickets: Mutex::default(),
            next: AtomicU64::new(1),
        })
    }
}

/// A handle that calls keep.
#[derive(Debug)]
pub(crate) struct Handle(pub(crate) Arc<TownHost>);

impl Host for Handle {
    fn call(&self, operation: String, args: Box<RawValue>, foreign: Option<String>) -> Calling {
        let host = Arc::clone(&self.0);
        Box::pin(async move {
            let answer = match foreign {
                None => host.answer(&operation, args.get()).await,
                Some(val) => host.answer_foreign(&operation, args.get(), &val).await,
            };
            answer.map_err(told)
        })
    }

    fn abandoned(&self) -> Abandoned {
        match self.0.at.caller.clone() {
            Some(mut caller) => Box::pin(async move { while caller.changed().await.is_ok() {} }),
            None => Box::pin(std::future::pending()),
        }
    }
}

impl TownHost {
    async fn answer(&self, operation: &str, args: &str) -> Answer {
        match operation {
            "api" => {
                let (target, args): (String, Box<RawValue>) = read(args)?;
                self.api(&target, args.get()).await
            }
            "email" => {
                let user = self.own()?.id;
                self.town.send_email(user, self.run, args).await?;
                Ok(None)
            }
            "value" => {
                let (name,): (String,) = read(args)?;
                Ok(self.value(&name).await?)
            }
            "set" => {
                let (name, value): (String, Box<RawValue>) = read(args)?;
                let _held = self.lock(&name).await?;
                self.set(&name, Some(value.get())).await
            }
            "delete" => {
                let (name,): (String,) = read(args)?;
                let _held = self.lock(&name).await?;
                self.set(&name, None).await
            }
            "update" => {
                let (name,): (String,) = read(args)?;
                self.begin_update(&name).await
            }
            "commit" => {
                let (ticket, value): (u64, Box<RawValue>) = read(args)?;
                let change = self.tickets().remove(&ticket).ok_or_else(no_ticket)?;
                self.set(&change.name, Some(value.get())).await
            }
            "leave" => {
                let (ticket,): (u64,) = read(args)?;
                self.tickets().remove(&ticket);
                Ok(None)
            }
            _ => Err(TownError::refused(
                ErrorCode::NotAvailable,
                "the town does not do that for programs yet",
            )),
        }
    }

    /// What other users' code asks for has no caller: it may what everybody may.
    async fn answer_foreign(&self, operation: &str, args: &str, val: &str) -> Answer {
        match operation {
            "api" => {
                let (target, args): (String, Box<RawValue>) = read(args)?;
                let nobody = crate::view::Caller::anonymous();
                self.api_of(&nobody, &target, args.get()).await
            }
            "email" => {
                let user = self.own()?.id;
                let by = foreign_name(val)?;
                self.town.send_email_by(user, self.run, args, by).await?;
                Ok(None)
            }
            "value" => {
                let (name,): (String,) = read(args)?;
                Ok(self.value_for(None, &name).await?)
            }
            _ => Err(TownError::refused(
                ErrorCode::Forbidden,
                "imported code may not do that",
            )),
        }
    }

    /// Runs a val as its author, for the user whose permissions this run has.
    async fn api(&self, target: &str, args: &str) -> Answer {
        let caller = match &self.author {
            Some(author) => self.town.caller_of(author.id).await?,
            None => crate::view::Caller::anonymous(),
        };
        self.api_of(&caller, target, args).await
    }

    /// Runs a val as its author.
    async fn api_of(&self, caller: &crate::view::Caller, target: &str, args: &str) -> Answer {
        if self.at.depth >= API_DEPTH_MAX {
            let message = format!("programs call each other at most {API_DEPTH_MAX} deep");
            return Err(TownError::refused(ErrorCode::CallDepth, message));
        }
        let (user, name) = target.split_once('/').ok_or_else(|| unnamed(target))?;
        let input = RunInput {
            user: user.to_owned(),
            name: name.to_owned(),
            version: None,
            args: Some(args.to_owned()),
        };
        // This call is dropped when the run ends, and what it began ends then.
        let (_alive, ended) = watch::channel(());
        let at = At {
            parent: Some(self.run),
            depth: self.at.depth + 1,
            above: self.at.above.clone(),
            caller: Some(ended),
        };
        // Boxed: what is called may call again.
        let answer = Box::pin(self.town.run_at(caller, input, at)).await?;
        Ok((!answer.undefined).then_some(answer.json))
    }

    /// What a val holds now, if the run may read it.
    async fn value(&self, name: &str) -> Answer {
        let found = self.value_for(self.author.as_ref(), name).await?;
        if found.is_none() && self.strict && !self.is_own(name) {
            let shown: String = name.chars().take(100).collect();
            let message = format!("there is no val `@{shown}`, or it is private");
            return Err(TownError::not_found(message));
        }
        Ok(found)
    }

    fn is_own(&self, name: &str) -> bool {
        let own = self.author.as_ref().map(|own| own.name.as_str());
        own.is_some_and(|own| name.split_once('/').is_some_and(|(user, _)| user == own))
    }

    async fn value_for(&self, reader: Option<&Author>, name: &str) -> Answer {
        let (user, val) = name.split_once('/').ok_or_else(|| unnamed(name))?;
        let names = vec![(user.to_owned(), val.to_owned())];
        let found = self.town.store().values(names).await?.into_iter().next();
        let is_own = reader.is_some_and(|own| own.name == user);
        let may = |found: &NamedValue| is_own || found.val.privacy != Privacy::Private;
        let found = found.flatten().filter(may);
        Ok(found.and_then(|found| found.version.value))
    }

    async fn begin_update(&self, name: &str) -> Answer {
        let (place, held) = self.lock(name).await?;
        let value = self.value(name).await?;
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        let change = Change {
            name: name.to_owned(),
            place,
            _held: held,
        };
        self.tickets().insert(ticket, change);
        let value = value.map(|json| format!(",\"value\":{json}"));
        Ok(Some(format!(
            "{{\"ticket\":{ticket}{}}}",
            value.unwrap_or_default()
        )))
    }

    /// Takes the lock of a val of the run's own user.
    async fn lock(&self, name: &str) -> Result<(Place, Held), TownError> {
        let own = self.own()?;
        if !self.may_write {
            return Err(no_write());
        }
        let val = match name.split_once('/') {
            Some((user, val)) if user == own.name => val,
            _ => return Err(unnamed(name)),
        };
        let place = (own.id, val.to_ascii_lowercase());
        // A change within a change of the same val would wait for itself.
        let changing = self.tickets().values().any(|change| change.place == place);
        let mut above: BTreeSet<Place> = self.at.above.as_ref().clone();
        above.extend(changing.then(|| place.clone()));
        let places = BTreeSet::from([place.clone()]);
        let held = self.town.0.locks.take(&places, &above, STATE_WAIT).await?;
        Ok((place, held))
    }

    /// Sets a value at once, beside what the run writes when it ends.
    async fn set(&self, name: &str, json: Option<&str>) -> Answer {
        let own = self.own()?;
        let val = name.split_once('/').map_or(name, |(_, val)| val);
        let lower = format!("{}/{}", own.name, val.to_ascii_lowercase());
        let name_json = serde_json::to_string(&lower).map_err(TownError::internal)?;
        let told = match json {
            Some(json) => format!("[[{name_json},{json}]]"),
            None => format!("[[{name_json}]]"),
        };
        let written = Written::from([((own.id, val.to_ascii_lowercase()), val.to_owned())]);
        let now = self.town.now();
        let by = By {
            run: self.run,
            program: &self.program,
            time: &crate::evaluate::at(now),
            now_micros: now,
        };
        for write in checked(&told, Some(own), &written, &by)? {
            let kept = VALUE_VERSIONS_KEPT;
            self.town.store().set_value(write, kept).await?;
        }
        Ok(None)
    }

    fn own(&self) -> Result<&Author, TownError> {
        self.author.as_ref().ok_or_else(|| {
            TownError::refused(
                ErrorCode::Forbidden,
                "a program without an author has no vals of its own",
            )
        })
    }

    fn tickets(&self) -> MutexGuard<'_, BTreeMap<u64, Change>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read<T: serde::de::DeserializeOwned>(args: &str) -> Result<T, TownError> {
    serde_json::from_str(args).map_err(|error| {
        TownError::refused(
            ErrorCode::BadRequest,
            format!("the arguments are not what this takes: {error}"),
        )
    })
}

/// The name of a foreign val, as people are shown it.
fn foreign_name(val: &str) -> Result<&str, TownError> {
    const CHARS_MAX: usize = 2 + 2 * thorp_lang::limits::NAME_CHARS_MAX;
    let is_name = |char: char| char.is_ascii_alphanumeric() || "@/_".contains(char);
    if val.len() > CHARS_MAX || !val.chars().all(is_name) {
        return Err(unnamed(val));
    }
    Ok(val)
}

fn unnamed(name: &str) -> TownError {
    let shown: String = name.chars().take(100).collect();
    TownError::hinted(
        ErrorCode::BadRequest,
        format!("`{shown}` names no val"),
        "write `@user/name`",
    )
}

fn no_ticket() -> TownError {
    TownError::refused(
        ErrorCode::BadRequest,
        "the change of this value was not begun, or has ended",
    )
}

/// What a program is told. Of what happened inside of another user's run, just what its callers are told.
fn told(error: TownError) -> CallError {
    if let TownError::Run(fault) = &error {
        let RunFault { code, error, .. } = fault.as_ref();
        return CallError {
            name: error.name.clone().unwrap_or_else(|| "Error".to_owned()),
            message: error.message.clone(),
            code: code.as_str().to_owned(),
        };
    }
    let message = match &error {
        TownError::Internal(detail) => {
            tracing::error!(%detail, "a call of a program failed");
            "the town failed".to_owned()
        }
        other => other.to_string(),
    };
    CallError {
        name: "Error".to_owned(),
        message,
        code: error.code().as_str().to_owned(),
    }
}

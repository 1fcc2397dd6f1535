//! What a run wrote: the guest's word, checked against what its program may write.

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use thorp_store::{File, ValueWrite};
use uuid::Uuid;

use crate::error::{ErrorCode, TownError};
use crate::limits::VALUE_BYTES_MAX;
use crate::names::check_val_name;
use crate::state::{Author, Written};

/// Which run, and when.
pub(crate) struct By<'a> {
    pub(crate) run: Uuid,
    /// Who set it, for people: `@alice/count`.
    pub(crate) program: &'a str,
    /// The time, for people.
    pub(crate) time: &'a str,
    pub(crate) now_micros: i64,
}

/// Reads what a guest says that was written.
///
/// # Errors
/// `FORBIDDEN` for what the program does not say that it writes, `TOO_LARGE`, `NAME_INVALID`.
pub(crate) fn checked(
    told: &str,
    author: Option<&Author>,
    written: &Written,
    by: &By<'_>,
) -> Result<Vec<ValueWrite>, TownError> {
    let told: Vec<Vec<&RawValue>> = serde_json::from_str(told).map_err(|_| broken())?;
    let mut seen = BTreeSet::new();
    let mut writes = Vec::with_capacity(told.len());
    for pair in told {
        let (name, json) = match pair.as_slice() {
            [name] => (name, None),
            [name, json] => (name, Some(json.get())),
            _ => return Err(broken()),
        };
        let name: String = serde_json::from_str(name.get()).map_err(|_| broken())?;
        let write = one(&name, json, author, written, by)?;
        if !seen.insert(write.name.to_ascii_lowercase()) {
            return Err(broken());
        }
        writes.push(write);
    }
    Ok(writes)
}

fn one(
    place: &str,
    json: Option<&str>,
    author: Option<&Author>,
    written: &Written,
    by: &By<'_>,
) -> Result<ValueWrite, TownError> {
    let own = author.zip(place.split_once('/'));
    let own = own.filter(|(author, (user, _))| author.name == *user);
    let own = own.and_then(|(author, (_, name))| {
        Some((author, written.get(&(author.id, name.to_owned()))?))
    });
    let Some((author, name)) = own else {
        let shown: String = place.chars().take(100).collect();
        let message = format!("the run wrote `@{shown}`, which its program may not write");
        return Err(TownError::refused(ErrorCode::Forbidden, message));
    };
    check_val_name(name)?;
    if json.is_some_and(|json| json.len() > VALUE_BYTES_MAX) {
        let message = format!(
            "`@{place}` would hold more than {} KiB",
            VALUE_BYTES_MAX >> 10
        );
        return Err(TownError::refused(ErrorCode::TooLarge, message));
    }
    let file = |json: &str| File {
        path: thorp_lang::ENTRY_DEFAULT.to_owned(),
        text: format!(
            "// set by {} at {}\nlet {name} = {json}\n",
            by.program, by.time
        ),
    };
    Ok(ValueWrite {
        owner_id: author.id,
        name: name.clone(),
        value: json.map(|json| (json.to_owned(), file(json))),
        run: by.run,
        new_id: Uuid::now_v7(),
        now_micros: by.now_micros,
    })
}

fn broken() -> TownError {
    TownError::refused(
        ErrorCode::WorkerLost,
        "the sandbox said that it wrote what is no value",
    )
}

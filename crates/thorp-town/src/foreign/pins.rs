//! What a version remembers of other users' code: which version of it was there when it was saved, and the bundle.

use super::{Unusable, WAYS_OUT};
use crate::error::TownError;
use crate::save::{OnProgress, ProgressStep, tell};
use crate::state::{Author, Use};
use crate::town::Town;
use crate::view::{DependencyView, DiagnosticView};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thorp_lang::code::NOT_IMPORTABLE;
use thorp_store::{Digest, NamedValue, Privacy};
use uuid::Uuid;

/// One val of another user, as a version of a val has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pin {
    /// The val.
    pub(crate) val: Uuid,
    /// Its version.
    pub(crate) version: i64,
    /// The digest of the bundle, hexadecimal.
    pub(crate) bundle: String,
    /// What it is found by.
    key: Key,
}

/// How a text names a val.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Key {
    user: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl Key {
    fn of(one: &Use) -> Self {
        Self {
            user: one.user.clone(),
            name: one.name.clone(),
            version: one.version,
            path: one.path.clone(),
        }
    }
}

/// All of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pins(BTreeMap<Key, Pin>);

impl Pins {
    /// Those in a version's lock.
    pub(crate) fn of(lock: &[DependencyView]) -> Self {
        let pins = lock.iter().filter_map(|view| view.pin.clone());
        Self(pins.map(|pin| (pin.key.clone(), pin)).collect())
    }

    /// Which version each val of another user is that the text names without one.
    pub(crate) fn versions(&self) -> BTreeMap<(String, String), i64> {
        let unsaid = self.0.iter().filter(|(key, _)| key.version.is_none());
        unsaid
            .map(|(key, pin)| ((key.user.clone(), key.name.clone()), pin.version))
            .collect()
    }

    /// What a use stands for.
    pub(crate) fn get(&self, one: &Use) -> Option<&Pin> {
        self.0.get(&Key::of(one))
    }
}

impl Pin {
    pub(crate) fn digest(&self) -> Result<Digest, TownError> {
        self.bundle.parse().map_err(TownError::internal)
    }
}

impl Town {
    /// Finds the code of other users that a text names, as it is now. What can't be had of it is a diagnostic.
    pub(crate) async fn pins(
        &self,
        author: &Author,
        uses: &[Use],
        found: &mut Vec<DiagnosticView>,
        progress: OnProgress<'_>,
    ) -> Result<Vec<DependencyView>, TownError> {
        let mut uses: Vec<&Use> = uses.iter().filter(|one| one.user != author.name).collect();
        uses.sort_by_key(|one| Key::of(one));
        uses.dedup_by_key(|one| Key::of(one));
        if uses.is_empty() {
            return Ok(Vec::new());
        }
        tell(
            progress,
            ProgressStep::Bundle,
            "getting vals of other users",
        );
        let names = uses.iter().map(|one| (one.user.clone(), one.name.clone()));
        let named = self.store().values(names.collect()).await?;
        let mut pinned = Vec::new();
        for (one, named) in uses.into_iter().zip(named) {
            match self.pin(one, named).await {
                Ok(pin) => pinned.extend(pin),
                Err(Unusable::NotImportable(why)) => found.push(not_importable(one, &why)),
                Err(Unusable::Town(error)) => return Err(error),
            }
        }
        Ok(pinned)
    }

    /// `None` for what is no code, or none that everybody may read.
    async fn pin(
        &self,
        one: &Use,
        named: Option<NamedValue>,
    ) -> Result<Option<DependencyView>, Unusable> {
        let named = named.filter(|named| named.val.privacy != Privacy::Private);
        let Some(NamedValue { val, version }) = named else {
            return Ok(None);
        };
        if version.value.is_some() && one.version.is_none() {
            return Ok(None);
        }
        let number = one
            .version
            .map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        let number = number.unwrap_or(version.version);
        let bundled = self.bundle(&val, number, one.path.as_deref()).await?;
        let pin = Pin {
            val: val.id,
            version: number,
            bundle: bundled.digest.to_string(),
            key: Key::of(one),
        };
        Ok(Some(DependencyView {
            specifier: one.specifier(),
            resolved: format!("@{}/{}@{number}", val.owner_name, val.name),
            pin: Some(pin),
        }))
    }
}

fn not_importable(one: &Use, why: &str) -> DiagnosticView {
    DiagnosticView {
        severity: "error".to_owned(),
        code: NOT_IMPORTABLE.to_owned(),
        message: format!("`@{}/{}` {why}", one.user, one.spelled),
        hint: Some(WAYS_OUT.to_owned()),
        file: one.file.clone(),
        line: one.line,
        column: one.column,
        end_line: one.line,
        end_column: one.column,
    }
}

//! Vals in the programs of other users: each is bundled with all that it imports into one script, which runs in a
//! Compartment of its own and has nothing of whom it runs for.
//!
//! `graph` finds what such a val is made of, as a stranger sees it; `room` lays its files out, `bundler` makes one script of
//! them, `trial` loads it once, and `library` keeps what came of it. `pins` is what a version remembers of all this, so that
//! nobody's edit changes what another user runs.

mod bundler;
mod graph;
mod library;
mod pins;
mod room;
mod trial;

pub(crate) use bundler::Bundler;
pub(crate) use library::Library;
pub(crate) use pins::{Pin, Pins};

use crate::error::{ErrorCode, TownError};
use crate::town::Town;
use graph::Parts;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thorp_store::{Digest, Val};

/// What to do about a val that cannot be imported.
pub(crate) const WAYS_OUT: &str =
    "call it as its author by `api()`, or fork it: a copy is yours, and runs as yours";

/// A val as other users' programs have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bundle {
    /// Whose it is and what it is called: `@bob/lib`.
    pub(crate) val: String,
    /// What a Compartment evaluates.
    pub(crate) script: String,
    /// Names of what it exports.
    pub(crate) exports: Vec<String>,
    /// Which of them is the val's value: `default`, or a name.
    pub(crate) value: Option<String>,
    /// Vals that its code reads and that are no code in it, in lower case.
    pub(crate) reads: Vec<(String, String)>,
    /// Leads from the script to the texts that it was made of.
    pub(crate) map: Option<String>,
}

/// A bundle, and the digest of what it was made of.
#[derive(Debug, Clone)]
pub(crate) struct Bundled {
    pub(crate) digest: Digest,
    pub(crate) bundle: Arc<Bundle>,
}

impl Bundled {
    /// What the runtime calls it: what people do, and something that tells versions apart.
    pub(crate) fn name(&self) -> String {
        const DIGEST_CHARS: usize = 16;
        let digest = self.digest.to_string();
        let short = digest.get(..DIGEST_CHARS).unwrap_or(&digest);
        format!("{}+{short}", self.bundle.val)
    }
}

/// Why a val is no part of another user's program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// It can't be; the text ends a sentence that begins with its name.
    #[error("{0}")]
    NotImportable(String),
    /// The town failed, or is too busy.
    #[error(transparent)]
    Town(#[from] TownError),
}

impl Unusable {
    pub(crate) fn not(why: impl Into<String>) -> Self {
        Self::NotImportable(why.into())
    }

    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Town(TownError::internal(error))
    }

    /// As an answer to whoever runs a program with it.
    pub(crate) fn told(self, named: &str) -> TownError {
        match self {
            Self::NotImportable(why) => TownError::hinted(
                ErrorCode::DoesNotCompile,
                format!("{named} {why}"),
                WAYS_OUT,
            ),
            Self::Town(error) => error,
        }
    }
}

impl Town {
    /// A version of a val, or one file of it, as other users' programs have it. Whether they may read it is for the caller to
    /// know.
    pub(crate) async fn bundle(
        &self,
        val: &Val,
        version: i64,
        path: Option<&str>,
    ) -> Result<Bundled, Unusable> {
        let parts = self.foreign_parts(val, version, path).await?;
        let digest = parts.digest();
        if let Some(bundle) = self.0.library.get(digest).await? {
            return Ok(Bundled { digest, bundle });
        }
        if let Some(why) = self.0.library.refused(digest) {
            return Err(Unusable::NotImportable(why));
        }
        let _permit = self.0.bundler.permit().await?;
        if let Some(bundle) = self.0.library.get(digest).await? {
            return Ok(Bundled { digest, bundle });
        }
        let made = self.scripted(&parts).await.inspect_err(|error| {
            // What a trial says may be another thing at another time.
            if let Unusable::NotImportable(why) = error {
                self.0.library.refuse(digest, why.clone());
            }
        })?;
        let exports = self.exports_of(&made).await?;
        let bundle = Bundle { exports, ..made };
        let bundle = self.0.library.keep(digest, bundle).await?;
        Ok(Bundled { digest, bundle })
    }

    /// A bundle, but for the names of its exports.
    async fn scripted(&self, parts: &Parts) -> Result<Bundle, Unusable> {
        let made = self.0.bundler.make(parts).await?;
        Ok(Bundle {
            val: parts.val.clone(),
            script: self.script_of(&parts.val, made.script).await?,
            exports: Vec::new(),
            value: parts.value.clone(),
            reads: parts.reads.keys().cloned().collect(),
            map: made.map,
        })
    }

    /// The script as a Compartment takes it. Whoever reads it is a compile worker: the text is a stranger's.
    async fn script_of(&self, val: &str, script: String) -> Result<String, Unusable> {
        let source = thorp_lang::Source::script(val, script);
        let written = self.0.compiler.compile(&source).await?;
        if let Some(found) = written.diagnostics.first() {
            let message = &found.message;
            return Err(Unusable::not(format!(
                "cannot run in another user's program: {message}"
            )));
        }
        let module = written.modules.into_iter().next();
        let module = module.ok_or_else(|| Unusable::internal("a script without a text"))?;
        Ok(module.code)
    }
}

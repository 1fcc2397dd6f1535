//! Keeping what was evaluated: the code of a run becomes a val.

use crate::error::{ErrorCode, TownError};
use crate::evaluate::author;
use crate::save::OnProgress;
use crate::state::Author;
use crate::town::Town;
use crate::vals::{FileText, NewVal};
use crate::view::{Caller, Privacy, Scope, ValDetail};
use thorp_lang::{ENTRY_DEFAULT, Source, ValueOf};
use uuid::Uuid;

/// How the code of a run is to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeepRun {
    /// The val's name; made from the code, or invented, if `None`.
    pub name: Option<String>,
    /// Who may read it; its owner alone if `None`.
    pub privacy: Option<Privacy>,
    /// A text about it.
    pub readme: Option<String>,
}

impl Town {
    /// Makes a val of the expression that a run evaluated, as its record has it: secrets in it are hidden there.
    ///
    /// # Errors
    /// `NOT_FOUND`, also for runs that had somebody else's permissions; `BAD_REQUEST` for the run of a val; and what
    /// [`Town::create_val`] refuses.
    pub async fn save_run(
        &self,
        caller: &Caller,
        run: Uuid,
        keep: KeepRun,
        progress: OnProgress<'_>,
    ) -> Result<ValDetail, TownError> {
        let owner = author(caller.user(Scope::Write)?);
        let code = self.run_detail(caller, run).await?.code;
        let code = code.ok_or_else(|| {
            TownError::hinted(
                ErrorCode::BadRequest,
                "the run is one of a val, and has no code of its own",
                "only what was evaluated can be saved as a val",
            )
        })?;
        let new = NewVal {
            name: keep.name,
            privacy: keep.privacy,
            entry: None,
            files: vec![FileText {
                path: ENTRY_DEFAULT.to_owned(),
                text: self.as_val(&owner, code).await?,
            }],
            readme: keep.readme,
        };
        self.create_val(caller, new, progress).await
    }

    /// The text of a val whose value is that of an expression: the expression itself, if it means the same as a program.
    async fn as_val(&self, owner: &Author, code: String) -> Result<String, TownError> {
        if self.has_value(owner, &code).await? {
            return Ok(code);
        }
        let inner = code.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
        let exported = format!("export default (\n{inner}\n);\n");
        Ok(match self.has_value(owner, &exported).await? {
            true => exported,
            false => code,
        })
    }

    async fn has_value(&self, owner: &Author, code: &str) -> Result<bool, TownError> {
        let source = Source::val(code).by(&owner.name);
        let compiled = self.0.compiler.compile(&source).await?;
        Ok(compiled.is_runnable() && compiled.facts.value != ValueOf::Missing)
    }
}

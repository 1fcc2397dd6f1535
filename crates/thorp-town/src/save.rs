//! Saving: a text becomes a version that can run at once, or says why it can't.
//!
//! A version is saved whatever the compiler says, so that a draft is never lost.

use crate::dependencies::{Locked, Manifest};
use crate::error::{CodeConflict, ErrorCode, TownError};
use crate::evaluate::author;
use crate::foreign::Pins;
use crate::names::{check_val_name, untitled, untitled_numbered};
use crate::programs::Ready;
use crate::state::{Author, Use};
use crate::town::Town;
use crate::vals::{FileText, NewVal, SaveVal, check_readme, from_json, to_json};
use crate::view::{Caller, DependencyView, DiagnosticView, Privacy, Scope, ValDetail};
use thorp_lang::limits::{FILES_MAX, SOURCE_BYTES_MAX};
use thorp_lang::{Compiled, ENTRY_DEFAULT, Facts, Source, SourceFile, SourceKind, check_path};
use thorp_store::{File, NewContent, NewVersion, RestoreVersion, SavedVersion, StoreError, Val};
use uuid::Uuid;

/// What a save is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The step.
    pub step: ProgressStep,
    /// What exactly, for people.
    pub message: String,
}

/// The steps of a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressStep {
    /// Reading the text.
    Compile,
    /// Finding out which versions of packages are wanted.
    Resolve,
    /// Getting them.
    Download,
    /// Making them quick to load.
    Bundle,
    /// Finding out what a val holds that is no program.
    Evaluate,
    /// Writing the version down.
    Save,
}

impl ProgressStep {
    /// The step's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compile => "compile",
            Self::Resolve => "resolve",
            Self::Download => "download",
            Self::Bundle => "bundle",
            Self::Evaluate => "evaluate",
            Self::Save => "save",
        }
    }
}

/// Is told what a save is doing.
pub type OnProgress<'a> = &'a (dyn Fn(Progress) + Send + Sync);

pub(crate) fn tell(progress: OnProgress<'_>, step: ProgressStep, message: impl Into<String>) {
    progress(Progress {
        step,
        message: message.into(),
    });
}

impl Town {
    /// Makes a val of the caller's with its version 0.
    ///
    /// # Errors
    /// `NAME_INVALID`, `NAME_TAKEN`, `BAD_REQUEST` for bad files, `TOO_LARGE`. A text that does not compile is no error.
    pub async fn create_val(
        &self,
        caller: &Caller,
        new: NewVal,
        progress: OnProgress<'_>,
    ) -> Result<ValDetail, TownError> {
        let owner = author(caller.user(Scope::Write)?);
        new.name.as_deref().map_or(Ok(()), check_val_name)?;
        check_readme(new.readme.as_ref())?;
        let (content, declared) = self.content(&owner, new.entry, new.files, progress).await?;
        let privacy = new.privacy.unwrap_or(Privacy::Private);
        let store_new = |name: String| thorp_store::NewVal {
            id: Uuid::now_v7(),
            owner_id: owner.id,
            name,
            privacy: privacy.into(),
            endpoint: privacy.usual_endpoint().into(),
            readme: new.readme.clone(),
            content: content.clone(),
            now_micros: self.now(),
        };
        let saved = match new.name {
            Some(name) => self.store().create_val(store_new(name)).await?,
            None => self.create_nameless(declared, store_new).await?,
        };
        self.saved(caller, saved).await
    }

    /// Takes the first name that is free: the one in the code, then invented ones.
    async fn create_nameless(
        &self,
        declared: Option<String>,
        new: impl Fn(String) -> thorp_store::NewVal,
    ) -> Result<SavedVersion, TownError> {
        let mut names: Vec<String> = declared
            .filter(|name| check_val_name(name).is_ok())
            .into_iter()
            .collect();
        names.push(untitled(random()?));
        for _ in 0..8 {
            names.push(untitled_numbered(random()?));
        }
        for name in names {
            match self.store().create_val(new(name)).await {
                Err(StoreError::NameTaken { .. }) => {}
                done => return Ok(done?),
            }
        }
        Err(TownError::hinted(
            ErrorCode::NameTaken,
            "no free name was found",
            "give the val a name",
        ))
    }

    /// Saves a version and makes it live.
    ///
    /// # Errors
    /// `NOT_FOUND`, `FORBIDDEN`, `BAD_REQUEST` for bad files, `TOO_LARGE`, and [`TownError::Conflict`] if `base` is not the
    /// newest version. A text that does not compile is no error.
    pub async fn save_val(
        &self,
        caller: &Caller,
        id: Uuid,
        save: SaveVal,
        progress: OnProgress<'_>,
    ) -> Result<ValDetail, TownError> {
        let val = self.owned(caller, id).await?;
        let owner = Author {
            id: val.owner_id,
            name: val.owner_name.to_ascii_lowercase(),
        };
        let yours = save.files.clone();
        let (content, _) = self
            .content(&owner, save.entry, save.files, progress)
            .await?;
        let new = NewVersion {
            val_id: id,
            base: save.base,
            content,
            now_micros: self.now(),
        };
        match self.store().save_version(new).await {
            Ok(saved) => self.saved(caller, saved).await,
            Err(StoreError::Conflict { newest }) => Err(self
                .conflict(id, newest, save.base.unwrap_or(newest), yours)
                .await?),
            Err(error) => Err(error.into()),
        }
    }

    async fn conflict(
        &self,
        id: Uuid,
        newest: i64,
        base: i64,
        yours: Vec<FileText>,
    ) -> Result<TownError, TownError> {
        let theirs = self.store().version(id, newest).await?;
        let files = theirs.map(|theirs| theirs.files).unwrap_or_default();
        Ok(TownError::Conflict(Box::new(CodeConflict {
            theirs_version: newest,
            theirs: files.into_iter().map(FileText::from).collect(),
            base,
            yours,
        })))
    }

    /// Makes an old version the newest again.
    ///
    /// # Errors
    /// `NOT_FOUND`, `FORBIDDEN`.
    pub async fn restore_version(
        &self,
        caller: &Caller,
        id: Uuid,
        version: i64,
    ) -> Result<ValDetail, TownError> {
        let val = self.owned(caller, id).await?;
        let restore = RestoreVersion {
            val_id: id,
            version,
            created_by: val.owner_id,
            lock: self.lock_anew(&val, version).await?,
            message: None,
            now_micros: self.now(),
        };
        let saved = self.store().restore_version(restore).await?;
        self.saved(caller, saved).await
    }

    /// The lock of a version with other users' code as it is now. What of that cannot be had any more stays as it was.
    async fn lock_anew(&self, val: &Val, version: i64) -> Result<Option<String>, TownError> {
        let Some(found) = self.store().version(val.id, version).await? else {
            return Ok(None);
        };
        let facts: Facts = serde_json::from_str(&found.version.facts).unwrap_or_default();
        let author = Author {
            id: val.owner_id,
            name: val.owner_name.to_ascii_lowercase(),
        };
        let uses = Use::all(&facts);
        let pins = self.pins(&author, &uses, &mut Vec::new(), &|_| ()).await?;
        let mut lock: Vec<DependencyView> = from_json(&found.version.lock)?;
        if pins.is_empty() {
            return Ok(None);
        }
        lock.retain(|old| pins.iter().all(|pin| pin.specifier != old.specifier));
        lock.extend(pins);
        to_json(&lock).map(Some)
    }

    async fn saved(&self, caller: &Caller, saved: SavedVersion) -> Result<ValDetail, TownError> {
        let version = saved.version.version;
        // It is saved: a warning that cannot be made is no reason to say that it is not.
        let warning = self.public_endpoint(&saved.val, &saved.version).await;
        let mut detail = self.detail(caller, saved.val, Some(version)).await?;
        detail.diagnostics.extend(warning.ok().flatten());
        Ok(detail)
    }

    /// Compiles the files and gets what they import. Also answers the name that the code gives itself.
    async fn content(
        &self,
        author: &Author,
        entry: Option<String>,
        files: Vec<FileText>,
        progress: OnProgress<'_>,
    ) -> Result<(NewContent, Option<String>), TownError> {
        let source = source_of(entry, files)?.by(&author.name);
        tell(
            progress,
            ProgressStep::Compile,
            format!("compiling `{}`", source.entry),
        );
        let compiled = self.0.compiler.compile(&source).await?;
        let (locked, mut found) = self.lock(author.id, &compiled, progress).await?;
        let uses = Use::all(&compiled.facts);
        let mut lock = match is_runnable(&found) {
            true => self.pins(author, &uses, &mut found, progress).await?,
            false => Vec::new(),
        };
        let value = if compiled.facts.may_be_data && is_runnable(&found) {
            tell(progress, ProgressStep::Evaluate, "evaluating the value");
            let ready = Ready::new(compiled.clone(), locked.clone()).pinned(Pins::of(&lock));
            self.value_of(author, &compiled, ready, &mut found).await
        } else {
            None
        };
        tell(progress, ProgressStep::Save, "saving");
        let name = compiled.facts.declared_name.clone();
        lock.extend(
            locked
                .iter()
                .flat_map(|locked| locked.views(&compiled.facts)),
        );
        let content = new_content(author.id, source, &compiled, (locked, lock), &found)?;
        Ok((NewContent { value, ..content }, name))
    }

    /// Gets the packages of a program. What can't be had is a diagnostic.
    pub(crate) async fn lock(
        &self,
        owner: Uuid,
        compiled: &Compiled,
        progress: OnProgress<'_>,
    ) -> Result<(Option<Locked>, Vec<DiagnosticView>), TownError> {
        let mut diagnostics: Vec<DiagnosticView> = compiled
            .diagnostics
            .iter()
            .cloned()
            .map(DiagnosticView::from)
            .collect();
        let manifest = Manifest::of(&compiled.facts);
        if manifest.is_empty() || !compiled.is_runnable() {
            return Ok((None, diagnostics));
        }
        match self
            .0
            .dependencies
            .ensure(owner, &manifest, progress, self.now())
            .await?
        {
            Ok(locked) => Ok((Some(locked), diagnostics)),
            Err(failure) => {
                diagnostics.extend(failure.diagnostics(&compiled.facts));
                Ok((None, diagnostics))
            }
        }
    }
}

fn is_runnable(diagnostics: &[DiagnosticView]) -> bool {
    diagnostics
        .iter()
        .all(|diagnostic| diagnostic.severity != "error")
}

fn new_content(
    created_by: Uuid,
    source: Source,
    compiled: &Compiled,
    (locked, lock): (Option<Locked>, Vec<DependencyView>),
    diagnostics: &[DiagnosticView],
) -> Result<NewContent, TownError> {
    Ok(NewContent {
        entry: source.entry,
        files: source
            .files
            .into_iter()
            .map(|file| File {
                path: file.path,
                text: file.text,
            })
            .collect(),
        message: None,
        created_by,
        compiled: Some(to_json(compiled)?),
        facts: to_json(&compiled.facts)?,
        diagnostics: to_json(&diagnostics)?,
        lock: to_json(&lock)?,
        dependency_set_id: locked.map(|locked| locked.set),
        runnable: is_runnable(diagnostics),
        value: None,
        set_by: None,
    })
}

pub(crate) fn source_of(entry: Option<String>, files: Vec<FileText>) -> Result<Source, TownError> {
    check_files(&files)?;
    let entry = entry.unwrap_or_else(|| usual_entry(&files));
    if !files.iter().any(|file| file.path == entry) {
        let message = format!("there is no file `{entry}` among the files");
        return Err(TownError::hinted(
            ErrorCode::BadRequest,
            message,
            "name the entry module in `entry`",
        ));
    }
    let files = files
        .into_iter()
        .map(|file| SourceFile {
            path: file.path,
            text: file.text,
        })
        .collect();
    Ok(Source {
        kind: SourceKind::Val,
        entry,
        files,
        author: None,
    })
}

fn usual_entry(files: &[FileText]) -> String {
    match files {
        [only] => only.path.clone(),
        _ => ENTRY_DEFAULT.to_owned(),
    }
}

fn check_files(files: &[FileText]) -> Result<(), TownError> {
    let refuse = |message: String| Err(TownError::refused(ErrorCode::BadRequest, message));
    if files.is_empty() {
        return refuse("a val needs at least one file".to_owned());
    }
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    if files.len() > FILES_MAX || bytes > SOURCE_BYTES_MAX {
        let message = format!(
            "a version has at most {FILES_MAX} files and {} MiB",
            SOURCE_BYTES_MAX >> 20
        );
        return Err(TownError::refused(ErrorCode::TooLarge, message));
    }
    let mut seen = std::collections::HashSet::new();
    for file in files {
        if let Err(error) = check_path(&file.path) {
            return refuse(format!(
                "`{}` cannot be the path of a file: {error}",
                file.path
            ));
        }
        if !seen.insert(file.path.to_lowercase()) {
            return refuse(format!("there are two files `{}`", file.path));
        }
    }
    Ok(())
}

fn random() -> Result<u64, TownError> {
    getrandom::u64().map_err(TownError::internal)
}

impl From<thorp_lang::Diagnostic> for DiagnosticView {
    fn from(found: thorp_lang::Diagnostic) -> Self {
        let severity = match found.severity {
            thorp_lang::Severity::Error => "error",
            thorp_lang::Severity::Warning => "warning",
        };
        Self {
            severity: severity.to_owned(),
            code: found.code,
            message: found.message,
            hint: found.hint,
            file: found.file,
            line: found.line,
            column: found.column,
            end_line: found.end_line,
            end_column: found.end_column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> FileText {
        FileText {
            path: path.to_owned(),
            text: "export default 1".to_owned(),
        }
    }

    #[test]
    fn the_only_file_is_the_entry() {
        assert_eq!(source_of(None, vec![file("a.ts")]).unwrap().entry, "a.ts");
        assert_eq!(
            source_of(None, vec![file("a.ts"), file("main.tsx")])
                .unwrap()
                .entry,
            "main.tsx"
        );
        assert!(source_of(None, vec![file("a.ts"), file("b.ts")]).is_err());
        assert!(source_of(Some("c.ts".to_owned()), vec![file("a.ts")]).is_err());
    }

    #[test]
    fn files_that_differ_only_in_case_are_refused() {
        assert!(source_of(None, vec![file("main.tsx"), file("Main.tsx")]).is_err());
        assert!(source_of(None, vec![]).is_err());
        assert!(source_of(None, vec![file("../a.ts")]).is_err());
    }
}

//! Reading, listing, renaming and deleting vals. Making and saving them is in [`crate::save`].

use crate::error::{ErrorCode, TownError};
use crate::limits::{README_BYTES_MAX, SEARCH_CHARS_MAX};
use crate::names::{bare, check_val_name};
use crate::town::Town;
use crate::view::{
    AuthorView, Caller, DependencyView, DiagnosticView, Endpoint, Isolation, Page, Privacy, Scope,
    Slice, ValDetail, ValView, VersionView,
};
use thorp_store::{ListedVal, Val, ValFilter, Version, VersionWithFiles};
use uuid::Uuid;

/// One file of a version.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileText {
    /// Its path in the version, such as `main.tsx`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A val to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewVal {
    /// Its name; made from the code, or invented, if `None`.
    pub name: Option<String>,
    /// Who may read it; its owner alone if `None`.
    pub privacy: Option<Privacy>,
    /// The path of the entry module; `main.tsx`, or the only file, if `None`.
    pub entry: Option<String>,
    /// Its files.
    pub files: Vec<FileText>,
    /// A text about it.
    pub readme: Option<String>,
}

/// A version to be saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaveVal {
    /// The version that the change began with. If another was saved since, the save is refused; without it, it goes through.
    pub base: Option<i64>,
    /// The path of the entry module; as in [`NewVal::entry`] if `None`.
    pub entry: Option<String>,
    /// All files of the version.
    pub files: Vec<FileText>,
}

/// Changes to a val that make no version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValPatch {
    /// A new name; the old one leads to it from then on.
    pub name: Option<String>,
    /// Who may read it. Its endpoint follows unless said otherwise.
    pub privacy: Option<Privacy>,
    /// Who may call it.
    pub endpoint: Option<Endpoint>,
    /// What its runs share.
    pub isolation: Option<Isolation>,
    /// A text about it, or none.
    pub readme: Option<Option<String>>,
}

/// Which of the caller's vals are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValQuery {
    /// Only those whose name has this in it.
    pub name: Option<String>,
    /// Only those of this privacy.
    pub privacy: Option<Privacy>,
    /// The deleted ones instead of the others.
    pub deleted: bool,
}

impl Town {
    /// A val with its files.
    ///
    /// # Errors
    /// `NOT_FOUND`, also for what the caller may not know of.
    pub async fn val(
        &self,
        caller: &Caller,
        id: Uuid,
        version: Option<i64>,
    ) -> Result<ValDetail, TownError> {
        let val = self.readable(caller, id).await?;
        self.detail(caller, val, version).await
    }

    /// A val by its owner's name and its own; a name it had before leads to it too.
    ///
    /// # Errors
    /// `NOT_FOUND`, also for what the caller may not know of.
    pub async fn val_named(
        &self,
        caller: &Caller,
        user: &str,
        name: &str,
    ) -> Result<ValDetail, TownError> {
        let (user, name) = (bare(user), bare(name));
        let found = self.store().val_by_owner_and_name(user, name).await?;
        let val = found
            .filter(|val| may_read(caller, val))
            .ok_or_else(|| no_val_named(user, name))?;
        self.detail(caller, val, None).await
    }

    /// The caller's vals, the last changed first.
    ///
    /// # Errors
    /// `UNAUTHORIZED`, `FORBIDDEN`.
    pub async fn own_vals(
        &self,
        caller: &Caller,
        query: ValQuery,
        slice: Slice,
    ) -> Result<Page<ValView>, TownError> {
        let owner_id = caller.user(Scope::Read)?.id;
        let filter = ValFilter {
            owner_id,
            name: query.name,
            privacy: query.privacy.map(Into::into),
            deleted: query.deleted,
        };
        self.listed(caller, filter, slice).await
    }

    /// A user's vals: all of them for the user, the public ones for everybody else.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown user.
    pub async fn user_vals(
        &self,
        caller: &Caller,
        user: Uuid,
        slice: Slice,
    ) -> Result<Page<ValView>, TownError> {
        self.user(user).await?;
        let public_only = caller.reader() != Some(user);
        let privacy = public_only.then_some(thorp_store::Privacy::Public);
        let filter = ValFilter {
            owner_id: user,
            name: None,
            privacy,
            deleted: false,
        };
        self.listed(caller, filter, slice).await
    }

    async fn listed(
        &self,
        caller: &Caller,
        filter: ValFilter,
        slice: Slice,
    ) -> Result<Page<ValView>, TownError> {
        let page = self.store().list_vals(filter, slice.into()).await?;
        Ok(Page::from_store(page, |listed| listed_view(caller, listed)))
    }

    /// Public vals and the caller's own whose name or code has `query` in it.
    ///
    /// # Errors
    /// `BAD_REQUEST` for an empty or overlong query.
    pub async fn search_vals(
        &self,
        caller: &Caller,
        query: &str,
        slice: Slice,
    ) -> Result<Page<ValView>, TownError> {
        if query.is_empty() || query.chars().count() > SEARCH_CHARS_MAX {
            let message = format!("`query` needs 1 to {SEARCH_CHARS_MAX} characters");
            return Err(TownError::refused(ErrorCode::BadRequest, message));
        }
        let page = self
            .store()
            .search_vals(query, caller.reader(), slice.into())
            .await?;
        Ok(Page::from_store(page, |listed| listed_view(caller, listed)))
    }

    /// The vals that the caller likes. There are no likes yet, so the list is empty.
    ///
    /// # Errors
    /// `UNAUTHORIZED`.
    pub async fn liked_vals(
        &self,
        caller: &Caller,
        _slice: Slice,
    ) -> Result<Page<ValView>, TownError> {
        caller.user(Scope::Read)?;
        Ok(Page {
            items: Vec::new(),
            more: false,
        })
    }

    /// Changes a val without making a version.
    ///
    /// # Errors
    /// `NOT_FOUND`, `NAME_INVALID`, `NAME_TAKEN`, `TOO_LARGE`.
    pub async fn patch_val(
        &self,
        caller: &Caller,
        id: Uuid,
        patch: ValPatch,
    ) -> Result<ValDetail, TownError> {
        self.owned(caller, id).await?;
        if let Some(name) = &patch.name {
            check_val_name(name)?;
        }
        check_readme(patch.readme.as_ref().and_then(Option::as_ref))?;
        let endpoint = patch
            .endpoint
            .or_else(|| patch.privacy.map(Privacy::usual_endpoint));
        let is_opened = endpoint == Some(Endpoint::Public);
        let change = thorp_store::ValPatch {
            name: patch.name,
            privacy: patch.privacy.map(Into::into),
            endpoint: endpoint.map(Into::into),
            isolation: patch.isolation.map(Into::into),
            readme: patch.readme,
        };
        let val = self.store().patch_val(id, change, self.now()).await?;
        let warning = match is_opened {
            true => self.warning_of(&val).await.unwrap_or_default(),
            false => None,
        };
        let mut detail = self.detail(caller, val, None).await?;
        detail.diagnostics.extend(warning);
        Ok(detail)
    }

    /// What everyone may do as the author of a val that was opened to them.
    async fn warning_of(&self, val: &Val) -> Result<Option<DiagnosticView>, TownError> {
        match self.store().version(val.id, val.live_version).await? {
            Some(found) => self.public_endpoint(val, &found.version).await,
            None => Ok(None),
        }
    }

    /// Deletes a val. It keeps its versions and can be brought back.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn delete_val(&self, caller: &Caller, id: Uuid) -> Result<(), TownError> {
        self.owned(caller, id).await?;
        self.store().delete_val(id, self.now()).await?;
        Ok(())
    }

    /// Brings a deleted val back.
    ///
    /// # Errors
    /// `NOT_FOUND` if there is none, `NAME_TAKEN` if another val has its name by now.
    pub async fn undelete_val(&self, caller: &Caller, id: Uuid) -> Result<ValDetail, TownError> {
        let user = caller.user(Scope::Write)?;
        let found = self.store().val_by_id(id).await?;
        found
            .filter(|val| val.owner_id == user.id && val.deleted_at.is_some())
            .ok_or_else(|| TownError::not_found(format!("there is no deleted val `{id}`")))?;
        let val = self.store().undelete_val(id, self.now()).await?;
        self.detail(caller, val, None).await
    }

    /// A val's versions, the newest first.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn versions(
        &self,
        caller: &Caller,
        id: Uuid,
        slice: Slice,
    ) -> Result<Page<VersionView>, TownError> {
        let val = self.readable(caller, id).await?;
        let page = self.store().list_versions(id, slice.into()).await?;
        Ok(Page::from_store(page, |version| {
            version_view(&val, &version)
        }))
    }

    /// Deletes one version for good.
    ///
    /// # Errors
    /// `NOT_FOUND`, and `BAD_REQUEST` for the only one.
    pub async fn delete_version(
        &self,
        caller: &Caller,
        id: Uuid,
        version: i64,
    ) -> Result<(), TownError> {
        self.owned(caller, id).await?;
        self.store().delete_version(id, version, self.now()).await?;
        self.0.versions.forget(&(id, version));
        Ok(())
    }

    /// The val, if the caller may read it.
    pub(crate) async fn readable(&self, caller: &Caller, id: Uuid) -> Result<Val, TownError> {
        let found = self.store().val_by_id(id).await?;
        found
            .filter(|val| val.deleted_at.is_none() && may_read(caller, val))
            .ok_or_else(|| no_val(id))
    }

    /// The val, if the caller may change it. Others learn no more than they could by reading.
    pub(crate) async fn owned(&self, caller: &Caller, id: Uuid) -> Result<Val, TownError> {
        let user = caller.user(Scope::Write)?;
        let found = self
            .store()
            .val_by_id(id)
            .await?
            .filter(|val| val.deleted_at.is_none());
        match found {
            Some(val) if val.owner_id == user.id => Ok(val),
            Some(val) if may_read(caller, &val) => {
                let message = format!("`@{}/{}` is not yours", val.owner_name, val.name);
                Err(TownError::refused(ErrorCode::Forbidden, message))
            }
            _ => Err(no_val(id)),
        }
    }

    pub(crate) async fn detail(
        &self,
        caller: &Caller,
        val: Val,
        version: Option<i64>,
    ) -> Result<ValDetail, TownError> {
        let number = version.unwrap_or(val.live_version);
        let found = self.store().version(val.id, number).await?;
        let version =
            found.ok_or_else(|| TownError::not_found(format!("there is no version {number}")))?;
        let is_owner = caller.reader() == Some(val.owner_id);
        let last_run = if is_owner {
            self.newest_run_of(&val).await?
        } else {
            None
        };
        detail_view(val, version, last_run)
    }
}

/// Whether the caller may read the val's code.
pub(crate) fn may_read(caller: &Caller, val: &Val) -> bool {
    val.privacy != thorp_store::Privacy::Private || caller.reader() == Some(val.owner_id)
}

pub(crate) fn check_readme(readme: Option<&String>) -> Result<(), TownError> {
    if readme.is_some_and(|text| text.len() > README_BYTES_MAX) {
        let message = format!("a readme has at most {} KiB", README_BYTES_MAX >> 10);
        return Err(TownError::refused(ErrorCode::TooLarge, message));
    }
    Ok(())
}

pub(crate) fn no_val(id: Uuid) -> TownError {
    TownError::not_found(format!("there is no val `{id}`"))
}

pub(crate) fn no_val_named(user: &str, name: &str) -> TownError {
    TownError::not_found(format!("there is no val `@{user}/{name}`"))
}

fn listed_view(caller: &Caller, listed: ListedVal) -> ValView {
    let seen = listed
        .last_run
        .filter(|_| caller.reader() == Some(listed.val.owner_id));
    let version = listed.val.live_version;
    ValView {
        run_start_at: seen.map(|run| run.started_at),
        run_end_at: seen.map(|run| run.ended_at),
        ..val_view(listed.val, version, listed.code)
    }
}

fn val_view(val: Val, version: i64, code: String) -> ValView {
    ValView {
        id: val.id,
        author: AuthorView {
            id: val.owner_id,
            name: val.owner_name,
        },
        name: val.name,
        label: val.label,
        privacy: val.privacy.into(),
        endpoint: val.endpoint.into(),
        isolation: val.isolation.into(),
        version,
        live_version: val.live_version,
        code,
        created_at: val.created_at,
        updated_at: val.updated_at,
        deleted_at: val.deleted_at,
        run_start_at: None,
        run_end_at: None,
    }
}

fn detail_view(
    val: Val,
    found: VersionWithFiles,
    last_run: Option<crate::RunDetail>,
) -> Result<ValDetail, TownError> {
    let VersionWithFiles { version, files } = found;
    let files: Vec<FileText> = files.into_iter().map(FileText::from).collect();
    let code = files
        .iter()
        .find(|file| file.path == version.entry)
        .map(|file| file.text.clone());
    let readme = val.readme.clone();
    let mut view = val_view(val, version.version, code.unwrap_or_default());
    view.run_start_at = last_run.as_ref().map(|run| run.run.started_at);
    view.run_end_at = last_run.as_ref().map(|run| run.run.ended_at);
    Ok(ValDetail {
        val: view,
        hash: version.hash.to_string(),
        diagnostics: from_json::<Vec<DiagnosticView>>(&version.diagnostics)?,
        dependencies: from_json::<Vec<DependencyView>>(&version.lock)?,
        runnable: version.runnable,
        version_created_at: version.created_at,
        entry: version.entry,
        files,
        readme,
        last_run,
    })
}

fn version_view(val: &Val, version: &Version) -> VersionView {
    let diagnostics: Vec<DiagnosticView> =
        serde_json::from_str(&version.diagnostics).unwrap_or_default();
    VersionView {
        version: version.version,
        hash: version.hash.to_string(),
        created_at: version.created_at,
        live: version.version == val.live_version,
        runnable: version.runnable,
        diagnostic_count: u32::try_from(diagnostics.len()).unwrap_or(u32::MAX),
        restored_from: version.origin,
    }
}

/// Reads what the town itself wrote.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, TownError> {
    serde_json::from_str(text)
        .map_err(|error| TownError::internal(format!("the store holds bad JSON: {error}")))
}

/// Writes what the town itself will read.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, TownError> {
    serde_json::to_string(value).map_err(TownError::internal)
}

impl From<thorp_store::File> for FileText {
    fn from(file: thorp_store::File) -> Self {
        Self {
            path: file.path,
            text: file.text,
        }
    }
}

impl Privacy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Public, Self::Unlisted, Self::Private];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        thorp_store::Privacy::from(self).as_str()
    }

    /// The privacy of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        thorp_store::Privacy::parse(word).map(Into::into)
    }

    /// Who may call a val of this privacy unless said otherwise.
    pub(crate) fn usual_endpoint(self) -> Endpoint {
        if self == Self::Private {
            Endpoint::Private
        } else {
            Endpoint::Public
        }
    }
}

impl Endpoint {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        thorp_store::Endpoint::from(self).as_str()
    }

    /// The endpoint of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        thorp_store::Endpoint::parse(word).map(Into::into)
    }
}

macro_rules! same_words {
    ($name:ident { $($word:ident),+ }) => {
        impl From<$name> for thorp_store::$name {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word),+ }
            }
        }

        impl From<thorp_store::$name> for $name {
            fn from(word: thorp_store::$name) -> Self {
                match word { $(thorp_store::$name::$word => Self::$word),+ }
            }
        }
    };
}

same_words!(Privacy {
    Public,
    Unlisted,
    Private
});
same_words!(Endpoint {
    Public,
    Private,
    Off
});
same_words!(Isolation { Warm, Fresh });

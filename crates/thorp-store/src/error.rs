//! What can go wrong in the store, a variant a cause. Maps nothing to HTTP.

use std::path::PathBuf;

/// The kind of thing that a [`StoreError::NotFound`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    /// A user.
    User,
    /// A token.
    Token,
    /// A val.
    Val,
    /// A version of a val.
    Version,
    /// A dependency set.
    DependencySet,
    /// A secret of a user.
    Secret,
}

impl std::fmt::Display for Entity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Token => "token",
            Self::Val => "val",
            Self::Version => "version",
            Self::DependencySet => "dependency set",
            Self::Secret => "secret",
        })
    }
}

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has this data folder open.
    #[error("the data folder `{}` is in use{}", path.display(), pid.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    Locked {
        /// The data folder.
        path: PathBuf,
        /// The other process, where it could be read.
        pid: Option<u32>,
    },
    /// The data was written by a newer Thorp.
    #[error("the data has schema {found}, this program knows up to {known}")]
    SchemaTooNew {
        /// Schema number in the file.
        found: i64,
        /// Newest schema number that this program knows.
        known: i64,
    },
    /// A file or folder of the store could not be used.
    #[error("could not use `{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A thread of the store could not be started.
    #[error("could not start a thread: {0}")]
    Thread(std::io::Error),
    /// There is no such thing, or it is deleted.
    #[error("no such {0}")]
    NotFound(Entity),
    /// The name belongs to another user, or to another living val of the same owner.
    #[error("the name `{name}` is taken")]
    NameTaken {
        /// The name that was asked for.
        name: String,
    },
    /// Someone else saved in between.
    #[error("the newest version is {newest}, not the one that this save is based on")]
    Conflict {
        /// The newest version that is not deleted.
        newest: i64,
    },
    /// A val that was to be set as a value is a program.
    #[error("`{name}` is no value")]
    NotData {
        /// The val.
        name: String,
    },
    /// A val keeps at least one version.
    #[error("the last version of a val cannot be deleted")]
    LastVersion,
    /// A new val or version has no file with its entry's path, or two files with one path.
    #[error("the files of a version need distinct paths and the entry `{entry}`")]
    BadFiles {
        /// The path that was given as the entry.
        entry: String,
    },
    /// A user has as many secrets as one may have.
    #[error("a user has at most {most} secrets")]
    TooManySecrets {
        /// How many one may have.
        most: u32,
    },
    /// A user's secrets are larger together than they may be.
    #[error("the secrets of a user have at most {most} bytes together")]
    SecretsTooLarge {
        /// How many bytes they may have, as they are kept.
        most: u64,
    },
    /// A secret could not be sealed or opened by the caller; nothing was changed.
    #[error("{reason}")]
    Sealing {
        /// The caller's reason.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The data contradicts itself.
    #[error("the data is damaged: {detail}")]
    Damaged {
        /// What was found.
        detail: String,
    },
    /// The transaction that this write was part of could not be committed; nothing of it was kept.
    #[error("the write was not committed: {reason}")]
    NotCommitted {
        /// The database's reason.
        reason: String,
    },
    /// The database refused a statement, for example because the disk is full.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
}

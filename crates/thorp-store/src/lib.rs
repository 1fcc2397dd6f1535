//! Users, tokens, vals, versions, dependency sets, sealed secrets, evaluations and the outbox, kept in SQLite.
//!
//! This crate owns the town's data and the rules that only the data can decide in one step: a name is free, a version number
//! is the next one, a save is based on the newest version. It decides no permission, reads no clock (every write takes
//! `now_micros`), and knows nothing of HTTP, TypeScript or sandboxes.
//!
//! Conventions, the same for every method:
//! * times are microseconds since the Unix epoch (UTC) as `i64`;
//! * ids are UUIDv7, made by the caller, kept as 16 bytes;
//! * a write is acknowledged after its `COMMIT` ([`Store`] says how), and never half done;
//! * names are kept as written and compared without regard to ASCII case (those of secrets with it);
//! * the SQL text is portable: it means the same on SQLite and PostgreSQL.

mod connection;
mod dependencies;
mod digest;
mod emails;
mod error;
mod files;
mod integrity;
mod labels;
pub mod limits;
mod listing;
mod lock;
mod page;
mod readers;
mod renames;
mod retention;
mod run_lists;
mod runs;
mod save;
mod schema;
mod secrets;
mod settings;
mod sql;
mod store;
mod tokens;
mod users;
mod vals;
mod values;
mod versions;
mod words;
mod writer;

pub use dependencies::{DependencyDeletion, DependencySet, NewDependencySet};
pub use digest::Digest;
pub use emails::{Email, EmailPut, EmailRate, EmailShare, EmailSummary, EmailTry, NewEmail};
pub use error::{Entity, StoreError};
pub use files::{File, manifest_digest};
pub use listing::{LastRun, ListedVal, ValFilter};
pub use page::{Page, PageRequest};
pub use retention::{RunTotals, Trimmed};
pub use run_lists::RunFilter;
pub use runs::{NewRun, Run, RunSummary, RunUsage, RunVal, UserRef};
pub use secrets::{
    Resealed, Sealed, SecretBounds, SecretChange, SecretInfo, StoredSecret, UserSecrets,
};
pub use store::{Store, StoreConfig};
pub use tokens::{NewToken, Token, TokenTouch, TokenWithUser};
pub use users::{NewUser, User};
pub use vals::{NewVal, Val, ValPatch};
pub use values::{NamedValue, ValueWrite};
pub use versions::{
    NewContent, NewVersion, RestoreVersion, SavedVersion, Version, VersionWithFiles,
};
pub use words::{EmailState, Endpoint, Isolation, Privacy, RunStatus, Trigger};

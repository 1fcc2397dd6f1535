//! Opening, checking and closing the store.

use crate::StoreError;
use std::path::PathBuf;

/// Where and how to open a store.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The data folder; made if it is missing. Holds `town.sqlite` and `town.lock`.
    pub folder: PathBuf,
    /// Reading threads, 1 to [`crate::limits::READERS_MAX`].
    pub readers: usize,
}

impl StoreConfig {
    /// A store in this folder, with the usual number of readers.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            readers: crate::limits::READERS_DEFAULT,
        }
    }
}

/// The town's data. Cloning is cheap; all clones are one store.
#[derive(Clone)]
pub struct Store {}

impl Store {
    /// Opens the data folder, brings its schema up to date and starts the store's threads. Blocks; call it before serving.
    ///
    /// Fails with [`StoreError::Locked`] while another store has the folder open and with [`StoreError::SchemaTooNew`] if
    /// the data was written by a newer program.
    pub fn open(config: StoreConfig) -> Result<Self, StoreError> {
        todo!()
    }

    /// Finishes what was asked for so far, writes the log back into the file and releases the folder. Later calls, of any
    /// clone, fail with [`StoreError::Closed`].
    pub async fn close(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Writes and reads one row: fails if the store does not work.
    pub async fn ping(&self, now_micros: i64) -> Result<(), StoreError> {
        todo!()
    }

    /// Reads the whole file and checks it; slow on much data. [`StoreError::Damaged`] says what is wrong.
    pub async fn integrity_check(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Number of the newest migration that the data has.
    pub async fn schema_version(&self) -> Result<i64, StoreError> {
        todo!()
    }
}

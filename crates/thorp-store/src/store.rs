//! Opening, checking and closing the store.

use crate::connection::open_writer;
use crate::lock::lock_folder;
use crate::readers::Readers;
use crate::sql::Db;
use crate::writer::{WriteTx, Writer};
use crate::{StoreError, integrity, schema};
use std::fs::{File, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The setting that [`Store::ping`] writes.
const PING_KEY: &str = "store.ping";
/// Its owner may read and write.
const PRIVATE_FILE: u32 = 0o600;

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
///
/// Writes go through one thread that commits all waiting writes together and acknowledges each only after that commit. A write
/// takes place even if its caller stops waiting for the answer. Reads see every write that was acknowledged before they began.
/// Dropping the last clone does what [`Store::close`] does, and blocks for it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// The readers go first: the writer's connection, as the last one, writes the log back when it is closed.
struct Inner {
    readers: Readers,
    writer: Writer,
}

/// Makes the file, if it is not there, so that others may not read it, whatever they may do in the folder. What SQLite puts
/// beside it gets the same mode.
fn close_to_others(path: &Path) -> std::io::Result<()> {
    let file = File::options()
        .append(true)
        .create(true)
        .mode(PRIVATE_FILE)
        .open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(PRIVATE_FILE))?;
    }
    Ok(())
}

impl Store {
    /// Opens the data folder, brings its schema up to date and starts the store's threads. Blocks; call it before serving.
    ///
    /// Fails with [`StoreError::Locked`] while another store has the folder open and with [`StoreError::SchemaTooNew`] if
    /// the data was written by a newer program.
    pub fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let folder = config.folder;
        std::fs::create_dir_all(&folder).map_err(|source| StoreError::Io {
            path: folder.clone(),
            source,
        })?;
        let lock = lock_folder(&folder)?;
        let path = folder.join("town.sqlite");
        close_to_others(&path).map_err(|source| StoreError::Io {
            path: path.clone(),
            source,
        })?;
        let mut connection = open_writer(&path)?;
        schema::migrate(&mut connection)?;
        let readers = Readers::start(&path, config.readers)?;
        let writer = Writer::start(connection, lock)?;
        Ok(Self {
            inner: Arc::new(Inner { readers, writer }),
        })
    }

    /// Finishes what was asked for so far, writes the log back into the file and releases the folder. Later calls, of any
    /// clone, fail with [`StoreError::Closed`]; closing again does nothing.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.readers.close().await;
        self.inner.writer.close().await
    }

    /// Writes and reads one row: fails if the store does not work.
    pub async fn ping(&self, now_micros: i64) -> Result<(), StoreError> {
        let written = now_micros.to_string();
        self.set_setting(PING_KEY, &written, now_micros).await?;
        match self.setting(PING_KEY).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::Damaged {
                detail: format!("the setting `{PING_KEY}` was written and is not there"),
            }),
        }
    }

    /// Reads the whole file and checks it; slow on much data. [`StoreError::Damaged`] says what is wrong.
    pub async fn integrity_check(&self) -> Result<(), StoreError> {
        self.read(integrity::check).await
    }

    /// Number of the newest migration that the data has.
    pub async fn schema_version(&self) -> Result<i64, StoreError> {
        self.read(|db| db.number(schema::VERSION_SQL, [])).await
    }

    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.readers.read(work).await
    }

    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.writer.write(work).await
    }

    /// Counts the writes that may have changed more than the runs. What was read after this was asked is at least as new as
    /// it says: whoever keeps what they read need not read it again while it is the same.
    pub fn changes(&self) -> u64 {
        self.inner.writer.changes()
    }

    /// The same as [`Self::write`] for what changes nothing but the runs.
    pub(crate) async fn write_apart<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.writer.write_apart(work).await
    }
}

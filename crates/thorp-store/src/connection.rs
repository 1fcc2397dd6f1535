//! Opening connections to the file, one way for the writer and one for readers.

use crate::StoreError;
use crate::limits::{
    BUSY_TIMEOUT_MILLIS, READER_CACHE_KIB, STATEMENT_CACHE_ENTRIES, WAL_CHECKPOINT_PAGES,
    WAL_FILE_BYTES_MAX, WRITER_CACHE_KIB,
};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// The connection that writes. NORMAL: a commit survives the death of the process at once, and that of the machine after
/// the next checkpoint.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", WAL_FILE_BYTES_MAX)?;
    Ok(connection)
}

/// A connection that cannot write.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    open(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        READER_CACHE_KIB,
    )
}

/// No memory map: the system's cache holds the file anyway, and mapped pages would count as the town's memory.
fn open(path: &Path, flags: OpenFlags, cache_kib: i64) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MILLIS))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE_ENTRIES);
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

//! Every bound of this crate, with its unit last.

/// Writes that may wait for the writer thread; a caller beyond it waits its turn before it is even queued.
pub const WRITE_QUEUE_OPERATIONS_MAX: usize = 4096;
/// Writes put into one transaction. More would not make a commit cheaper, only the first caller's wait longer.
pub const WRITE_BATCH_OPERATIONS_MAX: usize = 512;
/// Reads that may wait for a reader thread; a caller beyond it waits its turn.
pub const READ_QUEUE_OPERATIONS_MAX: usize = 4096;
/// Reader threads unless the configuration says otherwise.
pub const READERS_DEFAULT: usize = 2;
/// Most reader threads; each costs a connection and its cache.
pub const READERS_MAX: usize = 16;
/// Items of one page; a request for more gets this many.
pub const PAGE_ITEMS_MAX: u32 = 100;
/// Items that may be skipped before a page; the cost of a page grows with what it skips.
pub const PAGE_OFFSET_MAX: u32 = 1_000_000;
/// Bytes of a search text or name filter that are used; the rest is ignored.
pub const SEARCH_TEXT_BYTES_MAX: usize = 1024;
/// Rows deleted by one retention or trimming step, so that other writes get their turn.
pub const DELETE_BATCH_ROWS_MAX: u32 = 1000;
/// Page cache of the writing connection.
pub const WRITER_CACHE_KIB: i64 = 8 * 1024;
/// Page cache of each reading connection.
pub const READER_CACHE_KIB: i64 = 4 * 1024;
/// Prepared statements kept by each connection, the last used ones.
pub const STATEMENT_CACHE_ENTRIES: usize = 128;
/// How long a connection waits for SQLite's own locks, in milliseconds. Only an outside process can hold them.
pub const BUSY_TIMEOUT_MILLIS: u64 = 5_000;
/// Pages in the write-ahead log that start a checkpoint (of 4 KiB each).
pub const WAL_CHECKPOINT_PAGES: i64 = 4_000;
/// Bytes that the write-ahead log is cut back to after a checkpoint.
pub const WAL_FILE_BYTES_MAX: i64 = 32 * 1024 * 1024;
/// Counted for each run on top of its texts, when the total of kept runs is measured: fixed columns and index entries.
pub const RUN_OVERHEAD_BYTES: i64 = 400;

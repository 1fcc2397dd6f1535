//! What a confined process may have at most, with the unit last.

/// Open descriptors. With 256, Deno's accept loop meets `EMFILE` and ends the process.
pub const OPEN_FILES_MAX: u64 = 1024;

/// The largest file that a process may write.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

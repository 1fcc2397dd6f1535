//! Every limit of the command line, with its unit last.

use std::time::Duration;

/// Waiting for a town to accept a connection.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// Waiting for a town to begin an answer: the longest run and the longest queue before it, and some.
pub(crate) const ANSWER: Duration = Duration::from_secs(180);
/// Bytes of one answer.
pub(crate) const REPLY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of one line of a progress stream.
pub(crate) const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Files that one `push` sends.
pub(crate) const FILES_MAX: usize = 1000;
/// Bytes of one file that `push` sends.
pub(crate) const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Columns that a value may take to be shown on one line.
pub(crate) const VALUE_COLUMNS: usize = 80;
/// Lines of unchanged text around a change in a diff.
pub(crate) const DIFF_CONTEXT_LINES: usize = 3;

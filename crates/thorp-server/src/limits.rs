//! Every limit of the HTTP surface, with its unit last.

use std::time::Duration;

/// Connections that are open at the same time. More wait in the listener's backlog.
pub const CONNECTIONS_MAX: usize = 1024;
/// Bytes of a request's line and headers: an address of 64 KiB (an expression in a `GET`) and its headers.
pub const HEAD_BYTES_MAX: usize = 80 * 1024;
/// Headers of one request.
pub const HEADERS_MAX: usize = 100;
/// How long a connection may take for the head of its next request, or rest between two.
pub const HEAD_READ: Duration = Duration::from_secs(60);
/// How long a body may take.
pub const BODY_READ: Duration = Duration::from_secs(60);
/// Bytes of the body of an `eval`: the town's expression and arguments, and room for JSON's escapes.
pub const EVAL_BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of the body of a `run`: the town's arguments and what wraps them.
pub const RUN_BODY_BYTES_MAX: usize = thorp_town::limits::ARGS_BYTES_MAX + 64 * 1024;
/// Bytes of the body of a save.
pub const VAL_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of a body for a val's own address.
pub const SITE_BODY_BYTES_MAX: usize = 100 * 1024 * 1024;
/// Bytes of any other body.
pub const SMALL_BODY_BYTES_MAX: usize = 512 * 1024;
/// Bytes that are read and dropped after a body's limit, so that its sender gets to read why.
pub const DRAIN_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long dropping them may take.
pub const DRAIN_WALL: Duration = Duration::from_secs(5);
/// How long open requests may take to end after a shutdown was asked for.
pub const SHUTDOWN_WALL: Duration = Duration::from_secs(10);
/// How long the answers to requests may take whose runs were ended with the town.
pub const LAST_ANSWERS_WALL: Duration = Duration::from_secs(1);
/// How long to wait after the system refused to accept a connection.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// When to come again after too many requests.
pub const RATE_LIMIT_RETRY_SECONDS: u32 = 1;
/// Letters by which a mistyped address may differ from the one that a hint offers.
pub const NEAR_LETTERS_MAX: usize = 3;

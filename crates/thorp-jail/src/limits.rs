//! What a confined process may have at most, with the unit last.

use std::time::Duration;

/// Open descriptors. With 256, Deno's accept loop meets `EMFILE` and ends the process.
pub const OPEN_FILES_MAX: u64 = 1024;

/// The largest file that a process may write.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// Threads of a process that has a user or a control group of its own. The stacks of far fewer of Deno's fill the memory that it gets.
pub const THREADS_MAX: u64 = 512;

/// What a process may write into each of its folders in memory.
pub const SCRATCH_BYTES_MAX: u64 = 64 << 20;

/// How many files and folders it may make there.
pub const SCRATCH_FILES_MAX: u64 = 4096;

/// TCP ports at which the host takes connections of one process.
pub const PORTS_MAX: usize = 48;

/// Connections that wait at one port until the host takes them.
pub const WAITING_CONNECTIONS_MAX: i32 = 64;

/// What the kernel holds of a connection for the host to read.
pub const RECEIVE_BYTES_MAX: usize = 16 << 10;

/// What the kernel holds of a connection that its process, or the host, has sent and the other has not taken, with what it
/// keeps beside the bytes.
pub const SEND_MEMORY_BYTES_MAX: usize = 32 << 10;

/// What it holds of a connection for its process to read, likewise.
pub const READ_MEMORY_BYTES_MAX: usize = 64 << 10;

/// The first of the user ids that processes get, one each. Above what systems give to people and services.
pub const USER_FIRST: u32 = 0x7000_0000;

/// How many of them there are: far more than processes at once.
pub const USERS: u32 = 1 << 20;

/// What is started in the background has one part in so many of the processor time of any other, where others want it.
pub const SMALL_PART: u64 = 16;

/// The turns on a processor that a process asks for: the longest that the kernel knows. Whoever asks for shorter ones is
/// before it when he wakes up: the host always, and a process that has its full part before those that have not.
pub const TURN: Duration = Duration::from_millis(100);

/// Control groups of ended processes that are kept for the next ones.
pub const GROUPS_KEPT_MAX: usize = 64;

/// How much sooner than the host a process is ended when the machine has no more memory, in thousandths of that memory.
pub const OUT_OF_MEMORY_SCORE: u16 = 500;

//! Every limit of the runtime, with its unit last.

use std::time::Duration;

/// Prepared sandboxes that an idle town keeps.
pub const POOL_FLOOR: usize = 4;
/// Prepared sandboxes that a busy town keeps at most.
pub const POOL_CEILING: usize = 64;
/// Living sandboxes: about 10 MiB of private memory each when idle.
pub const SANDBOXES_MAX: usize = 512;
/// Runs that may wait for a sandbox.
pub const WAITING_JOBS_MAX: usize = 1024;
/// What one user may have of the sandboxes, and of the places of runs that wait.
pub const USER_PERCENT_MAX: usize = 50;
/// How long a run may wait for a sandbox.
pub const WAIT_MILLIS_MAX: u64 = 10_000;
/// The pool shrinks to its floor after this long without a run.
pub const IDLE_SHRINK_SECS: u64 = 30;
/// How long a sandbox may take to get ready, once a run waits.
pub const START_MILLIS_MAX: u64 = 10_000;
/// And how much longer while none does.
pub const BACKGROUND_START_MILLIS_MAX: u64 = 60_000;

/// The JSON text of a result.
pub const RESULT_BYTES_MAX: usize = 8 << 20;
/// The JSON text of a call of the host.
pub const CALL_BYTES_MAX: usize = 2 << 20;
/// Calls of the host that are open at a time.
pub const CALLS_OPEN_MAX: usize = 64;
/// Calls of the host that a run makes.
pub const CALLS_MAX: usize = 10_000;
/// Answers that a guest has not read, in bytes: no more are waited for beyond that.
pub const UNREAD_BYTES_MAX: usize = 4 << 20;
/// The JSON text of all that a run writes.
pub const WRITES_BYTES_MAX: usize = 8 << 20;
/// The text of all log lines of a run.
pub const LOG_BYTES_MAX: usize = 1 << 20;
/// Log lines of a run.
pub const LOG_LINES_MAX: usize = 10_000;
/// The JSON text of a run's arguments.
pub const ARGS_BYTES_MAX: usize = 8 << 20;
/// The JSON text of what vals hold that a program names.
pub const VALUES_BYTES_MAX: usize = 16 << 20;
/// The code of a run, all files together.
pub const CODE_BYTES_MAX: usize = 16 << 20;
/// The scripts of the foreign vals of a program, all together.
pub const FOREIGN_BYTES_MAX: usize = 16 << 20;
/// Things that foreign code asked for in vain and that are kept of a run.
pub const DENIALS_MAX: usize = 100;
/// The name of a foreign val, and what it asked for, as they are kept.
pub const DENIED_TEXT_BYTES_MAX: usize = 1 << 10;
/// One of them, as it comes from the guest: every byte escaped.
pub const DENIED_BYTES_MAX: usize = 16 << 10;
/// Files of a module program.
pub const FILES_MAX: usize = 4096;
/// Name, message and stack of an error, each.
pub const ERROR_TEXT_BYTES_MAX: usize = 64 << 10;

/// Wall clock of a run.
pub const WALL_SECS_DEFAULT: u64 = 60;
/// Processor time of a run.
pub const CPU_SECS_DEFAULT: u64 = 10;
/// Memory of a run: what it holds beyond the shared pages of the Deno binary.
pub const MEMORY_BYTES_DEFAULT: u64 = 128 << 20;

/// How long a worker without a run is kept.
pub const WORKER_IDLE_SECS_MAX: u64 = 10;
/// And how long in all.
pub const WORKER_LIFE_SECS_MAX: u64 = 3600;
/// Runs of a worker.
pub const WORKER_RUNS_MAX: u32 = 10_000;
/// The part of the sandboxes that may be workers without a run.
pub const WORKERS_IDLE_DIVISOR: usize = 4;
/// Of all sandboxes, those that may be hardened ones, beside the others.
pub const HARDENED_DIVISOR: usize = 4;
/// Prepared hardened sandboxes that an idle town keeps once one was wanted.
pub const HARDENED_FLOOR: usize = 1;
/// A worker whose memory is beyond this part of its limit after a run gets no other.
pub const WORKER_MEMORY_PERCENT_MAX: u64 = 75;
/// Processor time of a worker between two runs: what it left behind goes on working.
pub const WORKER_IDLE_CPU_MILLIS_MAX: u64 = 100;
/// How often workers without a run are looked at, while there are any.
pub const WORKER_LOOK_MILLIS: u64 = 1_000;

/// Web requests that one worker answers at a time before another one of the same program is started.
pub const WEB_REQUESTS_WANTED: usize = 64;
/// And at most, while there is no other.
pub const WEB_REQUESTS_OPEN_MAX: usize = 512;
/// Workers of one program that answer web requests.
pub const WEB_WORKERS_OF_ONE_MAX: usize = 4;
/// How long a worker without a web request is kept.
pub const WEB_IDLE_SECS_MAX: u64 = 10;
/// How often a worker with web requests is looked at.
pub const WEB_LOOK_MILLIS: u64 = 100;
/// How often, within one busy time, it gets a new budget for the network.
pub const WEB_BUDGET_SECS: u64 = 10;
/// The head of a program's answer, its headers together.
pub const WEB_HEAD_BYTES_MAX: usize = 64 << 10;
/// Headers of a program's answer.
pub const WEB_HEADERS_MAX: usize = 128;
/// How long an answer, its request or what became of both may stand still.
pub const WEB_SILENCE_SECS_MAX: u64 = 60;
/// How long what an answer leaves to be done (`waitUntil`) may take.
pub const WEB_KEPT_SECS_MAX: u64 = 60;
/// How long a connection of the guest may take, when it was asked for one.
pub const WEB_CONNECT_SECS_MAX: u64 = 10;
/// How often a request is given to another worker when the one that it was for has ended before it had any byte of it.
pub const WEB_TRIES_MAX: usize = 4;
/// Prepared sandboxes that an idle town keeps for web requests, once there was one.
pub const WEB_FLOOR: usize = 1;
/// Frames that are taken, when a request has ended, of what the guest has said of it.
pub const WEB_LAST_FRAMES_MAX: usize = 4096;

/// The description of a failure, as it comes from the guest: three texts, every byte of them escaped.
pub const FAILURE_BYTES_MAX: usize = 1 << 20;
/// Where no control group bounds memory: `RLIMIT_DATA` that Deno needs before it does anything: measured, V8's reservations and the stacks of its threads.
pub const DATA_BYTES_BASE: u64 = 555 << 20;
/// Where one does: what `RLIMIT_DATA` has more, so that a program may start a `Worker`, for which V8 maps half a GiB. Two would
/// need so much that a program could also map a GiB for itself, and learn only when it fills it that it may not.
pub const DATA_BYTES_OF_WORKER: u64 = 640 << 20;
/// A sandbox's control group has this much more than a run: the kernel counts there what is none of the run's doing, such as
/// tables of pages, and files that it read.
pub const GROUP_BYTES_ABOVE: u64 = 32 << 20;
/// What all sandboxes together may have of the machine's memory, where they are in control groups of the first version.
pub const SANDBOXES_MEMORY_PERCENT_MAX: u64 = 80;
/// The heap's limit is this much below the limit of memory, so that most programs meet V8's limit first.
pub const HEAP_BYTES_BELOW: u64 = 32 << 20;
/// A smaller heap does not hold Deno itself.
pub const HEAP_BYTES_MIN: u64 = 32 << 20;
/// What `deno --version` may print.
pub const VERSION_BYTES_MAX: u64 = 1024;
/// A run is looked at after this long for the first time; most have ended by then.
pub const SAMPLE_FIRST_MILLIS: u64 = 20;
/// And then every so often.
pub const SAMPLE_MILLIS: u64 = 10;
/// Processor time that a run has as any other process, where control groups share it out; beyond that it gets what nobody
/// else wants.
pub const CPU_SURE_MILLIS: u64 = 20;
/// And one part in so many of the time that has passed since it began, so that it never stands still.
pub const CPU_SURE_PART: u32 = 20;
/// How long a process that closed its connection may take to end.
pub const END_MILLIS_MAX: u64 = 1_000;
/// What is read of each output of a trial of the jail.
pub const TRIAL_OUTPUT_BYTES_MAX: u64 = 256 << 10;
/// What is kept of a process's standard error to find out why it ended.
pub const STDERR_TAIL_BYTES_MAX: usize = 8 << 10;
/// The wait before the next background start after a failed one, doubled with every further failure.
pub const BACKOFF_MILLIS_MIN: u64 = 100;
/// And at most.
pub const BACKOFF_MILLIS_MAX: u64 = 30_000;
/// Socket paths that the kernel accepts.
pub const SOCKET_PATH_BYTES_MAX: usize = 107;

/// How long a sandbox whose run has ended waits to be taken apart: longer than an answer takes.
pub(crate) const RETIRE_DELAY: Duration = Duration::from_millis(2);

/// How long it takes until a used sandbox is replaced, if no run waits: longer than an answer takes.
pub(crate) const REPLACE_DELAY: Duration = Duration::from_millis(2);

/// Folders of ended sandboxes that are kept for the next ones.
pub(crate) const FOLDERS_KEPT_MAX: usize = POOL_CEILING;

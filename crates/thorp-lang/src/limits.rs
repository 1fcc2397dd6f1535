//! Every bound of this crate, with its unit last.

/// Text of all files of one version together. A val is a small program; what is larger is
/// data, and belongs somewhere else.
pub const SOURCE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Files of one version.
pub const FILES_MAX: usize = 100;

/// Length of a file's path.
pub const PATH_BYTES_MAX: usize = 200;

/// Diagnostics that one compile reports; the rest would not be read.
pub const DIAGNOSTICS_MAX: usize = 50;

/// Imports that one version may name, counting each place.
pub const IMPORTS_MAX: usize = 1000;

/// Names of secrets that are reported.
pub const SECRETS_MAX: usize = 200;

/// Open brackets at one place. Far above what people write and below what
/// [`COMPILE_STACK_BYTES`] holds, so that typical nonsense is refused without a crash.
pub const NESTING_MAX: usize = 5000;

/// Stack of the thread that a compile worker compiles on.
pub const COMPILE_STACK_BYTES: usize = 64 * 1024 * 1024;

/// One frame of the compile worker's protocol. Source text may grow sixfold as JSON
/// (`\u0000`), and the answer holds code and maps.
pub const FRAME_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Text of a stack trace that is read; what follows is cut.
pub const STACK_BYTES_MAX: usize = 64 * 1024;

/// Frames of a stack trace that are mapped; V8 gives ten unless it is told otherwise.
pub const STACK_FRAMES_MAX: usize = 100;

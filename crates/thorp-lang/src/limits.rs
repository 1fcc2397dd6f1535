//! Every bound of this crate, with its unit last.

/// Text of all files of one version together. A val is a small program; what is larger is
/// data, and belongs somewhere else.
pub const SOURCE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A script for a Compartment: one val with all that it imports.
pub const SCRIPT_BYTES_MAX: usize = 4 * 1024 * 1024;

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

/// Levels of a program's tree: every operator, call, bracket and `else if` inside another is
/// one. V8 reads every kind at this depth; at twice as much its stack ends over brackets.
pub const TREE_DEPTH_MAX: usize = 2000;

/// Open brackets at one place, those in strings too: what the tree would not have either, told
/// without the parser.
pub const NESTING_MAX: usize = TREE_DEPTH_MAX;

/// Stack of the thread that a compile worker compiles on.
pub const COMPILE_STACK_BYTES: usize = 64 * 1024 * 1024;

/// One frame of the compile worker's protocol. Source text may grow sixfold as JSON
/// (`\u0000`), and the answer holds code and maps.
pub const FRAME_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Text of a stack trace that is read; what follows is cut.
pub const STACK_BYTES_MAX: usize = 64 * 1024;

/// Frames of a stack trace that are mapped; V8 gives ten unless it is told otherwise.
pub const STACK_FRAMES_MAX: usize = 100;

/// References to other vals that one file may hold, counting each place, and that are reported.
pub const REFERENCES_MAX: usize = 1000;

/// Text that is read to find the references of one file: its length, times the attempts.
pub const MASK_READ_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Space and comments on each side of the dot of `@user . val`.
pub const REFERENCE_GAP_BYTES_MAX: usize = 256;

/// Length of the name of a user or a val in an import.
pub const NAME_CHARS_MAX: usize = 48;

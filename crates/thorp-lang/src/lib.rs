//! Source text to JavaScript, source map and facts.
//!
//! Owns everything that is known about a val by reading it: whether it parses, what it
//! imports, which value it gives, which secrets it names, and where a line of the compiled
//! code stands in the user's text. It opens no file, no socket and no process, and knows
//! nothing of users, versions or sandboxes.
//!
//! The parser behind it is recursive: text that nests deeply enough overflows the stack and
//! aborts the process. [`compile`] must therefore run where that is survivable; [`worker`] is
//! the loop for a process made for it, and [`Compiled::too_complex`] is what its death means.

mod candidates;
mod classic;
mod compile;
mod compiled;
mod data;
mod depth;
mod diagnostic;
mod files;
mod foreign;
mod front;
mod helpers;
mod hints;
mod imports;
mod live;
mod mask;
mod module;
mod npm;
mod own;
mod place;
mod position;
mod references;
mod report;
mod scan;
mod source;
mod stack;
mod standard;
mod val_import;
mod valref;
mod value;
mod wanted;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod limits;
pub mod worker;

pub use compile::compile;
pub use compiled::{
    Compiled, Dialect, EXPRESSION_PATH, Facts, Form, Import, ImportKind, Module, Position,
    Reference, ValueOf,
};
pub use diagnostic::{Diagnostic, Severity, code};
pub use foreign::{NotForeign, for_compartment};
pub use source::{ENTRY_DEFAULT, PathError, Source, SourceFile, SourceKind, check_path};
pub use stack::StackMapper;
pub use valref::{VAL_FILE, val_folder};

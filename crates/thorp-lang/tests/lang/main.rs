//! What the compiler makes of programs, from the outside. One `check` a module, text in and
//! text out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod classic;
mod diagnostics;
mod expressions;
mod imports;
mod own;
mod robust;
mod scripts;
mod stacks;
mod support;
mod typescript;
mod values;
mod worker;

//! What must hold whatever program a user writes: for a fuzzer, and for tests with programs that were made up.
#![allow(clippy::panic, reason = "what does not hold is told by a panic")]

use crate::compile::compile;
use crate::compiled::Dialect;
use crate::diagnostic::code;
use crate::source::Source;

/// A program compiles or says why not; it names only what stands in it, and a text without `@` names nothing.
pub fn program(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for source in [Source::val(text.clone()), Source::expression(text.clone())] {
        let compiled = compile(&source.by("alice"));
        let failed = compiled
            .diagnostics
            .iter()
            .any(|d| d.code == code::COMPILER_ERROR);
        assert!(!failed, "the compiler failed");
        assert_eq!(compiled.is_runnable(), !compiled.modules.is_empty());
        let facts = &compiled.facts;
        assert!(facts.dialect == Dialect::Classic || !facts.uses_vals);
        assert!(text.contains('@') || !facts.uses_vals);
        for reference in &facts.references {
            let line = text.split(['\n', '\r', '\u{2028}', '\u{2029}']).count();
            assert!(reference.line as usize <= line, "outside of the text");
            assert!(text.contains(&reference.name));
        }
    }
}

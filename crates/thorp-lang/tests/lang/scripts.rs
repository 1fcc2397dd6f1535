//! Scripts that a bundler made, on their way into a Compartment.

use thorp_lang::{Source, StackMapper, code, compile, limits};

#[test]
fn a_script_is_written_as_a_compartment_takes_it() {
    let written = compile(&Source::script("@bob/lib", "var a = 'import(x)';"));
    assert!(written.is_runnable());
    assert_eq!(written.modules[0].code, r"var a = 'i\x6dport(x)';");
}

#[test]
fn what_cannot_be_written_so_is_told() {
    let refused = compile(&Source::script("@bob/lib", "import('x')"));
    let found = &refused.diagnostics[0];
    assert_eq!(
        (found.code.as_str(), found.message.as_str()),
        (
            code::NOT_IMPORTABLE,
            "line 1: imported code cannot have `import(` here"
        )
    );
    assert!(refused.modules.is_empty());
}

#[test]
fn scripts_are_bounded() {
    let fits = "x".repeat(limits::SCRIPT_BYTES_MAX);
    assert!(compile(&Source::script("@bob/lib", fits.as_str())).is_runnable());
    let large = compile(&Source::script("@bob/lib", fits + "x"));
    assert_eq!(large.diagnostics[0].code, code::TOO_LARGE);
}

#[test]
fn a_stack_leads_from_a_bundle_to_its_texts() {
    // Two lines: the first of a val, the second of a package.
    let map = r#"{"version":3,"sources":["v/bob/lib/main.tsx","../x/node_modules/.deno/zod@4.1.0/node_modules/zod/index.js"],"names":[],"mappings":"AAEA;ACAA"}"#;
    let mapper =
        StackMapper::modules(&[], "file:///val/").with_bundle("@bob/lib+1", Some(map.to_owned()));
    assert_eq!(
        mapper.map(
            "Error: no\n    at f (file:///val/@bob/lib+1:1:5)\n    at file:///val/@bob/lib+1:2:1"
        ),
        "Error: no\n    at f (@bob/lib/main.tsx:3:1)\n    at npm:zod@4.1.0/index.js:3:1"
    );
    assert_eq!(
        mapper.place("@bob/lib+1", 1, 1).as_deref(),
        Some("@bob/lib/main.tsx:3:1")
    );
    assert_eq!(mapper.place("@carol/lib+1", 1, 1), None);
}

//! Whatever the text, an answer and no panic.

use proptest::prelude::*;
use thorp_lang::{Form, Module, Source, StackMapper, compile};

/// Pieces that make programs likelier than random characters do.
fn program() -> impl Strategy<Value = String> {
    let pieces = [
        "let ",
        "x",
        "=",
        "1",
        ";",
        "\n",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "=>",
        "async ",
        "await ",
        "function ",
        "class ",
        "import ",
        "export ",
        "default ",
        " from ",
        "'npm:zod@4'",
        "'./a.ts'",
        "\"",
        "`",
        "${",
        "<",
        ">",
        "/",
        "<a>",
        "</a>",
        "@me.x",
        "😀",
        "\u{2028}",
        "\r\n",
        "//",
        "/*",
        "*/",
        "type ",
        "interface ",
        "enum ",
        "as ",
        ":",
        ",",
        "?",
        ".",
        "...",
        "#",
        "\\",
        "\u{feff}",
        "import(",
        "import.meta",
        "process.env.",
        "using ",
        "yield ",
        "return ",
        "with {type:'json'}",
        "namespace ",
        "declare ",
        "abstract ",
        "static ",
        "@dec ",
        "new ",
        "!",
        "~",
        "0x",
        "1n",
        "\0",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn stack_text() -> impl Strategy<Value = String> {
    let pieces = [
        "    at ",
        "at ",
        "async ",
        "f ",
        "(",
        ")",
        ":",
        "1",
        "99999999999",
        "0",
        "\n",
        "eval",
        ", <anonymous>",
        "file:///run/x/",
        "main.tsx.mjs",
        "node_modules/.deno/",
        "@",
        "zod@4.1.0",
        "/node_modules/",
        "node_modules/",
        "+",
        "_",
        "/",
        "Error: ",
        "😀",
        ".",
        "/run/x/",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_compiles_or_says_why_not(text in program()) {
        for source in [Source::val(text.clone()), Source::expression(text.clone())] {
            let compiled = compile(&source);
            prop_assert!(compiled.diagnostics.iter().all(|d| d.code != "COMPILER_ERROR"), "{text:?}");
            prop_assert_eq!(compiled.is_runnable(), !compiled.modules.is_empty());
            if compiled.is_runnable() && compiled.form == Form::Body {
                prop_assert!(compiled.modules[0].code.ends_with('\n'));
            }
            for d in &compiled.diagnostics {
                prop_assert!((d.line, d.column) <= (d.end_line, d.end_column));
                prop_assert!(d.line >= 1 && d.column >= 1);
            }
        }
    }

    #[test]
    fn any_stack_is_mapped(stack in stack_text(), text in program()) {
        let compiled = compile(&Source::val(format!("/* é */ export default 1; {text}")));
        let mapper = StackMapper::modules(&compiled.modules, "file:///run/x").without_guest("file:///run/guest");
        mapper.map(&stack);
        let body = Module { path: "eval".into(), file: "eval.mjs".into(), code: String::new(), map: Some(stack.clone()) };
        StackMapper::body(&[body], "eval", 2).map(&stack);
    }
}

//! Stack traces as Deno writes them, in the user's terms.

use crate::support::{same, val};
use thorp_lang::{Source, StackMapper, compile, limits};

const ROOT: &str = "file:///run/thorp/s1";

#[track_caller]
fn check(text: &str, stack: &str, expected: &str) {
    let compiled = compile(&val(text));
    assert!(compiled.is_runnable(), "{:?}", compiled.diagnostics);
    let mapper =
        StackMapper::modules(&compiled.modules, ROOT).without_guest("file:///run/thorp/s1/guest/");
    same(&mapper.map(stack), expected);
}

/// Line and column of `needle` as V8 counts them: from 1, columns in UTF-16 units.
fn place(code: &str, needle: &str) -> String {
    let at = code.find(needle).unwrap();
    let before = &code[..at];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before[start..].encode_utf16().count() + 1;
    format!("{line}:{column}")
}

#[test]
fn frames_point_at_the_text() {
    let text = "type A = number;\n\nexport default function f(x: A): A {\n  const é: A = 1;\n  /* 😀 */ return '😀' + boom(x);\n}";
    let compiled = compile(&val(text));
    let at = place(&compiled.modules[0].code, "boom");
    let stack = format!("Error: no\n    at f (file:///run/thorp/s1/main.tsx.mjs:{at})");
    check(
        text,
        &stack,
        r"
Error: no
    at f (main.tsx:5:24)
",
    );
    assert_eq!(
        place(text, "boom"),
        "5:26",
        "in UTF-16, which is not what we count in"
    );
}

#[test]
fn frames_of_others() {
    check(
        "export default 1",
        "Error: x\n    at f (file:///run/thorp/s1/guest/main.js:1:2)\n    at async file:///run/thorp/s1/guest/main.js:3:4\n    at g (file:///store/ab/node_modules/.deno/zod@4.1.0/node_modules/zod/v4/core.js:10:20)\n    at new H (file:///store/ab/node_modules/.deno/@hono+zod-validator@0.4.3_1/node_modules/@hono/zod-validator/dist/index.js:1:1)\n    at file:///run/thorp/s1/node_modules/zod/index.js:5:6\n    at Array.map (<anonymous>)\n    at async Promise.all (index 0)\n    at ext:core/01_core.js:1:2",
        r"
Error: x
    at g (npm:zod@4.1.0/v4/core.js:10:20)
    at new H (npm:@hono/zod-validator@0.4.3/dist/index.js:1:1)
    at npm:zod/index.js:5:6
    at Array.map (<anonymous>)
    at async Promise.all (index 0)
    at ext:core/01_core.js:1:2
",
    );
}

#[test]
fn paths_in_messages() {
    check(
        "import './lib/a.ts';\nexport default 1\n--- lib/a.ts\nexport {}",
        "TypeError: Module not found \"file:///run/thorp/s1/x.ts\" from file:///run/thorp/s1/lib/a.ts.mjs\nNotFound: /run/thorp/s1/data.txt: no such file",
        r#"
TypeError: Module not found "x.ts" from lib/a.ts
NotFound: data.txt: no such file
"#,
    );
}

#[test]
fn messages_that_look_like_frames() {
    check(
        "export default 1",
        "Error: a\n    at b\nat c (file:///run/thorp/s1/main.tsx.mjs:1:1)\n    at d (x:y:z)\n    at e ((((:1:1)\n    at :::1:1",
        r"
Error: a
    at b
at c (main.tsx:1:1)
    at d (x:y:z)
    at e ((((:1:1)
    at :::1:1
",
    );
}

/// Frames at `needle` in the code of an expression.
#[track_caller]
fn check_expression(text: &str, needle: &str, expected: &str) {
    let compiled = compile(&Source::expression(text));
    let module = &compiled.modules[0];
    let place = place(&module.code, needle);
    let (line, column) = place.split_once(':').unwrap();
    let line = line.parse::<u32>().unwrap() + 2;
    let stack = format!(
        "Error: x\n    at inner (thorp:eval, <anonymous>:{line}:{column})\n    at eval (thorp:eval, <anonymous>:{line}:{column})\n    at async eval (thorp:eval:{line}:{column})\n    at eval (thorp:eval, <anonymous>:1:1)"
    );
    let mapper = StackMapper::body(&compiled.modules, "thorp:eval", 2);
    same(&mapper.map(&stack), expected);
}

#[test]
fn expressions() {
    check_expression(
        "1 + boom()",
        "boom",
        r"
Error: x
    at inner (eval:1:5)
    at eval:1:5
    at async eval:1:5
",
    );
    check_expression(
        "[1].map((x: number) =>\n  '😀' + boom(x))",
        "boom",
        r"
Error: x
    at inner (eval:2:9)
    at eval:2:9
    at async eval:2:9
",
    );
}

#[test]
fn long_traces_are_cut() {
    let compiled = compile(&val("export default 1"));
    let mapper = StackMapper::modules(&compiled.modules, ROOT);
    let frames = "    at f (file:///run/thorp/s1/main.tsx.mjs:1:1)\n".repeat(5000);
    let mapped = mapper.map(&frames);
    assert_eq!(mapped.lines().count(), limits::STACK_FRAMES_MAX);
    let mapped = mapper.map(&"é".repeat(limits::STACK_BYTES_MAX));
    assert!(mapped.len() <= limits::STACK_BYTES_MAX);
}

//! Texts of `eval`.

use crate::support::{code, same};
use thorp_lang::{Source, compile};

#[track_caller]
fn check(text: &str, expected: &str) {
    let compiled = compile(&Source::expression(text));
    same(
        &format!("{:?}\n{}", compiled.form, code(&compiled)),
        expected,
    );
}

#[test]
fn plain() {
    check(
        "1 + 1",
        r"
Body
return 1 + 1;
",
    );
    check(
        "{ a: 1 }",
        r"
Body
return { a: 1 };
",
    );
    check(
        "{a: 1};",
        r"
Body
return { a: 1 };
",
    );
    check(
        "(x: number): number => x",
        r"
Body
return (x) => x;
",
    );
    check(
        "<T>(x: T) => x",
        r"
Body
return (x) => x;
",
    );
    check(
        "function (x) { return x }",
        r"
Body
return function(x) {
  return x;
};
",
    );
    check(
        "await fetch('https://x') // why not",
        r#"
Body
return await fetch("https://x");
"#,
    );
    check(
        "1;",
        r"
Body
return 1;
",
    );
    check(
        "1; // one",
        r"
Body
return 1;
",
    );
    check(
        "'use strict'",
        r#"
Body
return "use strict";
"#,
    );
    check(
        "'x'; // one",
        r#"
Body
return "x";
"#,
    );
    check(
        "\u{feff}1",
        r"
Body
return 1;
",
    );
    check(
        "a, b",
        r"
Body
return a, b;
",
    );
}

#[test]
fn a_module_where_it_must_be() {
    check(
        "(await import('npm:zod@4')).z",
        r#"
Module
export default (await import("zod__4")).z;
"#,
    );
    check(
        "import.meta.url",
        r"
Module
export default import.meta.url;
",
    );
    check(
        "<b>hi</b>",
        r#"
Module
import { jsx as _jsx } from "react/jsx-runtime";
export default _jsx("b", { children: "hi" });
"#,
    );
    check(
        "import { z } from 'npm:zod';\nexport default z.string()",
        r#"
Module
import { z } from "zod";
export default z.string();
"#,
    );
    check(
        "export const a = 1, b = 2",
        r"
Module
export const a = 1, b = 2;
Warning NO_VALUE eval:1:1-1:1 `eval` needs a default export or exactly one named export; it exports `a`, `b`
  hint: write `export default` before the function or value to run
",
    );
}

#[test]
fn what_is_no_expression() {
    check(
        "",
        r"
Body
Error SYNTAX_ERROR eval:1:1-1:1 there is no expression
  hint: `eval` takes one expression; wrap statements in a function, or use `export default`
",
    );
    check(
        "// nothing",
        r"
Body
Error SYNTAX_ERROR eval:1:11-1:11 there is no expression
  hint: `eval` takes one expression; wrap statements in a function, or use `export default`
",
    );
    check(
        "let x = 1; x + 1",
        r"
Body
Error SYNTAX_ERROR eval:1:5-1:6 this is not an expression
  hint: `eval` takes one expression; wrap statements in a function, or use `export default`
",
    );
    check(
        "1; 2",
        r"
Body
Error SYNTAX_ERROR eval:1:2-1:3 this is not an expression
  hint: `eval` takes one expression; wrap statements in a function, or use `export default`
",
    );
    check(
        "return 1",
        r"
Body
Error SYNTAX_ERROR eval:1:1-1:7 Unexpected token
  hint: `eval` takes one expression; wrap statements in a function, or use `export default`
",
    );
    check(
        "1 +",
        r"
Body
Error SYNTAX_ERROR eval:1:4-1:4 Unexpected token
  hint: the text ends too early; look for a bracket or quote that is not closed
",
    );
    check(
        "async () => {",
        r"
Body
Error SYNTAX_ERROR eval:1:14-1:14 Expected `}` but found `EOF`
  hint: the text ends too early; look for a bracket or quote that is not closed
",
    );
    check(
        "const f = (a) => {",
        r"
Body
Error SYNTAX_ERROR eval:1:19-1:19 Expected `}` but found `EOF`
  hint: the text ends too early; look for a bracket or quote that is not closed
",
    );
    check(
        "1) ; evil(",
        r"
Body
Error SYNTAX_ERROR eval:1:2-1:3 Unexpected token
",
    );
    check(
        "1 }); evil(() => {",
        r"
Body
Error SYNTAX_ERROR eval:1:3-1:4 Unexpected token
",
    );
    check(
        "import x from './x.ts'\nexport default x",
        r"
Module
Error MISSING_FILE eval:1:15-1:23 this val has no file `x.ts`
  hint: it has no other file
",
    );
}

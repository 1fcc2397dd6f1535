//! What imports name, and what stands for them in the sandbox.

use crate::support::{code, import, lines, same, val};
use thorp_lang::compile;

/// Imports and diagnostics.
#[track_caller]
fn check(text: &str, expected: &str) {
    let mut compiled = compile(&val(text));
    compiled.modules.clear();
    let imports = lines(&compiled.facts.imports, import);
    same(&format!("{imports}\n{}", code(&compiled)), expected);
}

/// Modules and diagnostics.
#[track_caller]
fn check_code(text: &str, expected: &str) {
    same(&code(&compile(&val(text))), expected);
}

#[test]
fn two_majors_of_one_package() {
    check(
        "import a from 'npm:zod@3'; import b from 'npm:zod@^4/mini';\nexport * from 'npm:zod';\nexport default [a, b, import('npm:@hono/zod-validator@~0.4')]",
        r#"
main.tsx:1:15 npm:zod@3 -> zod__3 Npm { name: "zod", range: "3", subpath: "", alias: "zod__3" }
main.tsx:1:42 npm:zod@^4/mini -> zod__c4/mini Npm { name: "zod", range: "^4", subpath: "mini", alias: "zod__c4" }
main.tsx:2:15 npm:zod -> zod Npm { name: "zod", range: "", subpath: "", alias: "zod" }
main.tsx:3:30 npm:@hono/zod-validator@~0.4 -> @hono/zod-validator__t0.4 Npm { name: "@hono/zod-validator", range: "~0.4", subpath: "", alias: "@hono/zod-validator__t0.4" } dynamic
"#,
    );
    check_code(
        "import a from 'npm:zod@3'; import b from \"npm:zod@^4/mini\";\nexport { x } from 'npm:zod';\nexport default [a, b, import(`npm:zod@3/v4`)]",
        r#"
import a from "zod__3";
import b from "zod__c4/mini";
export { x } from "zod";
export default [
  a,
  b,
  import("zod__3/v4")
];
"#,
    );
}

#[test]
fn jsx_is_an_import_of_npm() {
    check(
        "export default <a/>",
        r#"main.tsx:1:1 npm:react/jsx-runtime -> react/jsx-runtime Npm { name: "react", range: "", subpath: "jsx-runtime", alias: "react" }"#,
    );
    check(
        "/** @jsxImportSource npm:preact@10 */\nexport default <a/>",
        r#"main.tsx:1:1 npm:preact@10/jsx-runtime -> preact__10/jsx-runtime Npm { name: "preact", range: "10", subpath: "jsx-runtime", alias: "preact__10" }"#,
    );
    check(
        "/** @jsxImportSource preact */\nexport default <a/>",
        r"
main.tsx:1:1 preact/jsx-runtime -> = Bare
Error UNKNOWN_IMPORT main.tsx:1:1-1:1 `preact/jsx-runtime` is not a file, a package or an address
  hint: write `@jsxImportSource npm:preact`
",
    );
}

#[test]
fn other_schemes() {
    check(
        "import a from 'jsr:@zod/zod@4'; import b from 'https://esm.sh/x'; import c from 'node:fs';\nexport default [a, b, c]",
        r"
main.tsx:1:15 jsr:@zod/zod@4 -> = Jsr
main.tsx:1:47 https://esm.sh/x -> = Https
main.tsx:1:81 node:fs -> = Node
",
    );
}

#[test]
fn builtins_of_node_without_a_scheme() {
    check(
        "import fs from 'fs'; import p from 'fs/promises';\nexport default [fs, p]",
        r"
main.tsx:1:16 fs -> node:fs Node
main.tsx:1:36 fs/promises -> node:fs/promises Node
",
    );
}

#[test]
fn bare_names() {
    check(
        "import z from 'zod'; import r from 'react-dom/server';\nexport default [z, r]",
        r"
main.tsx:1:15 zod -> = Bare
main.tsx:1:36 react-dom/server -> = Bare
Error UNKNOWN_IMPORT main.tsx:1:15-1:20 `zod` is not a file, a package or an address
  hint: write `npm:zod`
Error UNKNOWN_IMPORT main.tsx:1:36-1:54 `react-dom/server` is not a file, a package or an address
  hint: write `npm:react-dom/server`
",
    );
    check(
        "import u from 'util.ts'; import v from '/util.ts'; import w from 'no such thing'\nexport default [u, v, w]\n--- util.ts\nexport {}",
        r"
main.tsx:1:15 util.ts -> = Bare
main.tsx:1:40 /util.ts -> = Bare
main.tsx:1:66 no such thing -> = Bare
Error UNKNOWN_IMPORT main.tsx:1:15-1:24 `util.ts` is not a file, a package or an address
  hint: write `./util.ts`
Error UNKNOWN_IMPORT main.tsx:1:40-1:50 `/util.ts` is not a file, a package or an address
  hint: write `./util.ts`
Error UNKNOWN_IMPORT main.tsx:1:66-1:81 `no such thing` is not a file, a package or an address
",
    );
    check(
        "import a from 'npm:'\nexport default a",
        r"
main.tsx:1:15 npm: -> = Bare
Error UNKNOWN_IMPORT main.tsx:1:15-1:21 `npm:` does not name a package
  hint: write `npm:name@version`, as in `npm:zod@4`
",
    );
}

#[test]
fn modules_of_the_town() {
    check(
        "import { vals } from 'thorp:vals'; import a from 'val:me/x'; import b from 'val:alice/x@new'; import c from 'thorp:other';\nexport default [vals, a, b, c]",
        r"
main.tsx:1:22 thorp:vals -> = Town
main.tsx:1:50 val:me/x -> = Bare
main.tsx:1:76 val:alice/x@new -> = Bare
main.tsx:1:109 thorp:other -> = Town
Error UNSUPPORTED_IMPORT main.tsx:1:22-1:34 imports of `thorp:vals` are not supported
  hint: the town's own module is `thorp:std`
Error UNKNOWN_IMPORT main.tsx:1:50-1:60 `val:me/x` names no user; `me` is for `@me`
  hint: write `val:user/name@version`, as in `val:alice/fetchJSON@3`
Error UNKNOWN_IMPORT main.tsx:1:76-1:93 `val:alice/x@new` has a version that is no number
  hint: write `val:user/name@version`, as in `val:alice/fetchJSON@3`
Error UNSUPPORTED_IMPORT main.tsx:1:109-1:122 imports of `thorp:other` are not supported
  hint: the town's own module is `thorp:std`
",
    );
}

#[test]
fn what_is_not_loaded() {
    check(
        "import a from 'val:alice/x@3'; import b from 'thorp:std'; import c from 'file:///etc/passwd' with { type: 'text' };\nimport d from 'data:text/javascript,export default 1'; import e from 'blob:x';\nexport default [a, b, c, d, e]",
        r#"
main.tsx:1:15 val:alice/x@3 -> ../../alice/x@3/+val.mjs Val { user: "alice", name: "x", version: Some(3), path: None }
main.tsx:1:46 thorp:std -> = Town
main.tsx:1:73 file:///etc/passwd -> = Bare
main.tsx:2:15 data:text/javascript,export default 1 -> = Bare
main.tsx:2:70 blob:x -> = Bare
Error UNSUPPORTED_IMPORT main.tsx:1:73-1:93 imports of `file:///etc/passwd` are not supported
  hint: put the text into a file of this val and import it as `./name`
Error UNSUPPORTED_IMPORT main.tsx:2:15-2:54 imports of `data:text/javascript,export default 1` are not supported
  hint: put the text into a file of this val and import it as `./name`
Error UNSUPPORTED_IMPORT main.tsx:2:70-2:78 imports of `blob:x` are not supported
  hint: put the text into a file of this val and import it as `./name`
"#,
    );
}

#[test]
fn files_of_the_val() {
    check_code(
        "import { a } from './lib/a.ts';\nimport data from './data.json' with { type: 'json' };\nimport text from './read.me' with { type: 'text' };\nexport default [a, data, text]\n--- lib/a.ts\nexport { b as a } from '../b.tsx?x#y';\n--- b.tsx\nexport const b: number = 1\n--- data.json\n{\"x\": 1}\n--- read.me\nhello\n--- types.d.ts\ndeclare const x: number;",
        r#"
--- main.tsx as main.tsx.mjs
import { a } from "./lib/a.ts.mjs";
import data from "./data.json" with { type: "json" };
import text from "./read.me" with { type: "text" };
export default [
  a,
  data,
  text
];
--- lib/a.ts as lib/a.ts.mjs
export { b as a } from "../b.tsx.mjs?x#y";
--- b.tsx as b.tsx.mjs
export const b = 1;
--- data.json as data.json
{"x": 1}
--- read.me as read.me
hello
"#,
    );
}

#[test]
fn dynamic_imports_of_files() {
    check_code(
        "export default async () => [await import('./a.ts'), await import('./d.json', { with: { type: 'json' } })]\n--- a.ts\nexport {}\n--- d.json\n1",
        r#"
--- main.tsx as main.tsx.mjs
export default async () => [await import("./a.ts.mjs"), await import("./d.json", { with: { type: "json" } })];
--- a.ts as a.ts.mjs
export {};
--- d.json as d.json
1
"#,
    );
    check(
        "export default (x: string) => import(x)",
        r#"
main.tsx:1:38  -> = Computed dynamic
Warning COMPUTED_IMPORT main.tsx:1:31-1:40 the name of this `import()` is only known when it runs
  hint: packages must also be imported by a literal name somewhere, as in `import("npm:zod")`
"#,
    );
}

#[test]
fn code_as_text() {
    check_code(
        "import a from './a.ts' with { type: 'text' };\nexport default a\n--- a.ts\nlet x: number",
        r#"
--- main.tsx as main.tsx.mjs
import a from "./a.ts" with { type: "text" };
export default a;
--- a.ts as a.ts.mjs
let x;
--- a.ts as a.ts
let x: number
"#,
    );
}

#[test]
fn files_that_are_not_there() {
    check(
        "import a from './utils';\nimport b from './libb/a.ts';\nimport c from './UTILS.ts';\nimport d from './q.ts';\nimport e from '../x.ts';\nexport default [a, b, c, d, e]\n--- utils.ts\nexport {}\n--- lib/a.ts\nexport {}",
        r"
main.tsx:1:15 ./utils -> = Relative
main.tsx:2:15 ./libb/a.ts -> = Relative
main.tsx:3:15 ./UTILS.ts -> = Relative
main.tsx:4:15 ./q.ts -> = Relative
main.tsx:5:15 ../x.ts -> = Relative
Error MISSING_FILE main.tsx:1:15-1:24 this val has no file `utils`
  hint: did you mean `./utils.ts`?
Error MISSING_FILE main.tsx:2:15-2:28 this val has no file `libb/a.ts`
  hint: did you mean `./lib/a.ts`?
Error MISSING_FILE main.tsx:3:15-3:27 this val has no file `UTILS.ts`
  hint: did you mean `./utils.ts`?
Error MISSING_FILE main.tsx:4:15-4:23 this val has no file `q.ts`
  hint: its other files are `./utils.ts`, `./lib/a.ts`
Error MISSING_FILE main.tsx:5:15-5:24 `../x.ts` is outside of this val
  hint: its other files are `./utils.ts`, `./lib/a.ts`
",
    );
    check(
        "import a from './a.ts';\nexport default a",
        r"
main.tsx:1:15 ./a.ts -> = Relative
Error MISSING_FILE main.tsx:1:15-1:23 this val has no file `a.ts`
  hint: it has no other file
",
    );
}

#[test]
fn data_must_say_what_it_is() {
    check(
        "import a from './a.json';\nimport b from './b.txt';\nexport default [a, b]\n--- a.json\n1\n--- b.txt\nx",
        r#"
main.tsx:1:15 ./a.json -> = Relative
main.tsx:2:15 ./b.txt -> = Relative
Error IMPORT_ATTRIBUTE main.tsx:1:15-1:25 `./a.json` is data, and the import does not say of which kind
  hint: add `with { type: "json" }` to the import
Error IMPORT_ATTRIBUTE main.tsx:2:15-2:24 `./b.txt` is data, and the import does not say of which kind
  hint: add `with { type: "text" }` to the import
"#,
    );
}

#[test]
fn errors_of_files_that_nobody_imports_are_warnings() {
    check_code(
        "export default 1\n--- notes.ts\nlet = ;",
        r"
export default 1;
Warning SYNTAX_ERROR notes.ts:1:7-1:8 Unexpected token
",
    );
    check_code(
        "import './notes.ts';\nexport default 1\n--- notes.ts\nlet x = ;",
        r#"
import "./notes.ts.mjs";
export default 1;
Error SYNTAX_ERROR notes.ts:1:9-1:10 Unexpected token
"#,
    );
}

//! Where findings stand, and what they advise.

use crate::support::{diagnostic, lines, same, val};
use thorp_lang::{Source, SourceFile, SourceKind, compile, limits};

#[track_caller]
fn check(text: &str, expected: &str) {
    let compiled = compile(&val(text));
    same(&lines(&compiled.diagnostics, diagnostic), expected);
}

#[test]
fn positions_count_characters() {
    check(
        "let x = ;",
        "Error SYNTAX_ERROR main.tsx:1:9-1:10 Unexpected token",
    );
    check(
        "/* 😀😀 */ let x = ;",
        "Error SYNTAX_ERROR main.tsx:1:18-1:19 Unexpected token",
    );
    check(
        "\tlet x = ;",
        "Error SYNTAX_ERROR main.tsx:1:10-1:11 Unexpected token",
    );
    check(
        "let a = 1;\r\nlet b = 2;\r\nlet x = ;",
        "Error SYNTAX_ERROR main.tsx:3:9-3:10 Unexpected token",
    );
    check(
        "let a = 1;\rlet x = ;",
        "Error SYNTAX_ERROR main.tsx:2:9-2:10 Unexpected token",
    );
    check(
        "let a = '\u{2028}';\u{2028}let x = ;",
        "Error SYNTAX_ERROR main.tsx:3:9-3:10 Unexpected token",
    );
    check(
        "\u{feff}let x = ;",
        "Error SYNTAX_ERROR main.tsx:1:9-1:10 Unexpected token",
    );
    check(
        "let x = 1;\nlet x = 2;\nexport default x",
        "Error SYNTAX_ERROR main.tsx:1:5-1:6 Identifier `x` has already been declared",
    );
}

#[test]
fn usual_mistakes() {
    check(
        "let x = @alice.rate *",
        r"
Error SYNTAX_ERROR main.tsx:1:22-1:22 Unexpected token
  hint: the text ends too early; look for a bracket or quote that is not closed
",
    );
    check(
        "export total == 1",
        r"
Error SYNTAX_ERROR main.tsx:1:8-1:13 Unexpected token
",
    );
}

#[test]
fn types_in_javascript() {
    check(
        "--- main.js\nexport default (x: number) => x",
        "Error SYNTAX_ERROR main.js:1:18-1:19 Expected `,` or `)` but found `:`",
    );
    check(
        "--- main.js\nimport type { A } from 'npm:x'; export default 1",
        "Error SYNTAX_ERROR main.js:1:13-1:14 Expected `from` but found `{`",
    );
}

#[test]
fn several_files() {
    check(
        "import './a.ts';\nimport './b.ts';\nlet x = ;\n--- a.ts\nlet = 1 1;\n--- b.ts\nlet 1",
        r"
Error SYNTAX_ERROR main.tsx:3:9-3:10 Unexpected token
Warning SYNTAX_ERROR a.ts:1:8-1:8 Expected a semicolon or an implicit semicolon after a statement, but found none
  hint: Try inserting a semicolon here
Warning SYNTAX_ERROR b.ts:1:5-1:6 Unexpected token
",
    );
    check(
        "import './b.ts';\nimport './a.ts';\nexport default 1\n--- a.ts\nlet y = ;\n--- b.ts\nlet z = ;",
        r"
Error SYNTAX_ERROR b.ts:1:9-1:10 Unexpected token
Error SYNTAX_ERROR a.ts:1:9-1:10 Unexpected token
",
    );
}

fn source(entry: &str, files: &[(&str, &str)]) -> Source {
    let file = |(path, text): &(&str, &str)| SourceFile {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    };
    Source {
        kind: SourceKind::Val,
        entry: entry.to_owned(),
        files: files.iter().map(file).collect(),
        author: None,
    }
}

#[track_caller]
fn check_source(source: &Source, expected: &str) {
    same(&lines(&compile(source).diagnostics, diagnostic), expected);
}

#[test]
fn paths() {
    let with = |path| source("main.ts", &[("main.ts", "export default 1"), (path, "")]);
    for path in ["a.ts", "lib/a-b_c.test.ts", "a/b/c/[id].tsx", "README.md"] {
        check_source(&with(path), "");
    }
    check_source(&with(""), "Error BAD_PATH :1:1-1:1 the path is empty");
    check_source(
        &with("/etc/passwd"),
        "Error BAD_PATH /etc/passwd:1:1-1:1 the path is not relative",
    );
    check_source(
        &with("../x.ts"),
        "Error BAD_PATH ../x.ts:1:1-1:1 the path has `.` or `..` in it",
    );
    check_source(
        &with("a/./x.ts"),
        "Error BAD_PATH a/./x.ts:1:1-1:1 the path has `.` or `..` in it",
    );
    check_source(
        &with("a//x.ts"),
        "Error BAD_PATH a//x.ts:1:1-1:1 the path has an empty name in it",
    );
    check_source(
        &with("a/"),
        "Error BAD_PATH a/:1:1-1:1 the path has an empty name in it",
    );
    check_source(
        &with("a\\b.ts"),
        r"Error BAD_PATH a\b.ts:1:1-1:1 the path has `\` in it, which is not allowed",
    );
    check_source(
        &with("a b.ts"),
        "Error BAD_PATH a b.ts:1:1-1:1 the path has ` ` in it, which is not allowed",
    );
    check_source(
        &with("é.ts"),
        "Error BAD_PATH é.ts:1:1-1:1 the path has `é` in it, which is not allowed",
    );
    check_source(
        &with("node_modules/zod/index.js"),
        "Error BAD_PATH node_modules/zod/index.js:1:1-1:1 `node_modules` and names that begin with `.` are taken",
    );
    check_source(
        &with(".env"),
        "Error BAD_PATH .env:1:1-1:1 `node_modules` and names that begin with `.` are taken",
    );
    check_source(
        &with("main.ts"),
        "Error BAD_PATH main.ts:1:1-1:1 two files have this path",
    );
    check_source(
        &with(&"x".repeat(201)),
        "Error BAD_PATH xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:1:1-1:1 the path is longer than 200 bytes",
    );
}

#[test]
fn entries() {
    check_source(
        &source("main.tsx", &[]),
        "Error MISSING_FILE main.tsx:1:1-1:1 there is no file `main.tsx`, which is the entry",
    );
    check_source(
        &source("main.tsx", &[("a.ts", "1")]),
        "Error MISSING_FILE main.tsx:1:1-1:1 there is no file `main.tsx`, which is the entry",
    );
    check_source(
        &source("data.json", &[("data.json", "1")]),
        r"
Error BAD_PATH data.json:1:1-1:1 `data.json` cannot be the entry
  hint: the entry is a `.tsx`, `.ts`, `.mts`, `.jsx`, `.js` or `.mjs` file
",
    );
}

#[test]
fn sizes() {
    let text = " ".repeat(limits::SOURCE_BYTES_MAX + 1);
    check_source(
        &source("main.ts", &[("main.ts", &text)]),
        "Error TOO_LARGE main.ts:1:1-1:1 2097153 bytes are more than the 2097152 allowed",
    );
    let names: Vec<String> = (0..=limits::FILES_MAX)
        .map(|n| format!("a{n}.ts"))
        .collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    check_source(
        &source("a0.ts", &files),
        "Error TOO_LARGE a0.ts:1:1-1:1 101 files are more than the 100 allowed",
    );
    let many = "let x = 1;".repeat(limits::DIAGNOSTICS_MAX * 3);
    let found = compile(&source("main.ts", &[("main.ts", &many)]));
    assert_eq!(found.diagnostics.len(), limits::DIAGNOSTICS_MAX);
}

#[test]
fn imports_are_bounded() {
    let import = |n| format!("import \"npm:a{n}\";\n");
    let all: String = (0..limits::IMPORTS_MAX).map(import).collect();
    let fits = compile(&val(&format!("{all}export default 1;")));
    assert_eq!(fits.facts.imports.len(), limits::IMPORTS_MAX);
    same(&lines(&fits.diagnostics, diagnostic), "");
    let more = compile(&val(&format!(
        "{all}{}export default 1;",
        import(7) + &import(8)
    )));
    assert_eq!(more.facts.imports.len(), limits::IMPORTS_MAX);
    same(
        &lines(&more.diagnostics, diagnostic),
        r"
Error TOO_LARGE main.tsx:1001:8-1001:8 more imports than the 1000 allowed
  hint: gather what belongs together in a package, and import that
",
    );
}

#[test]
fn an_error_is_not_lost_behind_warnings() {
    let warnings = "import(name);".repeat(limits::DIAGNOSTICS_MAX);
    let compiled = compile(&val(&format!(
        "{warnings} import \"nowhere\"; export default 1;"
    )));
    assert_eq!(compiled.diagnostics.len(), limits::DIAGNOSTICS_MAX);
    assert_eq!(compiled.diagnostics[0].code, "UNKNOWN_IMPORT");
}

#[test]
fn nesting_is_refused_before_it_overflows() {
    let deep = "(".repeat(limits::NESTING_MAX + 1);
    check_source(
        &source("main.ts", &[("main.ts", &deep)]),
        r"
Error TOO_COMPLEX main.ts:1:1-1:1 the program is too complex to compile
  hint: split it into smaller functions, or move data that is nested deeply into JSON text
",
    );
}

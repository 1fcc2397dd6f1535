//! The classic dialect: programs by subject in `classic/*.txt`, a line `%` between two, and what
//! they become in `snapshots`.

use std::fmt::Write;

use thorp_lang::{Compiled, Dialect, Facts, Reference, Source, SourceFile, StackMapper, compile};

use crate::support::{code, lines, same};

fn reference(r: &Reference) -> String {
    format!(
        "{}:{} {}/{} {:?}",
        r.line, r.column, r.user, r.name, r.position
    )
}

/// All that is known of a program, in a few lines.
fn known(compiled: &Compiled) -> String {
    let Facts {
        dialect,
        value,
        references,
        secrets,
        ..
    } = &compiled.facts;
    let mut out = code(compiled);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    let references: Vec<String> = references.iter().map(reference).collect();
    writeln!(
        out,
        "=> {dialect:?}, value {value:?}; {}",
        references.join(", ")
    )
    .unwrap();
    if !secrets.is_empty() || compiled.facts.computed_secret {
        let computed = if compiled.facts.computed_secret {
            " and computed"
        } else {
            ""
        };
        writeln!(out, "=> secrets {}{computed}", secrets.join(", ")).unwrap();
    }
    out
}

fn corpus(programs: &str) -> String {
    let programs = programs.trim_end().split("\n%\n");
    let show = |program| {
        let compiled = compile(&Source::val(program).by("Alice"));
        format!("########\n{program}\n--------\n{}", known(&compiled))
    };
    programs.map(show).collect()
}

macro_rules! corpora {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            let programs = include_str!(concat!("classic/", stringify!($name), ".txt"));
            insta::assert_snapshot!(stringify!($name), corpus(programs));
        })*

        #[test]
        fn there_are_many_programs() {
            let texts = [$(include_str!(concat!("classic/", stringify!($name), ".txt"))),*];
            let count: usize = texts.iter().map(|text| text.split("\n%\n").count()).sum();
            assert!(count >= 200, "{count}");
        }
    };
}

corpora!(
    reads, calls, writes, jsx, left_alone, values, secrets, mistakes
);

#[track_caller]
fn check_expression(text: &str, expected: &str) {
    let compiled = compile(&Source::expression(text).by("alice"));
    let found = format!(
        "{:?} {}\n{}",
        compiled.form,
        compiled.facts.uses_vals,
        code(&compiled)
    );
    same(&found, expected);
}

#[test]
fn expressions_that_name_vals_are_files() {
    check_expression(
        "@me.total + 1",
        r#"
Module true
export default vals.get("alice/total") + 1;
import { vals } from "thorp:vals";
"#,
    );
    check_expression("1 + 1", "Body false\nreturn 1 + 1;");
    check_expression("'@me.x'", "Body false\nreturn \"@me.x\";");
    check_expression(
        "@me.total = 1;",
        "Module true\nexport default vals.at(\"alice/total\").value = 1;\nimport { vals } from \"thorp:vals\";",
    );
    check_expression(
        "(await import('npm:zod@4')).z.parse(@me.x)",
        r#"
Module true
export default (await import("zod__4")).z.parse(vals.get("alice/x"));
import { vals } from "thorp:vals";
"#,
    );
    check_expression(
        "export default @me.x",
        "Module true\nexport default vals.get(\"alice/x\");\nimport { vals } from \"thorp:vals\";",
    );
    check_expression(
        "let x = @me.x; x",
        "Body false\nError SYNTAX_ERROR eval:1:14-1:15 Unexpected token\n  hint: `eval` takes one expression; wrap statements in a function, or use `export default`",
    );
}

#[test]
fn nobody_has_no_vals() {
    let check =
        |text: &str, expected: &str| same(&code(&compile(&Source::expression(text))), expected);
    check(
        "[@me.x, @me.secrets.a, @me.f?.()]",
        "export default [\n  void 0,\n  void 0,\n  (void 0)?.()\n];\nimport { vals } from \"thorp:vals\";",
    );
    check(
        "@me.x = 1",
        "Error BAD_REFERENCE eval:1:1-1:6 `@me.x` is nobody's, and cannot be written\n  hint: sign in, or save this as a val; `@me` is the user who runs or saves it",
    );
    check(
        "@bob.x",
        "export default vals.get(\"bob/x\");\nimport { vals } from \"thorp:vals\";",
    );
}

#[test]
fn vals_named_through_the_towns_module() {
    let text = "import { me, val as v, api } from 'thorp:std';\nexport default async (n) => [await me.get('a'), me.set(\"b\", 1), me.update(`c`, f), v('@bob/x@3'), v('@me/y'), api('@bob/f'), me.get(n), me.other('z')]";
    let compiled = compile(&Source::val(text).by("alice"));
    let facts = &compiled.facts;
    let found = lines(&facts.references, |r| {
        format!("{} {:?}", reference(r), r.version)
    });
    same(
        &found,
        "2:36 alice/a Read None\n2:49 alice/b Write None\n2:65 alice/c Change None\n2:84 bob/x Read Some(3)\n2:99 alice/y Read None\n2:111 bob/f Api None",
    );
    assert!(facts.computed_reference && !facts.uses_vals && facts.dialect == Dialect::Standard);
}

#[test]
fn any_file_may_be_classic() {
    let text = |path: &str, text: &str| SourceFile {
        path: path.into(),
        text: text.into(),
    };
    let mut source =
        Source::val("import { f } from './a.ts'; export default () => f()").by("alice");
    source.files.push(text("a.ts", "export f = () => @me.x"));
    source.files.push(text("b.ts", "return @me.x"));
    let compiled = compile(&source);
    assert_eq!(compiled.facts.dialect, Dialect::Classic);
    let broken = lines(&compiled.diagnostics, crate::support::diagnostic);
    assert!(
        compiled.is_runnable() && broken.starts_with("Warning SYNTAX_ERROR b.ts:1:1"),
        "{broken}"
    );
    assert_eq!(compiled.facts.references[0].file, "a.ts");
}

/// Where `needle` stands, as V8 counts: from 1, columns in UTF-16 units.
fn place(text: &str, needle: &str) -> String {
    let before = &text[..text.find(needle).unwrap()];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    format!("{line}:{}", before[start..].encode_utf16().count() + 1)
}

#[test]
fn stacks_point_at_the_users_text() {
    let text = "// é\nexport total = async (n: number) => {\n  const a = @me . total + @bob.rate;\n  return@me.f(boom(a))\n}";
    let compiled = compile(&Source::val(text).by("alice"));
    let made = &compiled.modules[0].code;
    let stack = |needle: &str| {
        let at = place(made, needle);
        let stack = format!("Error: x\n    at total (file:///run/x/main.tsx.mjs:{at})");
        let mapper = StackMapper::modules(&compiled.modules, "file:///run/x");
        mapper.map(&stack).lines().last().unwrap().trim().to_owned()
    };
    assert_eq!(
        stack("vals.get(\"alice/total\")"),
        "at total (main.tsx:3:13)"
    );
    assert_eq!(stack("vals.get(\"bob/rate\")"), "at total (main.tsx:3:27)");
    assert_eq!(stack("vals.get(\"alice/f\""), "at total (main.tsx:4:9)");
    assert_eq!(stack("boom"), "at total (main.tsx:4:15)");
}

#[test]
fn stacks_of_expressions_and_called_bodies() {
    let expression = compile(&Source::expression("[1,\n @me.x, boom()]").by("alice"));
    let at = place(&expression.modules[0].code, "boom");
    let (line, column) = at.split_once(':').unwrap();
    let line: u32 = line.parse::<u32>().unwrap() + 2;
    let stack = format!("Error: x\n    at eval (thorp:eval, <anonymous>:{line}:{column})");
    let mapped = StackMapper::body(&expression.modules, "thorp:eval", 2).map(&stack);
    assert!(mapped.ends_with("eval:2:9"), "{mapped}");
    let body =
        compile(&Source::val("const a = @me.x;\nconst b = 1;\nreturn boom(a, b)").by("alice"));
    let at = place(&body.modules[0].code, "boom");
    let stack = format!("Error: x\n    at file:///run/x/main.tsx.mjs:{at}");
    let mapped = StackMapper::modules(&body.modules, "file:///run/x").map(&stack);
    assert!(mapped.ends_with("main.tsx:3:8"), "{mapped}");
}

#[test]
fn hostile_texts_end() {
    let chains = "@a.b".repeat(1024);
    let errors = "let = @a.b; ".repeat(340);
    let classes = format!("class {}", "@a.b @c.d ".repeat(400));
    let many = "@a.b;".repeat(5000);
    let gaps = format!("@a{}", "/* */.@a".repeat(500));
    for text in [chains, errors, classes, many, gaps] {
        let compiled = compile(&Source::val(text.clone()).by("alice"));
        assert!(!compiled.is_runnable(), "{}", &text[..40]);
        assert!(compiled.facts.references.len() <= thorp_lang::limits::REFERENCES_MAX);
    }
}

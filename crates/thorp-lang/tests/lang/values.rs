//! Which value a val gives, and what it is called.

use crate::support::{same, val};
use thorp_lang::{Severity, compile};

#[track_caller]
fn check(text: &str, expected: &str) {
    let compiled = compile(&val(text));
    let facts = &compiled.facts;
    let name = facts.declared_name.as_deref().unwrap_or("-");
    let last = compiled.modules.first().and_then(|m| m.code.lines().last());
    let mut found = format!(
        "{:?} {name} {:?} {}",
        facts.value,
        facts.exports,
        last.unwrap_or("-")
    );
    for diagnostic in &compiled.diagnostics {
        assert_eq!(diagnostic.severity, Severity::Warning);
        found += &format!("\n{} {}", diagnostic.code, diagnostic.message);
    }
    same(&found, expected);
}

#[test]
fn default_export() {
    check(
        "export default function foo() {}\nexport const a = 1",
        r#"Default foo ["default", "a"] export const a = 1;"#,
    );
    check(
        "export default class {}",
        r#"Default - ["default"] export default class {}"#,
    );
    check(
        "const foo = 1;\nexport default foo",
        r#"Default foo ["default"] export default foo;"#,
    );
    check(
        "const foo = 1;\nexport { foo as default }",
        r#"Default foo ["default"] export { foo as default };"#,
    );
    check(
        "export { default } from 'npm:x'",
        r#"Default - ["default"] export { default } from "x";"#,
    );
}

#[test]
fn only_named_export() {
    check(
        "export const a = 1",
        r#"Named("a") a ["a"] export const a = 1;"#,
    );
    check(
        "export type T = 1;\nexport interface U {}\nexport function f() {}",
        r#"Named("f") f ["f"] export function f() {}"#,
    );
    check("export enum E { A }", r#"Named("E") E ["E"] }({});"#);
    check(
        "export * as ns from 'npm:x'",
        r#"Named("ns") ns ["ns"] export * as ns from "x";"#,
    );
    check(
        "type T = 1; const v = 1;\nexport { v, type T }",
        r#"Named("v") v ["v"] export { v };"#,
    );
}

#[test]
fn no_export() {
    check(
        "let hello = \"x\"",
        r#"Named("hello") hello ["hello"] export { hello };"#,
    );
    check(
        "import type { T } from 'npm:x';\nlet hello: T = \"x\"",
        r#"Named("hello") hello ["hello"] export { hello };"#,
    );
    check(
        "function f() {}\nf()",
        r#"Named("f") f ["f"] export { f };"#,
    );
    check("class C {}", r#"Named("C") C ["C"] export { C };"#);
    check(
        "const { a } = { a: 1 }",
        r#"Named("a") a ["a"] export { a };"#,
    );
    check(
        "(x) => x",
        r#"Default - ["default"] export default (x) => x;"#,
    );
    check(
        "import x from 'npm:x';\nx(1)",
        r#"Default - ["default"] export default x(1);"#,
    );
    check(
        "\"hello\"",
        r#"Default - ["default"] export default "hello";"#,
    );
    check("{ \"a\": 1, \"b\": 2 }", r#"Default - ["default"] };"#);
    check("function (x) { return x }", r#"Default - ["default"] });"#);
}

#[test]
fn missing() {
    check(
        "export const a = 1, b = 2",
        r#"
Missing - ["a", "b"] export const a = 1, b = 2;
NO_VALUE `main.tsx` needs a default export or exactly one named export; it exports `a`, `b`
"#,
    );
    check(
        "let a = 1; let b = 2",
        r"
Missing - [] let b = 2;
NO_VALUE `main.tsx` needs a default export or exactly one named export; it exports nothing
",
    );
    check(
        "console.log(1); console.log(2)",
        r"
Missing - [] console.log(2);
NO_VALUE `main.tsx` needs a default export or exactly one named export; it exports nothing
",
    );
    check(
        "",
        r"
Missing - [] -
NO_VALUE `main.tsx` needs a default export or exactly one named export; it exports nothing
",
    );
    check(
        "export {}",
        r"
Missing - [] export {};
NO_VALUE `main.tsx` needs a default export or exactly one named export; it exports nothing
",
    );
    check(
        "export * from 'npm:x'",
        r#"
Missing - [] export * from "x";
NO_VALUE `main.tsx` needs a default export or exactly one named export; it exports nothing
"#,
    );
    check(
        "export type T = 1",
        r"
Missing - [] export {};
NO_VALUE `main.tsx` needs a default export or exactly one named export; it exports nothing
",
    );
}

#[track_caller]
fn check_facts(text: &str, expected: &str) {
    let facts = compile(&val(text)).facts;
    let (awaits, jsx) = (facts.top_level_await, facts.uses_jsx);
    let found = format!("{:?} await={awaits} jsx={jsx}", facts.secrets);
    same(&found, expected);
}

#[test]
fn secrets_awaiting_and_jsx_are_facts() {
    check_facts(
        "export default Deno.env.get('B') + Deno.env.get(`A`) + process.env.C + process.env['D'] + process.env[x] + Deno.env.get(y) + Deno?.env.get('E')",
        r#"["A", "B", "C", "D", "E"] await=false jsx=false"#,
    );
    check_facts(
        "import p, { env as e } from 'node:process'; const { F, 'G': g } = process.env; const { H } = Deno.env.toObject(); export default [Deno.env.has('I'), 'J' in process.env, e.K, p.env.L, Deno.env.toObject().M, env.N]",
        r#"["F", "G", "H", "I", "J", "K", "L", "M"] await=false jsx=false"#,
    );
    check_facts("export default await 1", "[] await=true jsx=false");
    check_facts(
        "export default async () => await 1",
        "[] await=false jsx=false",
    );
    check_facts(
        "for await (const x of y) {}\nexport default 1",
        "[] await=true jsx=false",
    );
    check_facts("export default <a/>", "[] await=false jsx=true");
}

#[test]
fn what_may_be_data() {
    let cases = [
        ("let x = 1", true),
        ("export default [1, { a: await fetch('x') }]", true),
        ("let x = Math.random()", true),
        ("const a = 1; export { a as default }", true),
        ("{ a: 1, b: { c: `x` } }", true),
        ("export const { a } = f()", true),
        ("let x = () => 1", false),
        ("export default async function () {}", false),
        ("export default class {}", false),
        ("export default { fetch() {} }", false),
        ("export default { a: { b: () => 1 } }", false),
        ("const app = new Hono(); export default app", false),
        ("export { x } from './y'", false),
        ("export const a = 1; export const b = 2", false),
        ("let x", false),
    ];
    for (text, expected) in cases {
        assert_eq!(compile(&val(text)).facts.may_be_data, expected, "{text}");
    }
}

//! `Deno` and `process` of own modules.

use crate::support::val;
use thorp_lang::{Source, compile};

/// The first line of the compiled entry if it is an import of the guest's, or nothing.
#[track_caller]
fn check(text: &str, expected: &str) {
    let compiled = compile(&val(text));
    assert_eq!(compiled.diagnostics, [], "{text}");
    let code = &compiled.modules[0].code;
    let first = code.lines().find(|line| line.contains("thorp:"));
    assert_eq!(first.unwrap_or_default(), expected, "{code}");
}

#[test]
fn a_module_that_speaks_of_env_has_them_lexically() {
    let deno = r#"import { Deno } from "thorp:env";"#;
    let process = r#"import { process } from "thorp:env";"#;
    check("export default Deno.env.get('A')", deno);
    check("export default () => process.env.A", process);
    check("const { env } = process; export default env.A", process);
    check(
        "export default [Deno.env, process.env]",
        r#"import { Deno, process } from "thorp:env";"#,
    );
    check(
        "const f = (process) => process.env; export default [f, process.env]",
        process,
    );
}

#[test]
fn a_module_that_does_not_or_has_its_own_is_left_alone() {
    for text in [
        "export default Deno.version",
        "export default process.pid",
        "export default (process) => process.env.A",
        "const Deno = { env: 1 }; export default Deno.env",
        "import process from 'npm:process'; export default process.env.A",
        "export default 'Deno.env'",
    ] {
        check(text, "");
    }
}

#[test]
fn node_process_is_the_guests() {
    check(
        "import process from 'node:process'; export default process.env.A",
        r#"import process from "thorp:process";"#,
    );
    check(
        "export { env } from 'process';\nexport default 1",
        r#"export { env } from "thorp:process";"#,
    );
}

#[test]
fn an_expression_has_them_from_the_guest() {
    let code = |text: &str| compile(&Source::expression(text)).modules[0].code.clone();
    assert!(!code("Deno.env.get('A')").contains("thorp:"));
    let module = code("import 'node:fs'; export default Deno.env.get('A')");
    assert!(
        module.contains(r#"import { Deno } from "thorp:env";"#),
        "{module}"
    );
    let module = code("(await import('node:fs')) && process.env.A");
    assert!(
        module.contains(r#"import { process } from "thorp:env";"#),
        "{module}"
    );
}

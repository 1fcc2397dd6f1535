//! What cannot be had: the val is saved all the same, and says which import is to blame.

use crate::origin::Origin;
use crate::registry::{Package, publish_jsr, publish_npm};
use crate::support::{diagnostics, eval, run, save, save_again, town_of, value};
use serde_json::json;

const UNAVAILABLE: &str = "DEPENDENCY_UNAVAILABLE";

fn registry() -> Origin {
    let origin = Origin::start();
    publish_npm(&origin, &[shape("1.0.0")]);
    publish_jsr(
        &origin,
        "@town/greet",
        &[(
            "1.0.0",
            json!({ ".": "./mod.ts" }),
            &[("/mod.ts", "export default 1;")],
        )],
    );
    origin.put_typescript("/a.ts", "import './gone.ts';");
    origin
}

fn shape(version: &str) -> Package<'_> {
    Package {
        name: "shape",
        version,
        manifest: json!({ "type": "module" }),
        files: &[("index.js", "export default 'shape';")],
    }
}

#[test]
fn the_import_that_is_to_blame_is_pointed_at() {
    let origin = registry();
    let town = town_of(&origin);
    let url = origin.url();
    let imports = [
        ("npm:missing@1", "npm package 'missing' does not exist"),
        (
            "npm:shape@99",
            "Could not find npm package 'shape' matching '99'",
        ),
        ("jsr:@town/none@1", "JSR package not found: @town/none"),
        (
            "jsr:@town/greet@7",
            "Could not find version of '@town/greet' that matches specified version constraint '7'",
        ),
        (
            "jsr:@town/greet@1/nothing",
            "Unknown export './nothing' for '@town/greet@1.0.0'. Package exports:",
        ),
        (
            &format!("{url}/none.ts"),
            &format!("Module not found \"{url}/none.ts\""),
        ),
        (
            &format!("{url}/a.ts"),
            &format!("Module not found \"{url}/gone.ts\". at {url}/a.ts:1:8"),
        ),
    ];
    for (at, (specifier, reason)) in imports.into_iter().enumerate() {
        let code = format!(
            "import \"npm:shape@1\";\nimport \"jsr:@town/greet@1\";\n\nimport \"{specifier}\";\nexport default 1;"
        );
        let val = save(&town, &format!("broken{at}"), &code);
        assert_eq!(diagnostics(&val), [(4, UNAVAILABLE.to_owned())], "{val:#}");
        let message = format!("`{specifier}` cannot be had: {reason}");
        assert_eq!(val["diagnostics"][0]["message"], json!(message));
        let refused = run(&town, &val).expect(422);
        assert_eq!(refused["error"]["code"], json!(UNAVAILABLE));
        assert_eq!(refused["error"]["diagnostics"], val["diagnostics"]);
    }
}

#[test]
fn a_later_save_fixes_it_as_soon_as_the_version_is_published() {
    let origin = registry();
    let town = town_of(&origin);
    let code = "import shape from \"npm:shape@2\";\nexport default shape;";
    let val = save(&town, "fixed", code);
    assert_eq!(diagnostics(&val), [(1, UNAVAILABLE.to_owned())]);
    publish_npm(&origin, &[shape("1.0.0"), shape("2.0.0")]);
    let val = save_again(&town, &val, code);
    assert_eq!(value(&town, &val), json!("shape"));
}

#[test]
fn a_registry_that_is_gone_spoils_no_save() {
    let mut origin = registry();
    let town = town_of(&origin);
    origin.stop();
    let val = save(
        &town,
        "offline",
        "\nimport \"npm:shape@1\";\nexport default 1;",
    );
    assert_eq!(diagnostics(&val), [(2, UNAVAILABLE.to_owned())]);
    assert!(!val.to_string().contains("file://"), "{val:#}");
    assert_eq!(run(&town, &val).status, 422);
}

#[test]
fn expressions_are_refused_with_the_reason() {
    let origin = registry();
    let town = town_of(&origin);
    let refused = eval(&town, town.token(), "import(\"npm:missing@1\")").expect(422);
    assert_eq!(refused["error"]["code"], json!(UNAVAILABLE));
}

#[test]
fn a_version_imports_at_most_200_packages() {
    let origin = registry();
    let town = town_of(&origin);
    let asked = origin.asked();
    let imports: String = (0..=200)
        .map(|at| format!("import \"npm:shape{at}@1\";\n"))
        .collect();
    let val = save(&town, "many", &format!("{imports}export default 1;"));
    assert_eq!(diagnostics(&val), [(1, "DEPENDENCY_TOO_LARGE".to_owned())]);
    assert_eq!(run(&town, &val).status, 422);
    assert_eq!(origin.asked(), asked);
}

//! `npm:` packages.

use crate::origin::Origin;
use crate::registry::{Package, publish_npm};
use crate::support::{resolved, run, save, save_again, save_aloud, town_of, value};
use serde_json::json;
use thorp_testkit::TestTown;

/// A registry with an ES module that has a subpath, in two majors; a CommonJS package; a scoped one; and `react`.
fn registry() -> Origin {
    let origin = Origin::start();
    let shape = |version, text| Package {
        name: "shape",
        version,
        manifest: json!({ "type": "module", "exports": { ".": "./index.js", "./mini": "./mini.js" } }),
        files: text,
    };
    publish_npm(
        &origin,
        &[
            shape(
                "3.9.0",
                &[("index.js", "export const major = 3;"), ("mini.js", "")],
            ),
            shape(
                "4.0.1",
                &[
                    ("index.js", "export const major = 4;"),
                    ("mini.js", "export default 'mini';"),
                ],
            ),
        ],
    );
    publish_npm(
        &origin,
        &[Package {
            name: "old-style",
            version: "1.0.0",
            manifest: json!({ "main": "main.cjs", "dependencies": { "@town/inner": "^2" } }),
            files: &[(
                "main.cjs",
                "const inner = require('@town/inner'); module.exports = (x) => inner + x; module.exports.named = 7;",
            )],
        }],
    );
    publish_npm(
        &origin,
        &[Package {
            name: "@town/inner",
            version: "2.1.0",
            manifest: json!({}),
            files: &[("index.js", "module.exports = 'inner ';")],
        }],
    );
    publish_npm(
        &origin,
        &[Package {
            name: "react",
            version: "19.0.0",
            manifest: json!({ "type": "module", "exports": { "./jsx-runtime": "./jsx.js" } }),
            files: &[(
                "jsx.js",
                "export const jsx = (type, props) => ({ type, props }); export const jsxs = jsx; export const Fragment = '';",
            )],
        }],
    );
    origin
}

#[test]
fn packages_of_all_kinds_are_imported_and_no_run_asks_the_registry() {
    let mut origin = registry();
    let town = town_of(&origin);
    let code = r#"
        import { major } from "npm:shape@4";
        import { major as old } from "npm:shape@^3";
        import mini from "npm:shape@4/mini";
        import call, { named } from "npm:old-style";
        import inner from "npm:@town/inner@2";
        const later = (await import("npm:shape@4")).major;
        export default () => [major, old, mini, call("x"), named, inner, later, <b id="1">x</b>];
    "#;
    let val = save(&town, "all", code);
    origin.stop();
    assert_eq!(
        value(&town, &val),
        json!([4, 3, "mini", "inner x", 7, "inner ", 4, { "type": "b", "props": { "id": "1", "children": "x" } }])
    );
    let mut stands_for = resolved(&val);
    stands_for.retain(|(specifier, _)| !specifier.contains("react"));
    assert_eq!(
        stands_for,
        [
            ("npm:@town/inner@2", "@town/inner@2.1.0"),
            ("npm:old-style", "old-style@1.0.0"),
            ("npm:shape@4", "shape@4.0.1"),
            ("npm:shape@4/mini", "shape@4.0.1"),
            ("npm:shape@^3", "shape@3.9.0"),
        ]
    );
}

#[test]
fn packages_of_the_usual_registry_are_imported() {
    let town = TestTown::start();
    let code = r#"
        import { z } from "npm:zod@4";
        import { z as old } from "npm:zod@3";
        import * as mini from "npm:zod@4/mini";
        import lodash from "npm:lodash@4";
        import { encode } from "npm:@msgpack/msgpack@3";
        export default async () => {
          const { z: later } = await import("npm:zod@4");
          return [
            z.string().parse("a"), old.number().parse(1), mini.boolean().parse(true),
            lodash.chunk([1, 2, 3], 2), encode(null).length, later === z,
          ];
        };
    "#;
    let val = save(&town, "usual", code);
    assert_eq!(
        value(&town, &val),
        json!(["a", 1, true, [[1, 2], [3]], 1, true])
    );
}

#[test]
fn an_old_version_keeps_its_packages_when_it_is_restored() {
    let mut origin = registry();
    let town = town_of(&origin);
    let code = |range: &str| {
        format!("import {{ major }} from \"npm:shape@{range}\"; export default major;")
    };
    let first = save(&town, "kept", &code("3"));
    let second = save_again(&town, &first, &code("4"));
    assert_eq!(value(&town, &second), json!(4));
    origin.stop();
    let path = format!(
        "/v1/vals/{}/versions/0/restore",
        first["id"].as_str().unwrap()
    );
    let restored = town.post(&path, town.token(), "{}").expect(201);
    assert_eq!(restored["version"], json!(2));
    assert_eq!(resolved(&restored), [("npm:shape@3", "shape@3.9.0")]);
    assert_eq!(run(&town, &restored).expect(200), json!(3));
}

#[test]
fn a_save_tells_what_it_downloads() {
    let origin = registry();
    let town = town_of(&origin);
    let code = "import x from 'npm:@town/inner@2'; export default x;";
    let (steps, val) = save_aloud(&town, town.token(), "told", code);
    for step in [
        "compile: compiling `main.tsx`",
        "resolve: resolving packages",
        "download: @town/inner 2.1.0",
        "save: saving",
    ] {
        assert!(steps.contains(&step.to_owned()), "{steps:#?}");
    }
    assert_eq!(value(&town, &val), json!("inner "));
}

//! `https:` and `jsr:` modules. A run downloads nothing: every registry here is gone before the first.

use crate::origin::{Origin, Page};
use crate::registry::{Package, publish_jsr, publish_npm};
use crate::support::{eval, resolved, run, save, town_of, value};
use serde_json::json;
use thorp_testkit::TestTown;
use thorp_town::Rules;

fn web() -> Origin {
    let origin = Origin::start();
    origin.put_typescript(
        "/lib/main.ts",
        "import { add } from './deep/add.ts'; import { two } from '../two.js'; export default (n: number): number => add(n, two);",
    );
    origin.put_typescript(
        "/lib/deep/add.ts",
        "export const add = (a: number, b: number) => a + b;",
    );
    origin.put(
        "/two.js",
        Page::Body("text/javascript", "export const two = 2;".into()),
    );
    origin.put("/latest.ts", Page::Redirect("/lib/main.ts".to_owned()));
    origin
}

#[test]
fn modules_of_the_web_are_imported_with_what_they_import() {
    let mut origin = web();
    let url = origin.url();
    let address = url.trim_start_matches("http://").to_owned();
    // The usual registries: the host of the modules is known for nothing else, and allowed by a rule.
    let town = TestTown::start_with(move |config| {
        config.egress = Rules::parse(&[address], &[]).unwrap();
    });
    let code = format!(
        "import add from \"{url}/latest.ts\";\nconst later = await import(\"{url}/two.js\");\nexport default () => add(40) * later.two;"
    );
    let val = save(&town, "web", &code);
    origin.stop();
    assert_eq!(value(&town, &val), json!(84));
    assert_eq!(
        resolved(&val),
        [
            (
                format!("{url}/latest.ts").as_str(),
                format!("{url}/lib/main.ts").as_str()
            ),
            (
                format!("{url}/two.js").as_str(),
                format!("{url}/two.js").as_str()
            ),
        ]
    );
}

#[test]
fn jsr_packages_are_imported_in_the_version_of_the_save() {
    let mut origin = Origin::start();
    let greet = |text: &'static str| ("/mod.ts", text);
    publish_jsr(
        &origin,
        "@town/greet",
        &[
            (
                "1.0.0",
                json!({ ".": "./mod.ts" }),
                &[greet("export const version: string = 'one';")],
            ),
            (
                "1.1.0",
                json!({ ".": "./mod.ts", "./deep": "./deep.ts" }),
                &[
                    greet("import { word } from './deep.ts'; export const version: string = word;"),
                    ("/deep.ts", "export const word: string = 'newer';"),
                ],
            ),
        ],
    );
    let town = town_of(&origin);
    let code = "import { version } from \"jsr:@town/greet@1\"; import { word } from \"jsr:@town/greet@1/deep\";\n\
        export default async () => [version, word, (await import(\"jsr:@town/greet@1\")).version, Deno.env.get(\"JSR_URL\") ?? null];";
    let val = save(&town, "greeting", code);
    origin.stop();
    assert_eq!(value(&town, &val), json!(["newer", "newer", "newer", null]));
    assert_eq!(
        resolved(&val),
        [
            ("jsr:@town/greet@1", "@town/greet@1.1.0"),
            ("jsr:@town/greet@1/deep", "@town/greet@1.1.0"),
        ]
    );
}

#[test]
fn two_ranges_of_a_jsr_package_run_in_any_order() {
    let mut origin = Origin::start();
    let files = |text: &'static str| [("/mod.ts", text)];
    publish_jsr(
        &origin,
        "@town/greet",
        &[
            (
                "1.0.0",
                json!({ ".": "./mod.ts" }),
                &files("export const version: string = 'one';"),
            ),
            (
                "1.1.0",
                json!({ ".": "./mod.ts" }),
                &files("export const version: string = 'newer';"),
            ),
        ],
    );
    let town = town_of(&origin);
    let first = "import { version as a } from \"jsr:@town/greet@^1\";";
    let second = "import { version as b } from \"jsr:@town/greet@1.0.0\";";
    let later =
        "export default async () => [a, b, (await import(\"jsr:@town/greet@~1.0.0\")).version];";
    let one = save(&town, "one", &format!("{first}\n{second}\n{later}"));
    let other = save(&town, "other", &format!("{second}\n{first}\n{later}"));
    let dynamic = "export default async () => [(await import(\"jsr:@town/greet@^1\")).version, (await import(\"jsr:@town/greet@1.0.0\")).version];";
    let dynamic = save(&town, "dynamic", dynamic);
    origin.stop();
    // All agree on the one version that meets every range, whichever is asked for first.
    assert_eq!(value(&town, &one), json!(["one", "one", "one"]));
    assert_eq!(value(&town, &other), json!(["one", "one", "one"]));
    assert_eq!(value(&town, &dynamic), json!(["one", "one"]));
}

#[test]
fn modules_of_the_web_may_import_packages() {
    let mut origin = web();
    publish_npm(
        &origin,
        &[Package {
            name: "tripler",
            version: "1.2.0",
            manifest: json!({ "type": "module" }),
            files: &[("index.js", "export default (n) => n * 3;")],
        }],
    );
    publish_jsr(
        &origin,
        "@town/uses",
        &[(
            "0.1.0",
            json!({ ".": "./mod.ts" }),
            &[(
                "/mod.ts",
                "import triple from 'npm:tripler@^1.0.0'; export const nine: number = triple(3);",
            )],
        )],
    );
    origin.put_typescript(
        "/uses.ts",
        "import triple from 'npm:tripler@1'; export default triple(2);",
    );
    let town = town_of(&origin);
    let code = format!(
        "import {{ nine }} from \"jsr:@town/uses\";\nimport six from \"{}/uses.ts\";\nimport own from \"npm:tripler@1\";\nexport default [nine, six, own(5)];",
        origin.url()
    );
    let val = save(&town, "uses", &code);
    origin.stop();
    assert_eq!(value(&town, &val), json!([9, 6, 15]));
}

#[test]
fn a_run_gets_nothing_that_was_not_there_when_it_was_saved() {
    let origin = web();
    let town = town_of(&origin);
    let code = format!(
        "const name = \"{}/two\" + \".js\";\nexport default async () => (await import(name)).two;",
        origin.url()
    );
    let val = save(&town, "computed", &code);
    let asked = origin.asked();
    let reply = run(&town, &val);
    assert_eq!(reply.status, 502, "{}", reply.body);
    assert!(reply.body.contains("two.js"), "{}", reply.body);
    assert_eq!(origin.asked(), asked);
}

#[test]
fn expressions_import_modules_of_the_web() {
    let mut origin = web();
    let town = town_of(&origin);
    let code = format!("(await import(\"{}/latest.ts\")).default(1)", origin.url());
    assert_eq!(eval(&town, town.token(), &code).expect(200), json!(3));
    origin.stop();
    assert_eq!(eval(&town, town.token(), &code).expect(200), json!(3));
}

//! What a save may ask for: registries, and what vals reach. Whoever answers for a package or a module leads nowhere else.

use crate::origin::{Origin, Page};
use crate::registry::{Package, full_manifest, list_npm, publish_npm};
use crate::support::{diagnostics, save, town_of, value};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use thorp_testkit::TestTown;
use thorp_town::Rules;

/// The only diagnostic: line 2 is to blame, with this message after `cannot be had: `.
fn check_refused(val: &Value, reason: &str) {
    assert_eq!(
        diagnostics(val),
        [(2, "DEPENDENCY_UNAVAILABLE".to_owned())],
        "{val:#}"
    );
    let message = val["diagnostics"][0]["message"].as_str().unwrap();
    assert_eq!(message.split_once(" cannot be had: ").unwrap().1, reason);
    let hint = val["diagnostics"][0]["hint"].as_str().unwrap();
    assert!(hint.contains("--egress-allow"), "{hint}");
}

fn code_with(import: &str) -> String {
    format!("import \"npm:shape@1\";\nimport \"{import}\";\nexport default 1;")
}

fn registry() -> Origin {
    let origin = Origin::start();
    publish_npm(&origin, &[package("shape", json!({}))]);
    origin
}

fn package(name: &str, manifest: Value) -> Package<'_> {
    Package {
        name,
        version: "1.0.0",
        manifest,
        files: &[("index.js", "module.exports = 'here';")],
    }
}

#[test]
fn an_import_names_no_private_address() {
    let (registry, neighbour) = (registry(), Origin::start());
    neighbour.put_typescript("/x.ts", "export default 'private';");
    let town = town_of(&registry);
    let port = neighbour.url().rsplit(':').next().unwrap().to_owned();
    let not_public = |host: &str| format!("EGRESS_DENIED: {host} is not a public address");
    for (at, (host, reason)) in [
        ("127.0.0.1", not_public("127.0.0.1")),
        ("127.1", not_public("127.0.0.1")),
        ("2130706433", not_public("127.0.0.1")),
        ("[::ffff:127.0.0.1]", not_public("127.0.0.1")),
        ("0.0.0.0", not_public("0.0.0.0")),
        ("[::1]", not_public("::1")),
        ("10.0.0.1", not_public("10.0.0.1")),
        ("169.254.169.254", not_public("169.254.169.254")),
        (
            "localhost",
            "EGRESS_DENIED: `localhost` has an address that is not public".to_owned(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let code = code_with(&format!("http://{host}:{port}/x.ts"));
        check_refused(&save(&town, &format!("loop{at}"), &code), &reason);
    }
    assert_eq!(neighbour.asked(), 0);
    // The registry is reached at such an address, as it is configured there.
    assert_eq!(
        value(
            &town,
            &save(
                &town,
                "shape",
                "import x from \"npm:shape@1\"; export default x;"
            )
        ),
        json!("here")
    );
}

#[test]
fn a_registry_is_needed_whatever_vals_are_denied() {
    let (registry, neighbour) = (registry(), Origin::start());
    let url = registry.url();
    let town = TestTown::start_with(move |config| {
        config.npm_registry = Some(url.replace("://", "://user:password@"));
        config.egress = Rules::parse(&["127.0.0.1"], &["0.0.0.0/0"]).unwrap();
    });
    let code = "import x from \"npm:shape@1\"; export default x;";
    assert_eq!(value(&town, &save(&town, "shape", code)), json!("here"));
    let address = neighbour.url().trim_start_matches("http://").to_owned();
    let reason = format!("EGRESS_DENIED: the operator of this town denies `{address}`");
    let code = code_with(&format!("{}/x.ts", neighbour.url()));
    check_refused(&save(&town, "web", &code), &reason);
    assert_eq!(neighbour.asked(), 0);
}

#[test]
fn an_import_does_not_ask_the_town_itself() {
    let town = TestTown::start_with(|config| {
        let everything: SocketAddr = "127.0.0.1:0".parse().unwrap();
        config.own.push(everything);
        config.egress = Rules::parse(&["127.0.0.0/8"], &[]).unwrap();
    });
    let code = format!("\nimport \"{}/v1/me.ts\";\nexport default 1;", town.url());
    let address = town.url().trim_start_matches("http://");
    let reason = format!("EGRESS_DENIED: `{address}` is the town itself");
    check_refused(&save(&town, "curious", &code), &reason);
}

#[test]
fn a_tarball_lies_in_no_private_place() {
    let (registry, neighbour) = (registry(), Origin::start());
    let crafted = package("crafted", json!({}));
    publish_npm(&neighbour, &[package("crafted", json!({}))]);
    let mut manifest = full_manifest(&crafted);
    let tarball = format!("{}/crafted/-/crafted-1.0.0.tgz", neighbour.url());
    manifest["dist"] = json!({ "tarball": tarball });
    let versions = Map::from_iter([("1.0.0".to_owned(), manifest)]);
    list_npm(&registry, "crafted", versions);
    let town = town_of(&registry);
    let val = save(&town, "crafted", &code_with("npm:crafted@1"));
    check_refused(&val, "EGRESS_DENIED: 127.0.0.1 is not a public address");
    assert_eq!(neighbour.asked(), 0);
}

#[test]
fn a_redirect_leads_to_no_private_place() {
    let (registry, neighbour) = (registry(), Origin::start());
    neighbour.put_typescript("/x.ts", "export default 'private';");
    registry.put("/x.ts", Page::Redirect(format!("{}/x.ts", neighbour.url())));
    registry.put(
        "/moved",
        Page::Redirect(format!("{}/moved", neighbour.url())),
    );
    let town = town_of(&registry);
    for (name, import) in [
        ("web", format!("{}/x.ts", registry.url())),
        ("package", "npm:moved@1".to_owned()),
    ] {
        let val = save(&town, name, &code_with(&import));
        check_refused(&val, "EGRESS_DENIED: 127.0.0.1 is not a public address");
    }
    assert_eq!(neighbour.asked(), 0);
}

#[test]
fn a_module_imports_from_no_private_place() {
    let (registry, neighbour) = (registry(), Origin::start());
    neighbour.put_typescript("/x.ts", "export default 'private';");
    registry.put_typescript("/x.ts", &format!("import \"{}/x.ts\";", neighbour.url()));
    let town = town_of(&registry);
    let import = format!("{}/x.ts", registry.url());
    let val = save(&town, "web", &code_with(&import));
    check_refused(&val, "EGRESS_DENIED: 127.0.0.1 is not a public address");
    assert_eq!(neighbour.asked(), 0);
}

#[test]
fn a_download_ends() {
    let registry = registry();
    registry.put("/x.ts", Page::Endless("text/javascript"));
    registry.put("/endless", Page::Endless("application/json"));
    let town = town_of(&registry);
    for (name, import) in [
        ("web", format!("{}/x.ts", registry.url())),
        ("package", "npm:endless@1".to_owned()),
    ] {
        let val = save(&town, name, &code_with(&import));
        let found = diagnostics(&val);
        assert_eq!(found.len(), 1, "{val:#}");
        assert_eq!(found[0].1, "DEPENDENCY_TOO_LARGE", "{val:#}");
        let message = val["diagnostics"][0]["message"].as_str().unwrap();
        assert!(
            message.ends_with("more than 512 MiB to download"),
            "{message}"
        );
    }
}

#[test]
fn a_resolution_asks_so_often_and_no_more() {
    const MODULES: usize = 101;
    const LEAVES: usize = 50;
    let registry = registry();
    let javascript = |code: String| Page::Body("text/javascript", code.into_bytes());
    // Each with some, one after the other: all at once would be too many open files.
    for module in 0..MODULES {
        let leaves = (0..LEAVES).map(|leaf| format!("import './leaf-{module}-{leaf}.js';\n"));
        let code: String = leaves.collect();
        let next = format!("{code}import './{}.js';", module + 1);
        registry.put(&format!("/{module}.js"), javascript(next));
        for leaf in 0..LEAVES {
            let path = format!("/leaf-{module}-{leaf}.js");
            registry.put(&path, javascript(String::new()));
        }
    }
    let town = town_of(&registry);
    let import = format!("{}/0.js", registry.url());
    let val = save(&town, "many", &code_with(&import));
    let message = val["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("more than 5000 requests"), "{message}");
    assert_eq!(val["diagnostics"][0]["code"], json!("DEPENDENCY_TOO_LARGE"));
    assert!(registry.asked() <= 5_000, "{}", registry.asked());
}

//! What was resolved once is used again, by the same user only.

use crate::origin::Origin;
use crate::registry::{Package, publish_npm};
use crate::support::{eval, folders, save_aloud, town_of, value};
use serde_json::json;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use thorp_testkit::TestTown;

fn registry() -> Origin {
    let origin = Origin::start();
    publish_npm(
        &origin,
        &[Package {
            name: "shape",
            version: "1.0.0",
            manifest: json!({ "type": "module" }),
            files: &[("index.js", "export default 'shape';")],
        }],
    );
    origin
}

const CODE: &str = "import shape from \"npm:shape@1\";\nexport default shape;";
const RESOLVE: &str = "resolve: resolving packages";

#[test]
fn equal_needs_of_one_user_are_resolved_once() {
    let mut origin = registry();
    let town = town_of(&origin);
    let (told, _) = save_aloud(&town, town.token(), "one", CODE);
    assert!(told.iter().any(|step| step == RESOLVE), "{told:?}");
    origin.stop();
    let longer = format!("// The same imports.\n{CODE}");
    let (told, val) = save_aloud(&town, town.token(), "two", &longer);
    assert!(!told.iter().any(|step| step == RESOLVE), "{told:?}");
    assert_eq!(value(&town, &val), json!("shape"));
    assert_eq!(folders(&town).len(), 1);
}

#[test]
fn another_user_resolves_for_themselves() {
    let origin = registry();
    let town = town_of(&origin);
    let bob = town.add_user("bob");
    let _ = save_aloud(&town, town.token(), "one", CODE);
    let (told, val) = save_aloud(&town, &bob, "one", CODE);
    assert!(told.iter().any(|step| step == RESOLVE), "{told:?}");
    assert_eq!(value(&town, &val), json!("shape"));
    assert_eq!(folders(&town).len(), 1, "equal contents are one folder");
}

#[test]
fn expressions_resolve_once_and_need_a_user() {
    let mut origin = registry();
    let town = town_of(&origin);
    let code = "(await import(\"npm:shape@1\")).default";
    let refused = eval(&town, "", code).expect(401);
    assert_eq!(refused["error"]["code"], json!("UNAUTHORIZED"));
    assert_eq!(origin.asked(), 0);
    assert_eq!(eval(&town, town.token(), code).expect(200), json!("shape"));
    // Neither the registry nor what was downloaded is there for a second resolution.
    origin.stop();
    std::fs::remove_dir_all(town.data().join("dependencies/work")).unwrap();
    let other = "(await import(\"npm:shape@1\")).default + '!'";
    assert_eq!(eval(&town, town.token(), code).expect(200), json!("shape"));
    assert_eq!(
        eval(&town, town.token(), other).expect(200),
        json!("shape!")
    );
    assert_eq!(folders(&town).len(), 1);
    assert_eq!(eval(&town, "", code).status, 401);
}

/// How much later it is than it is, in microseconds.
static LATER: AtomicI64 = AtomicI64::new(0);

fn later() -> i64 {
    jiff::Timestamp::now().as_microsecond() + LATER.load(SeqCst)
}

#[test]
fn what_was_downloaded_serves_other_saves_for_a_while() {
    const AGE: i64 = 10 * 60 * 1_000_000;
    let origin = registry();
    let url = origin.url();
    // At the beginning of such a while.
    LATER.store(AGE - later() % AGE, SeqCst);
    let town = TestTown::start_with(move |config| {
        config.npm_registry = Some(url);
        config.clock = later;
    });
    let asked_for = |name: &str| {
        let token = town.add_user(name);
        let before = origin.asked();
        let (_, val) = save_aloud(&town, &token, "one", CODE);
        assert_eq!(val["diagnostics"], json!([]), "{val:#}");
        origin.asked() - before
    };
    let first = asked_for("first");
    assert!(asked_for("second") < first);
    LATER.fetch_add(2 * AGE, SeqCst);
    assert_eq!(asked_for("third"), first);
    let work = std::fs::read_dir(town.data().join("dependencies/work")).unwrap();
    let names = work.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(
        names.filter(|name| name.starts_with("downloads.")).count(),
        1
    );
}

//! What nobody uses is removed.

use crate::origin::Origin;
use crate::registry::{Package, publish_npm};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use thorp_testkit::{deno, executable};
use thorp_town::{Caller, EvalInput, FileText, NewVal, Town, TownConfig};

static NOW: AtomicI64 = AtomicI64::new(1_800_000_000_000_000);
const HOUR: i64 = 3_600_000_000;

fn package(name: &'static str) -> Package<'static> {
    Package {
        name,
        version: "1.0.0",
        manifest: json!({}),
        files: &[("index.js", "module.exports = 1;")],
    }
}

async fn open(data: &Path, registry: &str) -> (Town, Caller) {
    let mut config = TownConfig::new(data.to_owned(), deno(), executable(), || {
        NOW.load(Ordering::SeqCst)
    });
    config.npm_registry = Some(registry.to_owned());
    config.pool.floor = 1;
    let opened = Town::open(config).await.unwrap();
    let token = fs::read_to_string(&opened.owner_token_file).unwrap();
    let caller = opened.town.authenticate(Some(token.trim())).await.unwrap();
    (opened.town, caller)
}

fn folders(data: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(data.join("dependencies")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "work")
        .collect()
}

async fn evaluate(town: &Town, caller: &Caller, package: &str) {
    let input = EvalInput {
        code: format!("(await import(\"npm:{package}@1\")).default"),
        args: None,
    };
    assert_eq!(town.eval(caller, input).await.unwrap().json, "1");
}

async fn save(town: &Town, caller: &Caller, package: &str) {
    let new = NewVal {
        files: vec![FileText {
            path: "main.tsx".to_owned(),
            text: format!("import one from \"npm:{package}@1\"; export default one;"),
        }],
        ..NewVal::default()
    };
    let val = town.create_val(caller, new, &|_| ()).await.unwrap();
    assert_eq!(val.diagnostics, []);
}

async fn add_user(town: &Town, owner: &Caller, name: &str) -> Caller {
    let (_, token) = town.add_user(owner, name).await.unwrap();
    town.authenticate(Some(&token.secret)).await.unwrap()
}

/// Closes the town and opens it some hours later: it begins by looking for what nobody uses.
async fn later(town: Town, hours: i64, data: &Path, registry: &str) -> (Town, Caller) {
    town.close(Duration::ZERO).await;
    NOW.fetch_add(hours * HOUR, Ordering::SeqCst);
    open(data, registry).await
}

async fn until_folders(data: &Path, expected: &BTreeSet<String>) {
    for _ in 0..600 {
        if folders(data) == *expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?} are not {expected:?}", folders(data));
}

#[tokio::test]
async fn folders_that_nothing_used_for_a_day_are_removed() {
    let origin = Origin::start();
    for name in ["kept", "shared", "fleeting"] {
        publish_npm(&origin, &[package(name)]);
    }
    let root = tempfile::tempdir().unwrap();
    let (data, url) = (root.path().join("data"), origin.url());

    let (town, owner) = open(&data, &url).await;
    let bob = add_user(&town, &owner, "bob").await;
    save(&town, &owner, "kept").await;
    let with_version = folders(&data);
    // Two sets have this folder: the owner's is used again, bob's is not.
    evaluate(&town, &owner, "shared").await;
    evaluate(&town, &bob, "shared").await;
    let still_used = folders(&data);
    // The newest set goes last: once its folder is gone, all others have been looked at.
    evaluate(&town, &owner, "fleeting").await;
    let all = folders(&data);
    assert_eq!([with_version.len(), still_used.len(), all.len()], [1, 2, 3]);

    let left = data.join("dependencies/work/left-by-a-killed-server");
    fs::create_dir_all(&left).unwrap();
    let (town, owner) = later(town, 23, &data, &url).await;
    assert!(!left.exists());
    evaluate(&town, &owner, "shared").await;
    assert_eq!(folders(&data), all);

    let (town, _) = later(town, 2, &data, &url).await;
    until_folders(&data, &still_used).await;
    let (town, _) = later(town, 23, &data, &url).await;
    until_folders(&data, &with_version).await;
    town.close(Duration::ZERO).await;
}

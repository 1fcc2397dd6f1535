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

async fn evaluate(town: &Town, caller: &Caller, code: &str) {
    let input = EvalInput {
        code: code.to_owned(),
        args: None,
    };
    assert_eq!(town.eval(caller, input).await.unwrap().json, "1");
}

async fn close(town: Town) {
    town.close(Duration::ZERO).await;
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
    publish_npm(&origin, &[package("kept")]);
    publish_npm(&origin, &[package("fleeting")]);
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");

    let (town, caller) = open(&data, &origin.url()).await;
    let new = NewVal {
        name: Some("uses".to_owned()),
        files: vec![FileText {
            path: "main.tsx".to_owned(),
            text: "import one from \"npm:kept@1\"; export default one;".to_owned(),
        }],
        ..NewVal::default()
    };
    let val = town.create_val(&caller, new, &|_| ()).await.unwrap();
    assert_eq!(val.diagnostics, []);
    let kept = folders(&data);
    assert_eq!(kept.len(), 1);
    evaluate(&town, &caller, "(await import(\"npm:fleeting@1\")).default").await;
    let both = folders(&data);
    assert_eq!(both.len(), 2);
    close(town).await;

    let left = data.join("dependencies/work/left-by-a-killed-server");
    fs::create_dir_all(&left).unwrap();
    NOW.fetch_add(23 * HOUR, Ordering::SeqCst);
    let (town, caller) = open(&data, &origin.url()).await;
    assert!(!left.exists());
    // Used again: a day more.
    evaluate(&town, &caller, "(await import(\"npm:fleeting@1\")).default").await;
    close(town).await;

    NOW.fetch_add(23 * HOUR, Ordering::SeqCst);
    let (town, _) = open(&data, &origin.url()).await;
    until_folders(&data, &both).await;
    close(town).await;

    NOW.fetch_add(2 * HOUR, Ordering::SeqCst);
    let (town, _) = open(&data, &origin.url()).await;
    until_folders(&data, &kept).await;
    close(town).await;
}

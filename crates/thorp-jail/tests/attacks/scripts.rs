//! Attacks by JavaScript in real Deno: when all of its permissions are gone, and with those of a run.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use thorp_jail::{Command, Exit, Limits};

use crate::answer::{Answer, judge};
use crate::ground::{Ground, Ran, attack};
use crate::host;
use crate::native::library;
use crate::setting::{Setting, as_ordinary_user};

const CASES_LEAST: usize = 240;

/// The attacks of a group are tried in one process, one after the other.
const GROUPS: &[(&str, &str)] = &[
    ("files", include_str!("deno/files.mjs")),
    ("paths", include_str!("deno/paths.mjs")),
    ("processes", include_str!("deno/processes.mjs")),
    ("network", include_str!("deno/network.mjs")),
    ("native", include_str!("deno/native.mjs")),
];

const BOMBS: &str = include_str!("deno/bombs.mjs");
/// Attacks that each need a process of their own: it may end.
const BOMB_NAMES: &[&str] = &[
    "heap-snapshot",
    "array-buffers",
    "shared-buffers",
    "wasm-memories",
    "shared-wasm-memories",
    "heap",
    "strings",
    "worker-flood",
    "own-folder-full",
];

/// What Deno lets the attacks do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// Everything, as if there were a hole in them.
    Gone,
    /// What a run of the product has.
    Usual,
}

const FLAGS: &[&str] = &[
    "run",
    "--allow-all",
    "--quiet",
    "--no-config",
    "--no-lock",
    "--no-prompt",
    "--cached-only",
];

/// Interfaces that a run does not have: asking for one would end the process, and all further attacks with it.
const MORE: &[&str] = &[
    "--unstable-ffi",
    "--unstable-kv",
    "--unstable-net",
    "--unstable-raw-imports",
    "--unstable-vsock",
    "--location=http://attack.invalid/",
];

/// What a run of the product gets.
const RUN_DATA_BYTES: u64 = (555 + 128) << 20;
/// Enough for a worker, which reserves as much again.
const DATA_BYTES: u64 = (555 + 645) << 20;

/// Deno: `THORP_DENO`, or that of the nearest `node_modules`.
pub fn deno() -> PathBuf {
    if let Some(path) = std::env::var_os("THORP_DENO") {
        return path.into();
    }
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .flat_map(|folder| fs::read_dir(folder.join("node_modules/@deno")).into_iter())
        .flat_map(|entries| entries.flatten())
        .map(|entry| entry.path().join("deno"))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("Deno is installed by `npm ci`"))
}

/// All attacks, one group after the other.
pub async fn attack_all(setting: Setting, permissions: Permissions) -> Vec<Answer> {
    let programs = host::folder_for_all();
    let deno = host::for_all(&deno(), programs.path());
    let library = library(&deno, "libm.so");
    let ground = Ground::new(setting, Some(&deno), |at| furnish(at, &library)).await;
    let mut answers = Vec::new();
    for (group, _) in GROUPS {
        let ran = ground
            .run(&order(&ground, permissions, &deno, &[group]))
            .await;
        answers.extend(read(&ran));
    }
    for name in BOMB_NAMES {
        let mut bomb = order(&ground, permissions, &deno, &["bombs", name]);
        bomb.limits.data_bytes = Some(RUN_DATA_BYTES);
        let ran = ground.run(&bomb).await;
        answers.extend(read(&ran).into_iter().map(|answer| ended(answer, &ran)));
    }
    if setting.is_whole() {
        ground.is_unharmed();
    }
    answers
}

fn furnish(at: &Path, library: &Path) {
    fs::write(at.join("own/1/main.mjs"), include_str!("deno/main.mjs")).unwrap();
    for (name, text) in GROUPS.iter().chain(&[("bombs", BOMBS)]) {
        fs::write(at.join(format!("own/1/{name}.mjs")), text).unwrap();
    }
    let secrets = [
        ("secret.json", r#""the host's secret""#),
        ("secret.mjs", r#"export default "the host's secret";"#),
        ("secret.cjs", r#"module.exports = "the host's secret";"#),
        ("secret.env", "SECRET=secret\n"),
    ];
    for (name, text) in secrets {
        fs::write(at.join("outside").join(name), text).unwrap();
    }
    for folder in ["outside", "own/1", "deps"] {
        for name in ["library.so", "addon.node"] {
            fs::copy(library, at.join(folder).join(name)).unwrap();
        }
    }
    host::readable_by_all(&at.join("own/1"));
    host::readable_by_all(&at.join("outside"));
}

/// The flags of the product, as its text has them.
fn usual_flags(ground: &Ground) -> Vec<String> {
    let text = include_str!("../../../thorp-runtime/src/deno.rs");
    let (_, list) = text.split_once("const FLAGS: &[&str] = &[").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    let flags = list
        .split(',')
        .map(str::trim)
        .filter(|flag| !flag.is_empty());
    // A flag with commas in it is one all the same.
    let joined = flags.collect::<Vec<_>>().join(",");
    let mut flags: Vec<String> = joined
        .trim_matches('"')
        .split("\",\"")
        .map(str::to_owned)
        .collect();
    let own = ground.own();
    flags.push(format!("--allow-read={own},{}", ground.path("deps")));
    flags.push(format!("--allow-write={own}/c,{own}/g"));
    flags
}

fn flags(ground: &Ground, permissions: Permissions) -> Vec<String> {
    let mut flags = match permissions {
        Permissions::Gone => FLAGS.iter().map(|flag| (*flag).to_owned()).collect(),
        Permissions::Usual => usual_flags(ground),
    };
    flags.extend(MORE.iter().map(|flag| (*flag).to_owned()));
    flags
}

fn order(ground: &Ground, permissions: Permissions, deno: &Path, what: &[&str]) -> Command {
    let told = json!({
        "own": ground.own(),
        "host": std::process::id(),
        "hostName": host::name(),
        "neighbour": ground.path("own/2"),
        "neighbourPid": ground.neighbour(),
        "outside": ground.path("outside"),
        "deps": ground.path("deps"),
        "scratch": ground.path("cache/gen"),
        "program": deno,
        "linker": library(deno, "ld-"),
        "libc": library(deno, "libc.so"),
        "port": ground.servers.port,
        "abstract": host::abstract_name(ground.folder.path()),
    });
    let mut args = flags(ground, permissions);
    args.extend([format!("{}/main.mjs", ground.own()), told.to_string()]);
    args.extend(what.iter().map(|word| (*word).to_owned()));
    let mut order = attack(deno, args);
    order.limits = Limits {
        data_bytes: Some(DATA_BYTES),
        data_bytes_in_group: Some(DATA_BYTES),
        ..Limits::default()
    };
    let env = [
        ("DENO_DIR", ground.path("cache")),
        ("HOME", "/nonexistent".to_owned()),
        ("NO_COLOR", "1".to_owned()),
    ];
    order
        .env
        .extend(env.map(|(name, value)| (name.into(), value.into())));
    order
}

/// A line names all cases, and each has a line of its own. One without has not been contained by anything we know.
fn read(ran: &Ran) -> Vec<Answer> {
    let lines: Vec<Value> = ran
        .output
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let names = lines.iter().find_map(|line| line["names"].as_array());
    let Some(names) = names else {
        panic!(
            "it did not start: {:?} {}{}",
            ran.exit, ran.output, ran.errors
        );
    };
    let answer = |name: &Value| {
        let line = lines.iter().find(|line| line["case"] == *name);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Answer {
            case: text(name),
            escaped: line.is_none_or(|line| line["escaped"] != false),
            reason: line.map_or_else(
                || format!("no answer: {:?} {:.300}", ran.exit, ran.errors),
                |line| text(&line["reason"]),
            ),
        }
    };
    names.iter().map(answer).collect()
}

/// A process that was to get too much may have been ended instead.
fn ended(answer: Answer, ran: &Ran) -> Answer {
    let by_signal = matches!(ran.exit, Some(Exit::Signal(_) | Exit::Code(133)));
    Answer {
        escaped: answer.escaped && !(by_signal && answer.reason.starts_with("no answer")),
        ..answer
    }
}

async fn check(setting: Setting, permissions: Permissions) {
    if setting.is_here() {
        let answers = attack_all(setting, permissions).await;
        judge(setting, &answers, CASES_LEAST);
    }
}

#[tokio::test]
async fn javascript_is_contained() {
    check(Setting::Root, Permissions::Gone).await;
}

#[tokio::test]
async fn javascript_is_contained_by_an_ordinary_user() {
    if !as_ordinary_user("scripts::javascript_is_contained_by_an_ordinary_user") {
        check(Setting::Ordinary, Permissions::Gone).await;
    }
}

#[tokio::test]
async fn javascript_is_contained_without_namespaces() {
    check(Setting::NoNamespaces, Permissions::Gone).await;
}

#[tokio::test]
async fn javascript_of_a_run_is_contained() {
    check(Setting::Root, Permissions::Usual).await;
}

#[tokio::test]
async fn javascript_of_a_run_is_contained_by_an_ordinary_user() {
    if !as_ordinary_user("scripts::javascript_of_a_run_is_contained_by_an_ordinary_user") {
        check(Setting::Ordinary, Permissions::Usual).await;
    }
}

#[tokio::test]
async fn javascript_of_a_run_is_contained_without_namespaces() {
    check(Setting::NoNamespaces, Permissions::Usual).await;
}

#[test]
fn the_numbers_of_system_calls_are_those_of_both_architectures() {
    use syscalls::{aarch64, x86_64};
    let (_, table) = include_str!("deno/native.mjs")
        .split_once("\nconst NUMBER = {\n")
        .unwrap();
    let (table, _) = table.split_once("};").unwrap();
    for line in table.lines() {
        let (name, numbers) = line.trim().split_once(": ").unwrap();
        let on_x86: x86_64::Sysno = name.parse().unwrap();
        let on_arm: aarch64::Sysno = name.parse().unwrap();
        assert_eq!(
            numbers,
            format!("[{}, {}],", on_x86.id(), on_arm.id()),
            "{name}"
        );
    }
    assert!(table.lines().count() > 10);
}

//! Attacks by a native program.

use std::path::{Path, PathBuf};

use thorp_jail::{Command, limits};

use crate::answer::{Answer, judge};
use crate::ground::{Ground, NEIGHBOUR, attack};
use crate::host;
use crate::setting::{Setting, as_ordinary_user, attacker};

const CASES_LEAST: usize = 300;

/// All names of attacks.
pub fn cases() -> Vec<String> {
    let output = std::process::Command::new(attacker())
        .arg("list")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| line.split('\t').next().unwrap().to_owned())
        .collect()
}

/// A host for native attacks.
pub async fn ground(setting: Setting) -> Ground {
    Ground::new(setting, None, |_| ()).await
}

/// All attacks, one after the other.
pub async fn attack_all(setting: Setting) -> Vec<Answer> {
    attack_by(setting, cases()).await
}

/// These attacks, one after the other.
pub async fn attack_by(setting: Setting, cases: Vec<String>) -> Vec<Answer> {
    let ground = ground(setting).await;
    let mut answers = Vec::new();
    for case in cases {
        let ran = ground.run(&order(&ground, &case)).await;
        let mut answer = Answer::new(&case, &ran.output, ran.exit);
        if answer.reason.starts_with("no answer") {
            answer.reason.push_str(&ran.errors);
        }
        answers.push(answer);
    }
    if setting.is_whole() {
        ground.is_unharmed();
    }
    answers
}

/// What starts an attack. The attacker is told more than it could know.
pub fn order(ground: &Ground, case: &str) -> Command {
    let mut order = attack(&ground.attacker, Vec::new());
    let limits_of = order.limits;
    let words = [
        ("own", ground.own()),
        ("host", std::process::id().to_string()),
        ("host-name", host::name()),
        ("neighbour", ground.neighbour().to_string()),
        ("neighbour-name", NEIGHBOUR.to_owned()),
        ("neighbour-folder", ground.path("own/2")),
        ("outside", ground.path("outside")),
        ("deps", ground.path("deps")),
        ("scratch", ground.path("cache/gen")),
        ("program", ground.attacker.display().to_string()),
        (
            "linker",
            library(&ground.attacker, "ld-").display().to_string(),
        ),
        ("port", ground.servers.port.to_string()),
        ("network", ground.network().to_owned()),
        ("abstract", host::abstract_name(ground.folder.path())),
        ("data-bytes", limits_of.data_bytes.unwrap().to_string()),
        ("file-bytes", limits_of.file_bytes.to_string()),
        ("open-files", limits_of.open_files.to_string()),
        ("scratch-bytes", limits::SCRATCH_BYTES_MAX.to_string()),
        ("scratch-files", limits::SCRATCH_FILES_MAX.to_string()),
        ("threads", (2 * limits::THREADS_MAX).to_string()),
    ];
    let words = words.iter().map(|(name, value)| format!("{name}={value}"));
    order.args = std::iter::once(case.to_owned())
        .chain(words)
        .map(Into::into)
        .collect();
    order
}

/// The library of a program whose name begins like this.
pub fn library(program: &Path, begin: &str) -> PathBuf {
    let libraries = thorp_jail::libraries(program).unwrap();
    let named = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(begin)
    };
    libraries.iter().find(named).unwrap().clone()
}

async fn check(setting: Setting) {
    if setting.is_here() {
        judge(setting, &attack_all(setting).await, CASES_LEAST);
    }
}

#[tokio::test]
async fn native_code_is_contained() {
    check(Setting::Root).await;
}

#[tokio::test]
async fn native_code_is_contained_by_an_ordinary_user() {
    if !as_ordinary_user("native::native_code_is_contained_by_an_ordinary_user") {
        check(Setting::Ordinary).await;
    }
}

#[tokio::test]
async fn native_code_is_contained_without_namespaces() {
    check(Setting::NoNamespaces).await;
}

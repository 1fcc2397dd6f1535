//! Which layer holds what: every attack with no layer, with one alone, and with all but one.

use std::collections::{BTreeMap, BTreeSet};

use thorp_jail::Layers;

use crate::answer::Answer;
use crate::setting::{Setting, alone_without_network, as_ordinary_user};
use crate::{native, scripts};

/// A layer's name, and how to turn it on or off.
type Layer = (&'static str, fn(&mut Layers, bool));

const LAYERS: [Layer; 4] = [
    ("namespaces", |layers, on| layers.namespaces = on),
    ("user", |layers, on| layers.own_user = on),
    ("Landlock", |layers, on| layers.landlock = on),
    ("calls", |layers, on| layers.system_calls = on),
];

/// Of the native attacks, so many at least reach something where there is no jail at all. The rest needs root, or a kernel
/// that is made otherwise.
const REACHED_LEAST: usize = 120;

/// What every ordinary user can do on every machine.
const REACHED_ALWAYS: &[&str] = &[
    "channels.abstract",
    "channels.open-socket",
    "files.host-folder",
    "files.neighbour",
    "files.passwd",
    "files.proc-self",
    "network.listen",
    "network.loopback",
    "processes.clone",
    "processes.signal-host",
    "processes.signal-neighbour",
    "programs.shell",
    "writes.host",
];

/// Shows that the attacks are attacks.
#[tokio::test]
async fn attacks_reach_the_host_without_a_jail() {
    if as_ordinary_user("layers::attacks_reach_the_host_without_a_jail") {
        return;
    }
    let mut cases = native::cases();
    // No test looks for strangers on the network of whoever runs it.
    cases.retain(|case| !["network.metadata", "network.private"].contains(&case.as_str()));
    let answers = native::attack_by(Setting::Only(Layers::NONE), cases).await;
    let reached: Vec<&str> = answers
        .iter()
        .filter(|answer| answer.escaped && !answer.reason.starts_with("no answer"))
        .map(|answer| answer.case.as_str())
        .collect();
    println!(
        "{} of {} cases reach something",
        reached.len(),
        answers.len()
    );
    assert!(reached.len() >= REACHED_LEAST, "only {reached:?}");
    for case in REACHED_ALWAYS {
        assert!(
            reached.contains(case),
            "{case} reaches nothing: is it an attack?"
        );
    }
}

/// Prints tables in Markdown: each case, and a summary by group.
#[tokio::test]
#[ignore = "takes two minutes, and runs attacks as root with one layer alone; they are made to do no harm"]
async fn which_layer_holds() {
    if !Setting::Root.is_here() || alone_without_network("layers::which_layer_holds") {
        return;
    }
    let mut found = Found::default();
    found.take("none", Setting::Only(Layers::NONE)).await;
    for (name, set) in LAYERS {
        let mut alone = Layers::NONE;
        set(&mut alone, true);
        found.take(name, Setting::Only(alone)).await;
        let mut without = Setting::Root.layers();
        set(&mut without, false);
        found
            .take(&format!("-{name}"), Setting::Only(without))
            .await;
    }
    found.print_cases();
    found.print_groups();
    found.print_single();
}

/// In which settings each case is contained.
#[derive(Default)]
struct Found {
    held: BTreeMap<String, BTreeSet<String>>,
}

impl Found {
    async fn take(&mut self, name: &str, setting: Setting) {
        let answers = native::attack_all(setting).await;
        self.add(name, answers);
        self.add(
            name,
            scripts::attack_all(setting, scripts::Permissions::Gone).await,
        );
    }

    fn add(&mut self, name: &str, answers: Vec<Answer>) {
        for answer in answers {
            let held = self.held.entry(answer.case).or_default();
            if !answer.escaped {
                held.insert(name.to_owned());
            }
        }
    }

    fn print_cases(&self) {
        println!("| case | without a jail | stopped by each of these alone | open without |");
        println!("|---|---|---|---|");
        for (case, held) in &self.held {
            let bare = if held.contains("none") {
                "fails too"
            } else {
                ""
            };
            let alone = alone(held).join(", ");
            let needed = needed(held).join(", ");
            println!("| `{case}` | {bare} | {alone} | {needed} |");
        }
    }

    fn print_groups(&self) {
        println!(
            "\n| group | cases | fail without a jail | namespaces | user | Landlock | calls | no single one |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        let group = |case: &str| case.split('.').next().unwrap_or_default().to_owned();
        let groups: BTreeSet<String> = self.held.keys().map(|case| group(case)).collect();
        for name in groups {
            let cases: Vec<_> = self
                .held
                .iter()
                .filter(|(case, _)| group(case) == name)
                .collect();
            let open = cases.iter().filter(|(_, held)| !held.contains("none"));
            let by = |layer: &str| {
                open.clone()
                    .filter(|(_, held)| held.contains(layer))
                    .count()
            };
            let nobody = open
                .clone()
                .filter(|(_, held)| alone(held).is_empty())
                .count();
            let [namespaces, user, landlock, calls] = LAYERS.map(|(layer, _)| by(layer));
            let (all, fail) = (cases.len(), cases.len() - open.clone().count());
            println!(
                "| {name} | {all} | {fail} | {namespaces} | {user} | {landlock} | {calls} | {nobody} |"
            );
        }
    }

    fn print_single(&self) {
        for (layer, _) in LAYERS {
            let only: Vec<&str> = self
                .held
                .iter()
                .filter(|(_, held)| !held.contains("none") && needed(held) == [layer])
                .map(|(case, _)| case.as_str())
                .collect();
            println!(
                "\nopen if {layer} alone is off ({}): {}",
                only.len(),
                only.join(", ")
            );
        }
    }
}

fn alone(held: &BTreeSet<String>) -> Vec<&'static str> {
    let names = LAYERS.map(|(name, _)| name);
    names
        .into_iter()
        .filter(|name| held.contains(*name))
        .collect()
}

fn needed(held: &BTreeSet<String>) -> Vec<&'static str> {
    let names = LAYERS.map(|(name, _)| name);
    names
        .into_iter()
        .filter(|name| !held.contains(&format!("-{name}")))
        .collect()
}

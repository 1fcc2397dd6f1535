//! The rules on dependencies. Each takes the graph and gives back one line for each place that breaks it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::graph::{Graph, Package};
use super::licence;
use super::policy::{APART, ARROWS, Apart, BANS, LICENCES, ONE_VERSION};

/// Every rule on `graph`.
pub(super) fn check(graph: &Graph) -> Vec<String> {
    [
        licences(graph),
        bans(graph),
        versions(graph),
        sources(graph),
        arrows(graph),
        apart(graph),
    ]
    .concat()
}

fn licences(graph: &Graph) -> Vec<String> {
    let refused = |package: &&Package| {
        !licence::is_satisfied(package.licence.as_deref().unwrap_or(""), LICENCES)
    };
    let say = |package: &Package| {
        let licence = package.licence.as_deref().unwrap_or("none");
        format!(
            "licence: `{} {}` has `{licence}`, which is not on the list",
            package.name, package.version
        )
    };
    graph.packages.values().filter(refused).map(say).collect()
}

fn bans(graph: &Graph) -> Vec<String> {
    let reason = |package: &Package| BANS.iter().find(|(name, _)| package.name == *name);
    let say = |package: &Package| {
        let (name, why) = reason(package)?;
        Some(format!(
            "ban: `{name}` is needed by {}; {why}",
            needed_by(graph, name)
        ))
    };
    graph.packages.values().filter_map(say).collect()
}

fn needed_by(graph: &Graph, name: &str) -> String {
    let needs = |package: &&Package| graph.needs(package).any(|needed| needed.name == name);
    let names: Vec<String> = graph
        .packages
        .values()
        .filter(needs)
        .map(|package| format!("`{}`", package.name))
        .collect();
    names.join(", ")
}

fn versions(graph: &Graph) -> Vec<String> {
    let mut lines: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in graph
        .packages
        .values()
        .filter(|package| ONE_VERSION.contains(&package.name.as_str()))
    {
        lines
            .entry(&package.name)
            .or_default()
            .insert(compatible(&package.version));
    }
    lines.retain(|_, versions| versions.len() > 1);
    let say = |(name, versions): (&str, BTreeSet<&str>)| {
        let versions: Vec<&str> = versions.into_iter().collect();
        format!(
            "version: `{name}` is there as {}; its types cross crates",
            versions.join(" and ")
        )
    };
    lines.into_iter().map(say).collect()
}

/// The part of a version that has to change when an interface does: the first number that isn't 0.
fn compatible(version: &str) -> &str {
    let dots = if version.starts_with("0.") { 2 } else { 1 };
    version
        .match_indices('.')
        .nth(dots - 1)
        .map_or(version, |(end, _)| &version[..end])
}

fn sources(graph: &Graph) -> Vec<String> {
    let mut registries = BTreeSet::new();
    let mut broken = Vec::new();
    for package in graph.packages.values() {
        match package.source.as_deref() {
            Some(source) if source.starts_with("registry+") => _ = registries.insert(source),
            Some(source) => broken.push(format!(
                "source: `{}` comes from `{source}`, not from the registry",
                package.name
            )),
            None => {}
        }
    }
    if registries.len() > 1 {
        broken.push(format!(
            "source: packages come from {} registries instead of one",
            registries.len()
        ));
    }
    broken
}

fn arrows(graph: &Graph) -> Vec<String> {
    graph
        .own()
        .flat_map(|package| arrows_of(graph, package))
        .collect()
}

fn arrows_of(graph: &Graph, package: &Package) -> Vec<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| package.name == *name) else {
        return vec![format!(
            "arrow: `{}` is not in the table of arrows in `crates/xtask/src/deny/policy.rs`",
            package.name
        )];
    };
    let own = graph
        .needs(package)
        .filter(|needed| needed.source.is_none());
    let wrong = own.filter(|needed| !allowed.contains(&needed.name.as_str()));
    wrong
        .map(|needed| format!("arrow: `{}` must not need `{}`", package.name, needed.name))
        .collect()
}

fn apart(graph: &Graph) -> Vec<String> {
    let rows = APART
        .iter()
        .filter_map(|row| Some((row, graph.own().find(|package| package.name == row.name)?)));
    rows.flat_map(|(row, package)| apart_of(graph, row, package))
        .collect()
}

fn apart_of(graph: &Graph, row: &Apart, package: &Package) -> Vec<String> {
    let paths = paths(graph, package);
    let forbidden = row.from.iter().filter_map(|name| paths.get(name));
    forbidden
        .map(|path| format!("apart: {} ({})", row.why, path.join(" → ")))
        .collect()
}

/// The shortest way from `start` to each package that it reaches without passing through another crate of this
/// repository: what those need is their own affair.
fn paths<'a>(graph: &'a Graph, start: &'a Package) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut paths = BTreeMap::from([(start.name.as_str(), vec![start.name.as_str()])]);
    let mut queue = VecDeque::from([start]);
    while let Some(package) = queue.pop_front() {
        let path = paths[package.name.as_str()].clone();
        for needed in graph
            .needs(package)
            .filter(|needed| needed.source.is_some())
        {
            paths.entry(&needed.name).or_insert_with(|| {
                queue.push_back(needed);
                [path.as_slice(), &[needed.name.as_str()]].concat()
            });
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const REGISTRY: &str = "registry+https://example.com/index";

    /// A package of the registry, under MIT.
    fn package(name: &str, version: &str) -> Value {
        json!({ "id": format!("{name} {version}"), "name": name, "version": version, "license": "MIT", "source": REGISTRY })
    }

    /// A crate of this repository.
    fn own(name: &str) -> Value {
        json!({ "id": format!("{name} 0.1.0"), "name": name, "version": "0.1.0", "license": "MIT", "source": null })
    }

    fn with(mut package: Value, key: &str, value: Value) -> Value {
        package[key] = value;
        package
    }

    /// `needs` are rows of (who, whom, kind), with ids.
    #[track_caller]
    fn check_graph(packages: &[Value], needs: &[(&str, &str, Option<&str>)], expected: &[&str]) {
        let node = |package: &Value| {
            let own = needs.iter().filter(|(who, _, _)| package["id"] == *who);
            let deps: Vec<Value> = own
                .map(|(_, whom, kind)| json!({ "pkg": whom, "dep_kinds": [{ "kind": kind }] }))
                .collect();
            json!({ "id": package["id"], "deps": deps })
        };
        let nodes: Vec<Value> = packages.iter().map(node).collect();
        let metadata = json!({ "packages": packages, "resolve": { "nodes": nodes } });
        assert_eq!(
            check(&Graph::read(&metadata.to_string()).unwrap()),
            expected
        );
    }

    #[test]
    fn licences_are_on_the_list_or_named() {
        let gpl = with(package("a", "1.0.0"), "license", json!("GPL-3.0-only"));
        let none = with(package("b", "1.0.0"), "license", Value::Null);
        check_graph(
            &[gpl, none, package("c", "1.0.0")],
            &[],
            &[
                "licence: `a 1.0.0` has `GPL-3.0-only`, which is not on the list",
                "licence: `b 1.0.0` has `none`, which is not on the list",
            ],
        );
    }

    #[test]
    fn a_banned_package_is_named_with_who_needs_it() {
        check_graph(
            &[package("a", "1.0.0"), package("openssl", "0.10.1")],
            &[("a 1.0.0", "openssl 0.10.1", None)],
            &[
                "ban: `openssl` is needed by `a`; TLS is rustls: the binary needs no library of the system",
            ],
        );
    }

    #[test]
    fn core_packages_are_there_once() {
        check_graph(
            &[package("http", "0.2.9"), package("http", "1.3.0")],
            &[],
            &["version: `http` is there as 0.2 and 1; its types cross crates"],
        );
        check_graph(
            &[package("tokio", "1.40.0"), package("tokio", "1.41.0")],
            &[],
            &[],
        );
        check_graph(
            &[package("syn", "1.0.0"), package("syn", "2.0.0")],
            &[],
            &[],
        );
    }

    #[test]
    fn packages_come_from_one_registry() {
        let git = with(
            package("a", "1.0.0"),
            "source",
            json!("git+https://example.com/a"),
        );
        check_graph(
            &[git],
            &[],
            &["source: `a` comes from `git+https://example.com/a`, not from the registry"],
        );
        let other = with(
            package("a", "1.0.0"),
            "source",
            json!("registry+https://other.example.com/index"),
        );
        let two = "source: packages come from 2 registries instead of one";
        check_graph(&[other, package("b", "1.0.0")], &[], &[two]);
    }

    #[test]
    fn arrows_run_one_way() {
        let crates = [own("thorp-server"), own("thorp-town"), own("thorp-testkit")];
        let (server, town) = ("thorp-server 0.1.0", "thorp-town 0.1.0");
        check_graph(&crates, &[(server, town, None)], &[]);
        check_graph(
            &crates,
            &[(town, server, None)],
            &["arrow: `thorp-town` must not need `thorp-server`"],
        );
        check_graph(
            &crates,
            &[(town, server, Some("build"))],
            &["arrow: `thorp-town` must not need `thorp-server`"],
        );
    }

    #[test]
    fn the_testkit_is_for_tests_only() {
        let crates = [own("thorp-server"), own("thorp-testkit")];
        let (server, testkit) = ("thorp-server 0.1.0", "thorp-testkit 0.1.0");
        check_graph(&crates, &[(server, testkit, Some("dev"))], &[]);
        check_graph(
            &crates,
            &[(server, testkit, None)],
            &["arrow: `thorp-server` must not need `thorp-testkit`"],
        );
    }

    #[test]
    fn a_new_crate_has_to_be_placed() {
        let expected =
            "arrow: `thorp-new` is not in the table of arrows in `crates/xtask/src/deny/policy.rs`";
        check_graph(&[own("thorp-new")], &[], &[expected]);
    }

    #[test]
    fn the_language_does_no_input_and_output() {
        let packages = [
            own("thorp-lang"),
            package("a", "1.0.0"),
            package("tokio", "1.0.0"),
        ];
        let needs = [
            ("thorp-lang 0.1.0", "a 1.0.0", None),
            ("a 1.0.0", "tokio 1.0.0", None),
        ];
        check_graph(
            &packages,
            &needs,
            &["apart: the language does no I/O (thorp-lang → a → tokio)"],
        );
    }

    #[test]
    fn what_another_crate_of_ours_needs_is_its_own_affair() {
        let packages = [
            own("thorp-server"),
            own("thorp-town"),
            package("rusqlite", "0.41.0"),
        ];
        let town = "thorp-town 0.1.0";
        let needs = [
            ("thorp-server 0.1.0", town, None),
            (town, "rusqlite 0.41.0", None),
        ];
        check_graph(
            &packages,
            &needs,
            &["apart: the town is rules, not I/O (thorp-town → rusqlite)"],
        );
    }
}

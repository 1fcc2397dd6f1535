//! The packages of a build and who depends on whom, read from `cargo metadata`.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

/// Every package of the build, by cargo's id.
pub(super) struct Graph {
    pub(super) packages: BTreeMap<String, Package>,
}

/// One package at one version.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) licence: Option<String>,
    /// Where it was downloaded from; `None` for the folders of this repository.
    pub(super) source: Option<String>,
    /// Ids of what it needs to be built and run; what only its tests need is left out.
    pub(super) needs: Vec<String>,
}

impl Graph {
    /// Reads the JSON of `cargo metadata --format-version 1`.
    pub(super) fn read(metadata: &str) -> Result<Self> {
        let metadata: Value = serde_json::from_str(metadata)?;
        let mut packages = BTreeMap::new();
        for package in list(&metadata["packages"])? {
            packages.insert(text(&package["id"])?, read_package(package)?);
        }
        for node in list(&metadata["resolve"]["nodes"])? {
            let package = packages
                .get_mut(&text(&node["id"])?)
                .context("a node that is no package")?;
            package.needs = needs(node)?;
        }
        Ok(Self { packages })
    }

    /// The crates of this repository.
    pub(super) fn own(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .values()
            .filter(|package| package.source.is_none())
    }

    /// The packages that `package` needs itself.
    pub(super) fn needs<'a>(&'a self, package: &'a Package) -> impl Iterator<Item = &'a Package> {
        package.needs.iter().filter_map(|id| self.packages.get(id))
    }
}

fn read_package(package: &Value) -> Result<Package> {
    Ok(Package {
        name: text(&package["name"])?,
        version: text(&package["version"])?,
        licence: package["license"].as_str().map(String::from),
        source: package["source"].as_str().map(String::from),
        needs: Vec::new(),
    })
}

fn needs(node: &Value) -> Result<Vec<String>> {
    let mut needs = Vec::new();
    for dependency in list(&node["deps"])? {
        let kinds = list(&dependency["dep_kinds"])?;
        if kinds.iter().any(|kind| kind["kind"] != "dev") {
            needs.push(text(&dependency["pkg"])?);
        }
    }
    Ok(needs)
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().context("`cargo metadata` lacks a list")
}

fn text(value: &Value) -> Result<String> {
    value
        .as_str()
        .map(String::from)
        .context("`cargo metadata` lacks a text")
}

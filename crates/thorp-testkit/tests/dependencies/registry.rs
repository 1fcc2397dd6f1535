//! Registries of packages that a test made up: one of `npm:`, one of `jsr:`.

use crate::origin::{Origin, Page};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A version of a package: its `package.json` without name and version, and its files.
pub(crate) struct Package<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) manifest: Value,
    pub(crate) files: &'a [(&'a str, &'a str)],
}

/// Publishes versions of one package, the newest last.
pub(crate) fn publish_npm(origin: &Origin, versions: &[Package<'_>]) {
    let name = versions[0].name;
    let mut listed = Map::new();
    for package in versions {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("package");
        write(
            &root.join("package.json"),
            &full_manifest(package).to_string(),
        );
        for (path, text) in package.files {
            write(&root.join(path), text);
        }
        let tarball = publish_tarball(origin, package, folder.path(), &["package"]);
        let mut manifest = full_manifest(package);
        manifest["dist"] = json!({ "tarball": tarball });
        listed.insert(package.version.to_owned(), manifest);
    }
    list_npm(origin, name, listed);
}

/// Publishes the tarball that `tar` makes of these things in a folder, and answers its address.
pub(crate) fn publish_tarball(
    origin: &Origin,
    package: &Package<'_>,
    folder: &Path,
    args: &[&str],
) -> String {
    let made = Command::new("tar")
        .args(["-czPf", "-"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let short = package.name.rsplit('/').next().unwrap();
    let path = format!("/{}/-/{short}-{}.tgz", package.name, package.version);
    origin.put(&path, Page::Body("application/octet-stream", made.stdout));
    format!("{}{path}", origin.url())
}

/// Lists versions of a package by their manifests.
pub(crate) fn list_npm(origin: &Origin, name: &str, versions: Map<String, Value>) {
    let latest = versions.keys().next_back().unwrap().clone();
    let listed = json!({ "name": name, "dist-tags": { "latest": latest }, "versions": versions });
    origin.put_json(&format!("/{name}"), &listed);
}

pub(crate) fn full_manifest(package: &Package<'_>) -> Value {
    let mut manifest = package.manifest.clone();
    manifest["name"] = json!(package.name);
    manifest["version"] = json!(package.version);
    manifest
}

/// Its version, its exports, and its files.
type JsrVersion<'a> = (&'a str, Value, &'a [(&'a str, &'a str)]);

/// Publishes versions of one `jsr:` package, such as `@town/greet`, the newest last.
pub(crate) fn publish_jsr(origin: &Origin, name: &str, versions: &[JsrVersion<'_>]) {
    let mut listed = Map::new();
    for (version, exports, files) in versions {
        let mut manifest = Map::new();
        for (path, text) in *files {
            let checksum: String = Sha256::digest(text)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            manifest.insert(
                (*path).to_owned(),
                json!({ "size": text.len(), "checksum": format!("sha256-{checksum}") }),
            );
            origin.put_typescript(&format!("/{name}/{version}{path}"), text);
        }
        let meta = json!({ "manifest": manifest, "exports": exports });
        origin.put_json(&format!("/{name}/{version}_meta.json"), &meta);
        listed.insert((*version).to_owned(), json!({}));
    }
    let (scope, short) = name.trim_start_matches('@').split_once('/').unwrap();
    let meta = json!({ "scope": scope, "name": short, "versions": listed });
    origin.put_json(&format!("/{name}/meta.json"), &meta);
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

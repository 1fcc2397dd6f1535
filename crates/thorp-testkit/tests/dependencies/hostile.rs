//! Packages that want more than to be imported.

use crate::origin::Origin;
use crate::registry::{Package, full_manifest, list_npm, publish_npm, publish_tarball};
use crate::support::{diagnostics, run, save, town_of, value};
use serde_json::{Map, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn lifecycle_scripts_do_not_run() {
    let origin = Origin::start();
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let script = format!("touch {}", mark.display());
    publish_npm(
        &origin,
        &[Package {
            name: "eager",
            version: "1.0.0",
            manifest: json!({ "hasInstallScript": true, "scripts": { "preinstall": script, "install": script, "postinstall": script, "prepare": script } }),
            files: &[("index.js", "module.exports = 'quiet';")],
        }],
    );
    let town = town_of(&origin);
    let val = save(
        &town,
        "eager",
        "import x from \"npm:eager@1\"; export default x;",
    );
    assert_eq!(value(&town, &val), json!("quiet"));
    assert!(!mark.exists());
}

#[test]
fn a_bundled_package_holds_no_file_of_the_host() {
    let secret = tempfile::NamedTempFile::with_suffix(".txt").unwrap();
    fs::write(secret.path(), "known to the outside alone").unwrap();
    let path = secret.path().display().to_string();
    let up = "../".repeat(24);
    for (at, leak) in [
        format!("import({path:?}, {{ with: {{ type: 'text' }} }})"),
        format!("import({path:?}, {{ with: {{ type: 'bytes' }} }})"),
        format!("import({path:?})"),
        format!("import(\"{up}{}\")", path.trim_start_matches('/')),
        format!("import(\"file://{path}\")"),
        format!("require({path:?})"),
    ]
    .into_iter()
    .enumerate()
    {
        let origin = Origin::start();
        let code = format!("export const leak = async () => {leak}; export default 'here';");
        publish_npm(
            &origin,
            &[Package {
                name: "curious",
                version: "1.0.0",
                manifest: json!({ "type": "module" }),
                files: &[("index.js", &code)],
            }],
        );
        let town = town_of(&origin);
        let fine = save(&town, "fine", "export { default } from \"npm:curious@1\";");
        assert_eq!(value(&town, &fine), json!("here"), "{at} {leak}");
        let code = "import { leak } from \"npm:curious@1\";\n\
                    export default async () => JSON.stringify(await leak());";
        let reply = run(&town, &save(&town, "curious", code));
        assert_eq!(reply.status, 502, "{leak} {}", reply.body);
        assert_eq!(
            files_with(&town.data(), "known to the outside alone"),
            0,
            "{leak}"
        );
    }
}

/// How many files below a folder have this text in them.
fn files_with(folder: &std::path::Path, text: &str) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap() {
            kind if kind.is_dir() => files_with(&entry.path(), text),
            kind if kind.is_file() => {
                let bytes = fs::read(entry.path()).unwrap_or_default();
                usize::from(String::from_utf8_lossy(&bytes).contains(text))
            }
            _ => 0,
        })
        .sum()
}

#[test]
fn the_commands_of_a_package_are_made_of_and_lead_to_nothing_outside() {
    let folder = tempfile::tempdir().unwrap();
    let (victim, made) = (folder.path().join("victim"), folder.path().join("made"));
    fs::write(&victim, "").unwrap();
    fs::set_permissions(&victim, fs::Permissions::from_mode(0o600)).unwrap();
    let up = |path: &std::path::Path| {
        format!("{}{}", "../".repeat(24), &path.display().to_string()[1..])
    };
    for bin in [
        json!({ up(&made): "index.js" }),
        json!({ made.display().to_string(): "index.js" }),
        json!({ "tool": up(&victim) }),
        json!({ "tool": victim.display().to_string() }),
    ] {
        let origin = Origin::start();
        publish_npm(
            &origin,
            &[Package {
                name: "handy",
                version: "1.0.0",
                manifest: json!({ "bin": bin }),
                files: &[("index.js", "module.exports = 'here';")],
            }],
        );
        let town = town_of(&origin);
        // Whether such a package can be had is not the point.
        let _ = save(&town, "handy", "export { default } from \"npm:handy@1\";");
        assert!(fs::symlink_metadata(&made).is_err(), "{bin}");
        let mode = fs::metadata(&victim).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{bin}");
    }
}

#[test]
fn a_package_needs_no_folder_of_the_host() {
    let secret = tempfile::tempdir().unwrap();
    fs::write(
        secret.path().join("package.json"),
        r#"{"name":"inner","version":"1.0.0"}"#,
    )
    .unwrap();
    fs::write(
        secret.path().join("index.js"),
        "module.exports = 'known to the outside alone';",
    )
    .unwrap();
    for scheme in ["file:", "link:", "portal:", "workspace:", ""] {
        let origin = Origin::start();
        let wanted = format!("{scheme}{}", secret.path().display());
        publish_npm(
            &origin,
            &[Package {
                name: "outer",
                version: "1.0.0",
                manifest: json!({ "dependencies": { "inner": wanted } }),
                files: &[("index.js", "module.exports = 'here';")],
            }],
        );
        let town = town_of(&origin);
        let _ = save(&town, "outer", "export { default } from \"npm:outer@1\";");
        assert_eq!(
            files_with(&town.data(), "known to the outside alone"),
            0,
            "{wanted}"
        );
    }
}

/// Publishes `name` with a tarball of its own `package.json` and of `others` in a folder, and saves a val that imports it.
fn save_with(
    others: impl Fn(&std::path::Path) -> Vec<String>,
) -> (
    tempfile::TempDir,
    serde_json::Value,
    thorp_testkit::TestTown,
) {
    let origin = Origin::start();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("package");
    fs::create_dir(&root).unwrap();
    let package = Package {
        name: "crafted",
        version: "1.0.0",
        manifest: json!({}),
        files: &[],
    };
    fs::write(
        root.join("package.json"),
        full_manifest(&package).to_string(),
    )
    .unwrap();
    fs::write(root.join("index.js"), "module.exports = 'here';").unwrap();
    let others = others(folder.path());
    let mut args = vec!["package"];
    args.extend(others.iter().map(String::as_str));
    let tarball = publish_tarball(&origin, &package, folder.path(), &args);
    let mut manifest = full_manifest(&package);
    manifest["dist"] = json!({ "tarball": tarball });
    list_npm(
        &origin,
        "crafted",
        Map::from_iter([("1.0.0".to_owned(), manifest)]),
    );
    let town = town_of(&origin);
    let val = save(
        &town,
        "crafted",
        "import x from \"npm:crafted@1\";\nexport default x;",
    );
    (folder, val, town)
}

#[test]
fn a_link_in_a_tarball_leads_nowhere() {
    let (_folder, val, town) = save_with(|folder| {
        symlink("/etc/passwd", folder.join("package/passwd")).unwrap();
        Vec::new()
    });
    assert_eq!(value(&town, &val), json!("here"));
    assert_eq!(things_named(&town.data(), "passwd"), 0);
}

#[test]
fn a_tarball_writes_nothing_outside_of_its_folder() {
    let (folder, val, town) = save_with(|folder| {
        fs::write(folder.join("escaped"), "").unwrap();
        let up = "../".repeat(24);
        vec![
            format!(
                "--transform=s,^escaped$,package/{up}{}/stolen,",
                folder.display().to_string().trim_start_matches('/')
            ),
            "escaped".to_owned(),
        ]
    });
    assert_eq!(
        diagnostics(&val),
        [(1, "DEPENDENCY_UNAVAILABLE".to_owned())]
    );
    assert!(!folder.path().join("stolen").exists());
    assert_eq!(things_named(&town.data(), "stolen"), 0);
}

/// How many things of this name there are below a folder, links included.
fn things_named(folder: &std::path::Path, name: &str) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let below = if entry.file_type().unwrap().is_dir() {
                things_named(&entry.path(), name)
            } else {
                0
            };
            below + usize::from(entry.file_name() == name)
        })
        .sum()
}

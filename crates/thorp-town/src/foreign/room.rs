//! The folder in which a foreign val is bundled: the files of all its vals, their packages, and small modules that stand for
//! what the guest gives.

use super::graph::{Member, Part, Parts};
use crate::dependencies::installed;
use crate::programs::{Ready, facade};
use serde_json::json;
use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use thorp_lang::{Module, VAL_FILE};

/// `process` as a module.
const STUB: &str = "const node = process;\nexport default node;\nexport const { env } = node;\n";
/// What is bundled.
pub(super) const ENTRY: &str = "entry.mjs";
/// Stands for `node:process`.
pub(super) const PROCESS: &str = "process.mjs";
/// Holds the vals. Source maps tell by it what the files are.
const VALS: &str = "v";
const PACKAGES: &str = "node_modules";

/// Writes everything. Answers with the folders of packages.
pub(super) fn lay_out(room: &Path, parts: &Parts) -> io::Result<Vec<PathBuf>> {
    let mut packages = Vec::new();
    let mut authors = BTreeSet::new();
    let mut entry = "import \"./names.mjs\";\n".to_owned();
    std::fs::write(room.join("names.mjs"), names(parts))?;
    std::fs::write(room.join(PROCESS), STUB)?;
    // What is found last is what the others need.
    for (at, member) in parts.members.iter().enumerate().rev() {
        let Member { folder, part } = member;
        let place = room.join(VALS).join(folder);
        std::fs::create_dir_all(&place)?;
        match part {
            Part::Data(json) => {
                let text = json!(json);
                let code = format!("export default Object.freeze(JSON.parse({text}));\n");
                std::fs::write(place.join(VAL_FILE), code)?;
            }
            Part::Code(ready) => {
                packages.extend(code(&place, ready)?);
                authors.extend(folder.split('/').next());
                if let Some(value) = ready.value_name() {
                    let name = format!("define-{at}.mjs");
                    std::fs::write(room.join(&name), define(folder, &value, ready))?;
                    entry.push_str(&format!("import \"./{name}\";\n"));
                }
            }
        }
    }
    for author in authors {
        town(&room.join(VALS).join(author).join(PACKAGES), author)?;
    }
    entry.push_str(&exported(parts));
    std::fs::write(room.join(ENTRY), entry)?;
    Ok(packages)
}

/// The files of one val.
fn code(place: &Path, ready: &Ready) -> io::Result<Option<PathBuf>> {
    let (modules, exports, packages) = ready.source();
    for module in modules {
        let path = place.join(&module.file);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, with_map(module))?;
    }
    if let Some(entry) = modules.first() {
        std::fs::write(place.join(VAL_FILE), facade(&entry.file, exports))?;
    }
    let Some(packages) = packages.map(installed) else {
        return Ok(None);
    };
    if packages.is_dir() {
        symlink(&packages, place.join(PACKAGES))?;
    }
    Ok(Some(packages))
}

/// A module's text with its map behind it, so that the map of the bundle leads to what the user wrote.
fn with_map(module: &Module) -> String {
    use base64::Engine as _;
    let map = module.map.as_deref().and_then(|map| {
        let mut map: serde_json::Value = serde_json::from_str(map).ok()?;
        let name = module.path.rsplit('/').next()?;
        map["sources"] = json!([name]);
        map.as_object_mut()?.remove("sourcesContent");
        Some(base64::engine::general_purpose::STANDARD.encode(map.to_string()))
    });
    match map {
        Some(map) => format!(
            "{}\n//# sourceMappingURL=data:application/json;base64,{map}\n",
            module.code
        ),
        None => module.code.clone(),
    }
}

/// A module that says what a val is that code names.
fn define(folder: &str, value: &str, ready: &Ready) -> String {
    let (modules, ..) = ready.source();
    let file = modules.first().map_or("", |module| module.file.as_str());
    let from = json!(format!("./{VALS}/{folder}/{file}"));
    let name = json!(folder);
    format!("import {{ {value} as value }} from {from};\nthorp.define({name}, () => value);\n")
}

/// A module that says how vals are spelled that code reads.
fn names(parts: &Parts) -> String {
    let names = parts.reads.iter();
    let names = names.map(|((user, name), spelled)| (format!("{user}/{name}"), json!(spelled)));
    let names: serde_json::Map<_, _> = names.collect();
    format!("thorp.names({});\n", serde_json::Value::from(names))
}

/// What the bundle exports.
fn exported(parts: &Parts) -> String {
    let Some(Member {
        folder,
        part: Part::Code(ready),
    }) = parts.members.first()
    else {
        return String::new();
    };
    let (modules, exports, _) = ready.source();
    match &parts.path {
        None => {
            let file = modules.first().map_or("", |module| module.file.as_str());
            facade(&format!("{VALS}/{folder}/{file}"), exports)
        }
        Some(path) => {
            let from = json!(format!("./{VALS}/{folder}/{path}.mjs"));
            // With a default export, if it has one.
            format!(
                "export * from {from};\nimport * as all from {from};\nexport default all[\"default\"];\n"
            )
        }
    }
}

/// What the guest has for own modules, as foreign ones have it: whose they are is written into it.
fn town(packages: &Path, author: &str) -> io::Result<()> {
    let author = json!(author);
    let modules = [
        ("thorp:vals", format!("export const vals = thorp.vals({author});\n")),
        (
            "thorp:std",
            format!("const std = thorp.std({author});\nexport const {{ api, email, me, val }} = std;\n"),
        ),
        (
            "thorp:env",
            "const own = [Deno, process];\nconst [deno, node] = own;\nexport { deno as Deno, node as process };\n".to_owned(),
        ),
        ("thorp:process", STUB.to_owned()),
    ];
    for (name, text) in modules {
        let folder = packages.join(name);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("index.js"), text)?;
    }
    Ok(())
}

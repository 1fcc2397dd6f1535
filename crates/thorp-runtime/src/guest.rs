//! The guest's files, which are part of the binary, and where they are put for Deno.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::RuntimeError;
use crate::request::file_url;

/// What a realm is made ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The code of one user.
    Plain,
    /// The code of one user, which answers web requests: what that needs is loaded beforehand.
    Web,
    /// The code of several users, each foreign val in a Compartment of its own.
    Hardened,
}

impl Kind {
    /// The file that Deno starts.
    pub(crate) fn main(self) -> &'static str {
        match self {
            Self::Plain | Self::Web => "main.ts",
            Self::Hardened => "hardened.ts",
        }
    }
}

/// The door between the modules that stand for foreign vals and the hardened guest.
pub(crate) const DOOR: &str = "realm/door.js";
/// What the hardened guest imports.
const HARDENED_HEAD: &str = "\
import \"./ses.js\";
import nodeConsole from \"node:console\";
import nodeUtil from \"node:util\";
import { install } from \"./realm/door.js\";
";
/// Hardened JavaScript, as its package ships it.
const SES: &str = include_str!("../../../node_modules/ses/dist/ses.umd.min.js");
/// Files that a sandbox imports to warm up.
pub(crate) const WARM: [&str; 3] = ["warm/1.ts", "warm/2.ts", "warm/3.ts"];

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../guest/", $path)))),*]
    };
}

/// The guest's modules, each behind those that it imports.
const MODULES: &[(&str, &str)] = files![
    "primordials.ts",
    "internals.ts",
    "denial.ts",
    "channel.ts",
    "current.ts",
    "console.ts",
    "realm.ts",
    "failure.ts",
    "result.ts",
    "promises.ts",
    "values.ts",
    "program.ts",
    "calls.ts",
    "town.ts",
    "runner.ts",
    "server.ts",
    "uncaught.ts",
    "network.ts",
    "main.ts",
];

/// What only own modules of a program can import, and where it is.
const OWN_IMPORTS: [(&str, &str); 4] = [
    ("thorp:env", "own/env.ts"),
    ("thorp:process", "own/process.ts"),
    ("thorp:std", "own/std.js"),
    ("thorp:vals", "own/vals.js"),
];
/// Modules that programs import: the prepared cache has to hold them.
pub(crate) const OWN: [&str; 4] = ["own/env.ts", "own/process.ts", "own/std.js", "own/vals.js"];

const OWN_FILES: &[(&str, &str)] =
    files!["own/env.ts", "own/process.ts", "own/std.js", "own/vals.js"];
/// What comes before all modules of the hardened guest.
const EARLY: &[(&str, &str)] = files!["realm/early.ts"];
/// The modules that the hardened guest has in the place of [`PLAIN_REALM`].
const REALM: &[(&str, &str)] = files![
    "realm/lockdown.ts",
    "realm/freeze.ts",
    "realm/wrap.ts",
    "realm/stubs.ts",
    "realm/endowments.ts",
    "realm/instances.ts",
    "realm/powers.ts",
    "realm/foreign.ts",
    "realm/realm.ts",
];
const PLAIN_REALM: &str = "realm.ts";
const DOOR_FILE: &[(&str, &str)] = files!["realm/door.js"];

const WARM_FILES: &[(&str, &str)] = files!["warm/1.ts", "warm/2.ts", "warm/3.ts"];

/// The modules as one file: Deno starts it with 1.8 ms less of processor time than ten. Modules with equal names at top
/// level would not be a program, so they can't slip in.
fn whole() -> String {
    MODULES.iter().flat_map(|(_, text)| alone(text)).collect()
}

/// The hardened guest as one file.
fn whole_hardened() -> String {
    let realm = MODULES.iter().flat_map(|module| match module.0 {
        PLAIN_REALM => REALM,
        _ => std::slice::from_ref(module),
    });
    let modules = EARLY.iter().chain(realm);
    let text: String = modules.flat_map(|(_, text)| alone(text)).collect();
    format!("{HARDENED_HEAD}{text}")
}

/// A module's lines without imports and without the word `export`.
fn alone(text: &str) -> impl Iterator<Item = String> {
    let mut in_import = false;
    text.lines().filter_map(move |line| {
        in_import |= line.starts_with("import ");
        if in_import {
            in_import = !line.ends_with(';');
            return None;
        }
        Some(format!(
            "{}\n",
            line.strip_prefix("export ").unwrap_or(line)
        ))
    })
}

fn files() -> Vec<(&'static str, String)> {
    let warm = WARM_FILES
        .iter()
        .chain(OWN_FILES)
        .map(|(path, text)| (*path, (*text).to_owned()));
    let door = DOOR_FILE
        .iter()
        .map(|(path, text)| (*path, (*text).to_owned()));
    [
        (Kind::Plain.main(), whole()),
        (Kind::Hardened.main(), whole_hardened()),
        ("ses.js", SES.to_owned()),
    ]
    .into_iter()
    .chain(door)
    .chain(warm)
    .collect()
}

/// The import map of a sandbox, as a `data:` URL: it is about files in the folder of own modules, and nothing else.
pub(crate) fn import_map(guest: &Path, modules: &Path) -> String {
    let imports: serde_json::Map<_, _> = OWN_IMPORTS
        .iter()
        .map(|(name, path)| {
            let url = file_url(&guest.to_string_lossy(), path);
            ((*name).to_owned(), url.into())
        })
        .collect();
    let scope = file_url(&modules.to_string_lossy(), "");
    let map = serde_json::json!({ "scopes": { scope: imports } }).to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/:,".contains(&byte);
    let escaped: String = map
        .bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect();
    format!("data:application/json,{escaped}")
}

const HASH_CHARS: usize = 16;

/// Names the guest by what is in it.
pub(crate) fn hash() -> String {
    let mut digest = Sha256::new();
    for (path, text) in files() {
        digest.update(path.as_bytes());
        digest.update([0]);
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    short(digest)
}

/// The first characters of a digest in hexadecimal.
pub(crate) fn short(digest: Sha256) -> String {
    let mut text: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    text.truncate(HASH_CHARS);
    text
}

/// Writes the guest's files, unless they are there, and names their folder.
pub(crate) fn install(state_dir: &Path) -> Result<PathBuf, RuntimeError> {
    let folder = state_dir.join(format!("guest-{}", hash()));
    for (path, text) in files() {
        write_if_changed(&folder.join(path), &text)?;
    }
    Ok(folder)
}

fn write_if_changed(path: &Path, text: &str) -> Result<(), RuntimeError> {
    let failed = |source| RuntimeError::Prepare {
        path: path.to_owned(),
        source,
    };
    if fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::{
        DOOR_FILE, EARLY, MODULES, OWN_FILES, REALM, WARM, WARM_FILES, whole, whole_hardened,
    };

    #[test]
    fn every_file_of_the_guest_is_part_of_the_binary() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest");
        let mut found: Vec<String> = ["", "own/", "realm/", "warm/"]
            .iter()
            .flat_map(|sub| {
                std::fs::read_dir(format!("{folder}/{sub}"))
                    .unwrap()
                    .map(move |entry| (sub, entry))
            })
            .map(|(sub, entry)| {
                format!("{sub}{}", entry.unwrap().file_name().into_string().unwrap())
            })
            .filter(|name| name.ends_with(".ts") || name.ends_with(".js"))
            .filter(|name| !name.ends_with("_test.ts") && !name.ends_with(".d.ts"))
            .collect();
        found.sort();
        let mut listed: Vec<&str> = MODULES
            .iter()
            .chain(EARLY)
            .chain(REALM)
            .chain(DOOR_FILE)
            .chain(WARM_FILES)
            .chain(OWN_FILES)
            .map(|(path, _)| *path)
            .collect();
        listed.sort_unstable();
        assert_eq!(found, listed);
        assert!(listed.contains(&"main.ts") && WARM.iter().all(|path| listed.contains(path)));
    }

    #[test]
    fn the_whole_guest_imports_and_exports_nothing() {
        let whole = whole();
        let begins = |word: &str| whole.lines().any(|line| line.starts_with(word));
        assert!(!begins("import ") && !begins("export ") && !begins("} from"));
        assert!(!whole.contains("lockdown(") && whole_hardened().contains("lockdown("));
        assert!(whole.contains("class Channel {") && whole.contains("import(module.url)"));
    }
}

//! The guest's files, which are part of the binary, and where they are put for Deno.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::RuntimeError;

/// The file that Deno starts.
pub(crate) const MAIN: &str = "main.ts";
/// Files that a sandbox imports to warm up.
pub(crate) const WARM: [&str; 3] = ["warm/1.ts", "warm/2.ts", "warm/3.ts"];

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../guest/", $path)))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "channel.ts",
    "console.ts",
    "failure.ts",
    "internals.ts",
    "main.ts",
    "primordials.ts",
    "program.ts",
    "result.ts",
    "runner.ts",
    "uncaught.ts",
    "warm/1.ts",
    "warm/2.ts",
    "warm/3.ts",
];

const HASH_CHARS: usize = 16;

/// Names the guest by what is in it.
pub(crate) fn hash() -> String {
    let mut digest = Sha256::new();
    for (path, text) in FILES {
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
    for (path, text) in FILES {
        write_if_changed(&folder.join(path), text)?;
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
    use super::{FILES, MAIN, WARM};

    #[test]
    fn every_file_of_the_guest_is_part_of_the_binary() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest");
        let mut found: Vec<String> = ["", "warm/"]
            .iter()
            .flat_map(|sub| {
                std::fs::read_dir(format!("{folder}/{sub}"))
                    .unwrap()
                    .map(move |entry| (sub, entry))
            })
            .map(|(sub, entry)| {
                format!("{sub}{}", entry.unwrap().file_name().into_string().unwrap())
            })
            .filter(|name| name.ends_with(".ts") && !name.ends_with("_test.ts"))
            .collect();
        found.sort();
        let listed: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        assert_eq!(found, listed);
        assert!(listed.contains(&MAIN) && WARM.iter().all(|path| listed.contains(path)));
    }
}

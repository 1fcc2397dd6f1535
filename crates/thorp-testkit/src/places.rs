//! Where the programs are that a town needs.

use std::env;
use std::path::{Path, PathBuf};

const DENO_IN_MODULES: [&str; 3] = [
    "@deno/linux-x64-glibc/deno",
    "@deno/linux-arm64-glibc/deno",
    "deno/deno",
];

/// The Deno binary: `THORP_DENO`, or that of the workspace's `node_modules`.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn deno() -> PathBuf {
    if let Some(path) = env::var_os("THORP_DENO") {
        return PathBuf::from(path);
    }
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let modules = folders.map(|folder| folder.join("node_modules"));
    let found = modules
        .flat_map(|modules| DENO_IN_MODULES.map(|path| modules.join(path)))
        .find(|path| path.is_file());
    found.expect(
        "Deno is missing: run `npm ci` in the workspace's folder, or name the binary in THORP_DENO",
    )
}

/// The `thorp` binary: `THORP_BIN`, or the one that was built beside the test.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn executable() -> PathBuf {
    if let Some(path) = env::var_os("THORP_BIN") {
        return PathBuf::from(path);
    }
    let test = env::current_exe().expect("a test has a path");
    let built = test
        .ancestors()
        .skip(1)
        .take(3)
        .map(|folder| folder.join("thorp"))
        .find(|path| path.is_file());
    built.unwrap_or_else(|| {
        panic!(
            "no `thorp` beside {}: run `cargo build -p thorp`, or name the binary in THORP_BIN",
            test.display()
        )
    })
}

//! Finding the Deno binary.

use crate::failure::{Exit, Failure};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The version that this Thorp is made for and tested with.
pub(crate) const PINNED: &str = "2.9.6";

/// Where `npm ci` puts it, below a `node_modules` folder.
const IN_NODE_MODULES: [&str; 2] = [
    if cfg!(target_arch = "aarch64") {
        "@deno/linux-arm64-glibc/deno"
    } else {
        "@deno/linux-x64-glibc/deno"
    },
    "deno/deno",
];

/// The binary that was told, that of a `node_modules` folder here or beside this program or above, or that of the PATH.
pub(crate) fn find(told: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(told) = told {
        let path = super::absolute(told)?;
        return if is_program(&path) {
            Ok(path)
        } else {
            Err(not_there(told))
        };
    }
    let starts = [std::env::current_dir().ok(), own_folder()];
    let installed = starts
        .iter()
        .flatten()
        .find_map(|start| installed_above(start));
    installed.or_else(on_path).ok_or_else(nowhere)
}

fn own_folder() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.to_owned())
}

fn installed_above(start: &Path) -> Option<PathBuf> {
    let places = start
        .ancestors()
        .flat_map(|folder| IN_NODE_MODULES.map(|rest| folder.join("node_modules").join(rest)));
    places.into_iter().find(|path| is_program(path))
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("deno"))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn not_there(told: &Path) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("there is no Deno at `{}`", told.display()),
    )
    .hint("`--deno` and `THORP_DENO` name the binary itself; without them it is looked for")
}

fn nowhere() -> Failure {
    Failure::new(
        Exit::Usage,
        "Deno is missing: neither a `node_modules` folder here or above nor the PATH has it",
    )
    .hint(format!(
        "run `npm ci` in Thorp's folder, or name Deno {PINNED} with `--deno PATH`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_above_is_found_and_files_that_cannot_run_are_not() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        let deno = root.path().join("node_modules").join(IN_NODE_MODULES[1]);
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::create_dir_all(deno.parent().unwrap()).unwrap();
        std::fs::write(&deno, "").unwrap();
        assert_eq!(installed_above(&deep), None);
        std::fs::set_permissions(&deno, PermissionsExt::from_mode(0o755)).unwrap();
        assert_eq!(installed_above(&deep), Some(deno));
    }
}

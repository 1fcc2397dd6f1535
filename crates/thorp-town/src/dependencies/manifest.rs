//! What a version needs from outside, as its imports say. Pure.

use std::collections::{BTreeMap, BTreeSet};
use thorp_lang::{Facts, ImportKind};

/// Packages by their alias, and modules by their address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Alias to `npm:name@range`, as `package.json` wants it.
    pub(crate) packages: BTreeMap<String, String>,
    /// How the compiled code imports the packages, such as `zod__4/mini`.
    pub(crate) specifiers: BTreeSet<String>,
    /// `https:` and `jsr:` specifiers as they were written.
    pub(crate) remote: BTreeSet<String>,
}

impl Manifest {
    pub(crate) fn of(facts: &Facts) -> Self {
        let mut manifest = Self::default();
        for import in &facts.imports {
            match &import.kind {
                ImportKind::Npm {
                    name, range, alias, ..
                } => {
                    let specifier = import.rewritten.as_ref().unwrap_or(&import.specifier);
                    manifest.specifiers.insert(specifier.clone());
                    manifest
                        .packages
                        .insert(alias.clone(), requirement(name, range));
                }
                ImportKind::Jsr | ImportKind::Https => {
                    manifest.remote.insert(import.specifier.clone());
                }
                _ => {}
            }
        }
        manifest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.remote.is_empty()
    }

    /// One text for equal needs: what a lock is found again by.
    pub(crate) fn key(&self) -> String {
        let packages = self
            .packages
            .iter()
            .map(|(alias, wanted)| format!("{alias}={wanted}\n"));
        let imported = self.specifiers.iter().chain(&self.remote);
        packages
            .chain(imported.map(|name| format!("{name}\n")))
            .collect()
    }
}

/// What `package.json` says of a package.
pub(super) fn requirement(name: &str, range: &str) -> String {
    if range.is_empty() {
        format!("npm:{name}@*")
    } else {
        format!("npm:{name}@{range}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(packages: &[(&str, &str)], remote: &[&str]) -> Manifest {
        Manifest {
            packages: packages
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect(),
            remote: remote.iter().map(|r| (*r).to_owned()).collect(),
            ..Manifest::default()
        }
    }

    #[test]
    fn equal_needs_have_one_key() {
        let one = manifest(
            &[("zod__4", "npm:zod@4"), ("a", "npm:a@*")],
            &["jsr:@std/x@1"],
        );
        let other = manifest(
            &[("a", "npm:a@*"), ("zod__4", "npm:zod@4")],
            &["jsr:@std/x@1"],
        );
        assert_eq!(one.key(), other.key());
        assert_ne!(one.key(), manifest(&[("a", "npm:a@*")], &[]).key());
    }

    #[test]
    fn a_missing_range_means_any_version() {
        assert_eq!(requirement("zod", ""), "npm:zod@*");
        assert_eq!(requirement("@a/b", "^1.2"), "npm:@a/b@^1.2");
    }
}

//! What a program names of other vals, as its text says. Pure.

use thorp_lang::{Facts, ImportKind, Position};

/// One val that a program names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// The owner, in lower case.
    pub(crate) user: String,
    /// The val, in lower case.
    pub(crate) name: String,
    /// The val, as it is written: so it is called if the program makes it.
    pub(crate) spelled: String,
    /// The version that the text names.
    pub(crate) version: Option<u64>,
    /// Whether it is an `import`, which needs code or a value; otherwise what is missing is `undefined`.
    pub(crate) imported: bool,
    /// Whether the program may write it.
    pub(crate) written: bool,
    /// The file of the val that is imported, if it is not the entry.
    pub(crate) path: Option<String>,
    /// The file that it stands in.
    pub(crate) file: String,
    /// Its line.
    pub(crate) line: u32,
    /// Its column.
    pub(crate) column: u32,
}

impl Use {
    /// All of a program.
    pub(crate) fn all(facts: &Facts) -> Vec<Self> {
        let imports = facts
            .imports
            .iter()
            .filter_map(|import| match &import.kind {
                ImportKind::Val {
                    user,
                    name,
                    version,
                    path,
                } => Some(Self {
                    user: user.to_ascii_lowercase(),
                    name: name.to_ascii_lowercase(),
                    spelled: name.clone(),
                    version: *version,
                    imported: true,
                    written: false,
                    path: path.clone(),
                    file: import.file.clone(),
                    line: import.line,
                    column: import.column,
                }),
                _ => None,
            });
        // Who is called through the town is no part of the program.
        let named = facts
            .references
            .iter()
            .filter(|reference| reference.position != Position::Api);
        let named = named.map(|reference| Self {
            user: reference.user.to_ascii_lowercase(),
            name: reference.name.to_ascii_lowercase(),
            spelled: reference.name.clone(),
            version: reference.version,
            imported: false,
            written: reference.position.writes(),
            path: None,
            file: reference.file.clone(),
            line: reference.line,
            column: reference.column,
        });
        imports.chain(named).collect()
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// As a text names it: `val:bob/lib@3`, or `@bob.lib`.
    pub(crate) fn specifier(&self) -> String {
        let Self { user, spelled, .. } = self;
        let version = self.version.map(|version| format!("@{version}"));
        let version = version.unwrap_or_default();
        if !self.imported {
            return format!("@{user}.{spelled}{version}");
        }
        let path = self.path.as_ref().map(|path| format!("/{path}"));
        format!("val:{user}/{spelled}{version}{}", path.unwrap_or_default())
    }

    /// The folder of its files in a program of several vals.
    pub(crate) fn folder(&self) -> String {
        thorp_lang::val_folder(&self.user, &self.name, self.version)
    }
}

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
    /// Where it stands.
    pub(crate) place: String,
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
                    ..
                } => Some(Self {
                    user: user.to_ascii_lowercase(),
                    name: name.to_ascii_lowercase(),
                    spelled: name.clone(),
                    version: *version,
                    imported: true,
                    written: false,
                    place: format!("{}:{}", import.file, import.line),
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
            place: format!("{}:{}", reference.file, reference.line),
        });
        imports.chain(named).collect()
    }

    /// The folder of its files in a program of several vals.
    pub(crate) fn folder(&self) -> String {
        thorp_lang::val_folder(&self.user, &self.name, self.version)
    }
}

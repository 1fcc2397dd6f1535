//! What a program names of other vals, as its text says. Pure.

use thorp_lang::{Facts, ImportKind};

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
    pub(crate) version: Option<i64>,
    /// Whether it is an `import`, which needs code or a value; otherwise what is missing is `undefined`.
    pub(crate) imported: bool,
    /// Whether the program may write it.
    pub(crate) written: bool,
    /// Where it stands.
    pub(crate) place: String,
}

impl Use {
    /// All of a program, each once for each way of using it.
    pub(crate) fn all(facts: &Facts) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for import in &facts.imports {
            if let ImportKind::Val {
                user,
                name,
                version,
                ..
            } = &import.kind
            {
                all.push(Self {
                    user: user.clone(),
                    name: name.clone(),
                    spelled: name.clone(),
                    version: *version,
                    imported: true,
                    written: false,
                    place: format!("{}:{}", import.file, import.line),
                });
            }
        }
        all
    }

    /// The folder of its files in a program of several vals.
    pub(crate) fn folder(&self) -> String {
        thorp_lang::val_folder(&self.user, &self.name, self.version)
    }
}

//! What goes into the compiler, and which paths a version's files may have.

use serde::{Deserialize, Serialize};

use crate::compiled::EXPRESSION_PATH;
use crate::limits::PATH_BYTES_MAX;

/// The entry of a val unless it says otherwise.
pub const ENTRY_DEFAULT: &str = "main.tsx";

/// One file of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Path relative to the version, `/` between names; see [`check_path`].
    pub path: String,
    /// The text as the user wrote it.
    pub text: String,
}

/// What the text is to be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SourceKind {
    /// A val: modules with one entry.
    Val,
    /// One expression, or a module that exports its value.
    Expression,
    /// A script that a bundler made, to be written as a Compartment takes it.
    Script,
}

/// The text to compile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What it is to be read as.
    pub kind: SourceKind,
    /// Path of the entry; for an expression, of its only file.
    pub entry: String,
    /// All files, the entry among them.
    pub files: Vec<SourceFile>,
    /// Name of the user whose text it is, whom `@me` means. Absent: nobody's, and `@me` has
    /// nothing.
    #[serde(default)]
    pub author: Option<String>,
}

impl Source {
    /// A val of one file, [`ENTRY_DEFAULT`].
    pub fn val(text: impl Into<String>) -> Self {
        Self::single(SourceKind::Val, ENTRY_DEFAULT, text.into())
    }

    /// An expression, in a file called [`EXPRESSION_PATH`].
    pub fn expression(text: impl Into<String>) -> Self {
        Self::single(SourceKind::Expression, EXPRESSION_PATH, text.into())
    }

    /// A script for a Compartment; its only file is called `path`.
    pub fn script(path: impl Into<String>, text: impl Into<String>) -> Self {
        let path = path.into();
        Self::single(SourceKind::Script, &path, text.into())
    }

    fn single(kind: SourceKind, path: &str, text: String) -> Self {
        let file = SourceFile {
            path: path.to_owned(),
            text,
        };
        Self {
            kind,
            entry: path.to_owned(),
            files: vec![file],
            author: None,
        }
    }

    /// The same, as the text of a user.
    #[must_use]
    pub fn by(mut self, author: impl Into<String>) -> Self {
        self.author = Some(author.into());
        self
    }
}

/// Why a file may not be called so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// No name at all.
    #[error("the path is empty")]
    Empty,
    /// Longer than [`PATH_BYTES_MAX`].
    #[error("the path is longer than {PATH_BYTES_MAX} bytes")]
    TooLong,
    /// Begins with `/`, or has a drive or scheme.
    #[error("the path is not relative")]
    NotRelative,
    /// `//` or a `/` at the end.
    #[error("the path has an empty name in it")]
    EmptyName,
    /// `.` or `..` as a name.
    #[error("the path has `.` or `..` in it")]
    Dots,
    /// A character outside `A-Z a-z 0-9 . _ - @ + $ [ ] ( )`.
    #[error("the path has `{0}` in it, which is not allowed")]
    Character(char),
    /// A name that the runtime gives a meaning of its own.
    #[error("`node_modules` and names that begin with `.` are taken")]
    Reserved,
}

/// Whether a file of a version may have this path.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_path(path: &str) -> Result<(), PathError> {
    if path.is_empty() {
        return Err(PathError::Empty);
    }
    if path.len() > PATH_BYTES_MAX {
        return Err(PathError::TooLong);
    }
    if path.starts_with('/') {
        return Err(PathError::NotRelative);
    }
    path.split('/').try_for_each(check_name)
}

fn check_name(name: &str) -> Result<(), PathError> {
    match name {
        "" => return Err(PathError::EmptyName),
        "." | ".." => return Err(PathError::Dots),
        "node_modules" => return Err(PathError::Reserved),
        _ => {}
    }
    if name.starts_with('.') {
        return Err(PathError::Reserved);
    }
    match name.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(PathError::Character(c)),
        None => Ok(()),
    }
}

fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '.' | '_' | '-' | '@' | '+' | '$' | '[' | ']' | '(' | ')')
}

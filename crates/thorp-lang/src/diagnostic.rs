//! What is wrong with a program and where: codes, severities, positions.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The program cannot run.
    Error,
    /// The program can run; something about it will surprise.
    Warning,
}

/// One finding about the source text.
///
/// Lines and columns count from 1; a column counts Unicode scalar values (an emoji is one, a
/// tab is one). The end is exclusive. Lines end as JavaScript says: LF, CRLF, CR, U+2028, U+2029.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// Whether the program can run in spite of it.
    pub severity: Severity,
    /// Stable code, see [`code`].
    pub code: String,
    /// One sentence, backticks round code, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Path of the file as the user calls it.
    pub file: String,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Line after the last character.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

impl Diagnostic {
    /// An error about a file as a whole.
    pub(crate) fn of_file(code: &str, file: &str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: code.to_owned(),
            message: message.into(),
            hint: None,
            file: file.to_owned(),
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
        }
    }

    /// The same with a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The codes of diagnostics; clients may rely on them.
pub mod code {
    /// The text is not what the language allows.
    pub const SYNTAX_ERROR: &str = "SYNTAX_ERROR";
    /// The text nests too deeply or takes too much to compile.
    pub const TOO_COMPLEX: &str = "TOO_COMPLEX";
    /// More text, files or imports than a version may have.
    pub const TOO_LARGE: &str = "TOO_LARGE";
    /// A path that a version may not have.
    pub const BAD_PATH: &str = "BAD_PATH";
    /// The entry, or an imported file, is not among the files.
    pub const MISSING_FILE: &str = "MISSING_FILE";
    /// An import of a name that means nothing here.
    pub const UNKNOWN_IMPORT: &str = "UNKNOWN_IMPORT";
    /// An import of a kind that the town does not load.
    pub const UNSUPPORTED_IMPORT: &str = "UNSUPPORTED_IMPORT";
    /// An import of data without the attribute that says so.
    pub const IMPORT_ATTRIBUTE: &str = "IMPORT_ATTRIBUTE";
    /// Warning: an `import()` whose name is only known when it runs.
    pub const COMPUTED_IMPORT: &str = "COMPUTED_IMPORT";
    /// Warning: `require` of a package; only `import` is resolved.
    pub const REQUIRE: &str = "REQUIRE";
    /// Warning: decorators, which come in two kinds.
    pub const DECORATORS: &str = "DECORATORS";
    /// Warning: the entry gives no value, so running it fails.
    pub const NO_VALUE: &str = "NO_VALUE";
    /// Syntax that only types may use, or that TypeScript forbids here.
    pub const TYPE_ONLY: &str = "TYPE_ONLY";
    /// A reference to a val where none can stand, or that nobody may write.
    pub const BAD_REFERENCE: &str = "BAD_REFERENCE";
    /// A val whose code cannot run in another user's program.
    pub const NOT_IMPORTABLE: &str = "NOT_IMPORTABLE";
    /// The compiler itself failed on the text.
    pub const COMPILER_ERROR: &str = "COMPILER_ERROR";
}

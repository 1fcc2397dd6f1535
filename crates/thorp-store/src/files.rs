//! The files of versions, kept once by content.

use crate::Digest;

/// One file of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path inside the val, for example `main.tsx`.
    pub path: String,
    /// The text.
    pub text: String,
}

/// The digest of a version's content: its entry and all its paths and texts, whatever order the files come in.
/// Two versions with the same digest hold the same text.
pub fn manifest_digest(entry: &str, files: &[File]) -> Digest {
    let mut lines: Vec<String> = files
        .iter()
        .map(|file| manifest_line(&file.path, Digest::of(file.text.as_bytes())))
        .collect();
    lines.sort_unstable();
    Digest::of(format!("{}:{entry}{}", entry.len(), lines.concat()).as_bytes())
}

/// The length goes first, so that no path can be read as two.
fn manifest_line(path: &str, digest: Digest) -> String {
    format!("{}:{path}{digest}", path.len())
}

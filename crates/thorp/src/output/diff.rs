//! Differences between two sets of files, as unified diffs.

use super::clean;
use super::style::{BAD, GOOD, PLACE, STRONG};
use crate::client::api::FileText;
use crate::limits::DIFF_CONTEXT_LINES;
use similar::TextDiff;
use std::collections::BTreeSet;

/// One side of a comparison.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    /// What it is called, such as `version 3`.
    pub(crate) name: &'a str,
    /// Its files.
    pub(crate) files: &'a [FileText],
}

impl<'a> Side<'a> {
    fn text(&self, path: &str) -> &'a str {
        self.files
            .iter()
            .find(|file| file.path == path)
            .map_or("", |file| &file.text)
    }
}

/// What would have to change in `old` to make it `new`; empty if nothing.
pub(crate) fn files(old: Side<'_>, new: Side<'_>) -> String {
    let paths: BTreeSet<&str> = old
        .files
        .iter()
        .chain(new.files)
        .map(|file| file.path.as_str())
        .collect();
    paths.into_iter().map(|path| one(path, old, new)).collect()
}

fn one(path: &str, old: Side<'_>, new: Side<'_>) -> String {
    let diff = TextDiff::from_lines(old.text(path), new.text(path));
    let unified = diff
        .unified_diff()
        .context_radius(DIFF_CONTEXT_LINES)
        .header(
            &format!("{path} ({})", old.name),
            &format!("{path} ({})", new.name),
        )
        .to_string();
    unified
        .lines()
        .map(|line| format!("{}\n", coloured(&clean(line))))
        .collect()
}

fn coloured(line: &str) -> String {
    let style = match line.as_bytes() {
        [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => STRONG,
        [b'-', ..] => BAD,
        [b'+', ..] => GOOD,
        [b'@', b'@', ..] => PLACE,
        _ => return line.to_owned(),
    };
    format!("{style}{line}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_changed_added_and_removed_files_only() {
        let file = |path: &str, text: &str| FileText {
            path: path.into(),
            text: text.into(),
        };
        let old = [
            file("a.ts", "1\n2\n"),
            file("same.ts", "x\n"),
            file("gone.ts", "g\n"),
        ];
        let new = [
            file("a.ts", "1\n3\n"),
            file("same.ts", "x\n"),
            file("new.ts", "n\n"),
        ];
        let text = files(
            Side {
                name: "theirs",
                files: &old,
            },
            Side {
                name: "yours",
                files: &new,
            },
        );
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        --- a.ts (theirs)
        +++ a.ts (yours)
        @@ -1,2 +1,2 @@
         1
        -2
        +3
        --- gone.ts (theirs)
        +++ gone.ts (yours)
        @@ -1 +0,0 @@
        -g
        --- new.ts (theirs)
        +++ new.ts (yours)
        @@ -0,0 +1 @@
        +n
        ");
    }
}

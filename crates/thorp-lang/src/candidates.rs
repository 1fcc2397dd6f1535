//! Where a text may hold what only the classic dialect has: `@user.val`, and `export name = …`.
//!
//! Reads characters, not the language: a candidate may stand in a string or a comment, and
//! what it is there is for [`crate::mask`] to find out.

use crate::limits::REFERENCE_GAP_BYTES_MAX;

/// A place that may be of the classic dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// First byte: the `@`, or the `e` of `export`.
    pub(crate) start: usize,
    /// Byte behind the last.
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// What a candidate would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `@user.val`
    Reference {
        user: String,
        val: String,
        /// A word stands right before it (`return@me.x`).
        glued: bool,
        /// Space or comments stand round the dot.
        gap: bool,
    },
    /// The word `export` of `export name = …`.
    Export,
}

/// All candidates, in the order of the text.
pub(crate) fn candidates(text: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = text
        .match_indices('@')
        .filter_map(|(at, _)| reference(text, at))
        .collect();
    let exports = text.match_indices("export");
    found.extend(exports.filter_map(|(at, _)| bare_export(text, at)));
    found.sort_by_key(|candidate| candidate.start);
    found
}

fn reference(text: &str, start: usize) -> Option<Candidate> {
    let glued = glued(&text[..start])?;
    let user = name(&text[start + 1..])?;
    let user_end = start + 1 + user.len();
    let dot = user_end + gap(&text[user_end..])?;
    let behind = text[dot..].strip_prefix('.')?;
    let val_start = dot + 1 + gap(behind)?;
    let val = name(&text[val_start..])?;
    let end = val_start + val.len();
    Some(Candidate {
        start,
        end,
        kind: Kind::Reference {
            user: user.to_owned(),
            val: val.to_owned(),
            glued,
            gap: end - start != user.len() + val.len() + 2,
        },
    })
}

/// Whether a word stands right before; `None` when that word, or what it ends, cannot stand
/// before an expression, as in an e-mail address.
fn glued(before: &str) -> Option<bool> {
    const WORDS: &[&str] = &[
        "await",
        "case",
        "default",
        "delete",
        "do",
        "else",
        "extends",
        "in",
        "instanceof",
        "new",
        "of",
        "return",
        "throw",
        "typeof",
        "void",
        "yield",
    ];
    let word = before.trim_end_matches(is_word);
    match &before[word.len()..] {
        "" => Some(false),
        word => WORDS.contains(&word).then_some(true),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '\u{200c}' | '\u{200d}')
}

/// The name of a user or a val that a text begins with.
fn name(text: &str) -> Option<&str> {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let name = &text[..end];
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    fits.then_some(name)
}

/// Bytes of space and comments that a text begins with; `None` when there are too many.
fn gap(text: &str) -> Option<usize> {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start();
        if text.len() - trimmed.len() > REFERENCE_GAP_BYTES_MAX {
            return None;
        }
        let window = &trimmed[..trimmed.floor_char_boundary(REFERENCE_GAP_BYTES_MAX)];
        rest = if let Some(comment) = window.strip_prefix("/*") {
            &trimmed[2 + comment.find("*/")? + 2..]
        } else if window.starts_with("//") {
            &trimmed[window.find('\n')?..]
        } else {
            return Some(text.len() - trimmed.len());
        };
    }
}

fn bare_export(text: &str, start: usize) -> Option<Candidate> {
    const WORD: &str = "export";
    let end = start + WORD.len();
    let behind = &text[end..];
    let rest = behind.trim_start();
    let name = name(rest)?;
    let after = rest[name.len()..].trim_start();
    let assigned =
        after.starts_with(':') || (after.starts_with('=') && !after[1..].starts_with(['=', '>']));
    let alone = !text[..start].ends_with(is_word) && rest.len() < behind.len();
    (assigned && alone).then_some(Candidate {
        start,
        end,
        kind: Kind::Export,
    })
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = candidates(text);
        let found: Vec<&str> = found.iter().map(|c| &text[c.start..c.end]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn references() {
        check("@me.x + @bob.y_2.z", &["@me.x", "@bob.y_2"]);
        check("return@me.x; bob@mail.example", &["@me.x"]);
        check(
            "@me . x, @me\n  // c\n  .x, @a/* b */./*c*/d",
            &["@me . x", "@me\n  // c\n  .x", "@a/* b */./*c*/d"],
        );
        check("@me.5 @.x @me @me..x @5.x @é.x @me.é @me?.x @me.x$", &[]);
    }

    #[test]
    fn gaps_end() {
        check(&format!("@me{}.x", " ".repeat(9999)), &[]);
        check(&format!("@me/*{}*/.x", " ".repeat(9999)), &[]);
        check("@me/* open .x", &[]);
    }

    #[test]
    fn exports() {
        check("export a = 1; export b: T = 2", &["export", "export"]);
        check(
            "export let a = 1; export a == b; reexport c = 1; export { a }; exporta = 1",
            &[],
        );
    }
}

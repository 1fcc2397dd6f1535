//! Recognises the classic dialect: puts identifiers in the place of references until the text
//! parses, and keeps an identifier only where the first error moves because of it.
//!
//! A masked text has the length of the text, hence all positions in it are positions in what
//! the user typed. What the identifiers then mean is no business of this module.

use std::collections::{BTreeMap, BTreeSet};

use crate::candidates::{Candidate, Kind, candidates};
use crate::limits::{MASK_READ_BYTES_MAX, REFERENCES_MAX};

/// One identifier that stands for a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Bytes of the reference in the text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Byte at which the identifier begins.
    pub(crate) at: usize,
    /// The identifier; the same for references that say the same.
    pub(crate) identifier: String,
    /// As the user wrote them.
    pub(crate) user: String,
    pub(crate) val: String,
}

/// A text with identifiers in the place of references.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Masked {
    pub(crate) text: String,
    /// In the order of the text.
    pub(crate) marks: Vec<Mark>,
    /// Where `let` stands for `export`.
    pub(crate) exports: Vec<usize>,
}

/// What reading a masked text tells.
pub(crate) struct Reading {
    /// Byte of the first error.
    pub(crate) error: Option<u32>,
    /// Where identifiers begin, when there is no error.
    pub(crate) identifiers: BTreeSet<u32>,
}

/// Masks `text` as far as `read` says that it helps.
pub(crate) fn mask(text: &str, read: impl FnMut(&str) -> Reading) -> Masked {
    let found = candidates(text);
    let mut masking = Masking {
        text,
        names: Names::new(text),
        candidates: found.into_iter().take(REFERENCES_MAX).collect(),
        read,
        bytes_left: MASK_READ_BYTES_MAX,
    };
    // Where a text has no class, `@` can be no decorator, and all may be tried at once.
    let at_once = match text.contains("class") {
        true => None,
        false => masking.all_at_once(),
    };
    let chosen = at_once.unwrap_or_else(|| masking.one_by_one());
    masking.masked(&chosen)
}

struct Masking<'t, R> {
    text: &'t str,
    names: Names<'t>,
    candidates: Vec<Candidate>,
    read: R,
    bytes_left: usize,
}

impl<R: FnMut(&str) -> Reading> Masking<'_, R> {
    /// Reads with everything masked, and takes those that then are identifiers: the others
    /// stand in strings or the like, where nothing has changed for the parser.
    fn all_at_once(&mut self) -> Option<BTreeSet<usize>> {
        let all: BTreeSet<usize> = (0..self.candidates.len()).collect();
        let masked = self.masked(&all);
        let reading = self.try_reading(&masked.text)?;
        if reading.error.is_some() {
            return None;
        }
        let is_there = |index: &usize| match &self.candidates[*index].kind {
            Kind::Export => true,
            Kind::Reference { .. } => {
                let start = self.candidates[*index].start;
                let mark = masked.marks.iter().find(|mark| mark.start == start);
                mark.is_some_and(|mark| reading.identifiers.contains(&offset(mark.at)))
            }
        };
        // An `export` that stands in a string is told by trying.
        let exports = self.candidates.iter().any(|c| c.kind == Kind::Export);
        (!exports).then(|| all.iter().copied().filter(is_there).collect())
    }

    fn one_by_one(&mut self) -> BTreeSet<usize> {
        let mut chosen = BTreeSet::new();
        let mut error = self
            .try_reading(self.text)
            .and_then(|reading| reading.error);
        while let Some(at) = error {
            match self.better(&mut chosen, at) {
                Some(next) => error = next,
                None => break,
            }
        }
        chosen
    }

    /// Masks the nearest candidate before the error that moves it; answers the next error.
    fn better(&mut self, chosen: &mut BTreeSet<usize>, error: u32) -> Option<Option<u32>> {
        let before = |c: &Candidate| offset(c.start) <= error;
        let near = self.candidates.partition_point(before);
        for index in (0..near).rev() {
            if !chosen.insert(index) {
                continue;
            }
            let masked = self.masked(chosen);
            let next = self.try_reading(&masked.text)?.error;
            if next.is_none_or(|next| next > error) {
                return Some(next);
            }
            chosen.remove(&index);
        }
        None
    }

    /// Reads, unless too much has been read already.
    fn try_reading(&mut self, text: &str) -> Option<Reading> {
        self.bytes_left = self.bytes_left.checked_sub(text.len())?;
        Some((self.read)(text))
    }

    fn masked(&mut self, chosen: &BTreeSet<usize>) -> Masked {
        let mut masked = Masked::default();
        let mut bytes = self.text.as_bytes().to_vec();
        for candidate in chosen
            .iter()
            .filter_map(|index| self.candidates.get(*index))
        {
            if candidate.kind == Kind::Export {
                masked.exports.push(candidate.start);
                put(
                    &mut bytes,
                    candidate.start,
                    candidate.end,
                    candidate.start,
                    "let",
                );
            } else if let Some(mark) = self.names.mark(candidate) {
                put(&mut bytes, mark.start, mark.end, mark.at, &mark.identifier);
                masked.marks.push(mark);
            }
        }
        // Whole characters were replaced by ASCII, so the text is still one.
        masked.text = String::from_utf8(bytes).unwrap_or_default();
        masked
    }
}

/// Writes `word` at `at`, and space into the rest of `start..end`.
fn put(bytes: &mut [u8], start: usize, end: usize, at: usize, word: &str) {
    bytes[start..end].fill(b' ');
    bytes[at..at + word.len()].copy_from_slice(word.as_bytes());
}

impl Masked {
    /// The text again that was masked.
    #[cfg(test)]
    pub(crate) fn unmasked(&self, original: &str) -> String {
        let mut bytes = self.text.as_bytes().to_vec();
        let marks = self.marks.iter().map(|mark| (mark.start, mark.end));
        let exports = self
            .exports
            .iter()
            .map(|start| (*start, start + "export".len()));
        for (start, end) in marks.chain(exports) {
            bytes[start..end].copy_from_slice(&original.as_bytes()[start..end]);
        }
        String::from_utf8(bytes).unwrap()
    }

    /// The mark of an identifier, the one that begins at `at` if there is one.
    pub(crate) fn mark(&self, identifier: &str, at: u32) -> Option<&Mark> {
        // Every identifier of a mark has a capital first, and most others have not.
        if !identifier.starts_with(|c: char| c.is_ascii_uppercase()) {
            return None;
        }
        let here = self.marks.binary_search_by_key(&at, |mark| offset(mark.at));
        let here = here.ok().and_then(|index| self.marks.get(index));
        here.filter(|mark| mark.identifier == identifier)
            .or_else(|| self.marks.iter().find(|mark| mark.identifier == identifier))
    }

    /// A message of the parser, with the user's own words in it.
    pub(crate) fn in_users_words(&self, message: &str) -> String {
        let mut message = message.to_owned();
        for mark in &self.marks {
            if message.contains(&mark.identifier) {
                let reference = format!("@{}.{}", mark.user, mark.val);
                message = message.replace(&mark.identifier, &reference);
            }
        }
        message
    }

    /// An identifier that stands neither in the text nor for a reference.
    pub(crate) fn free_name(&self, name: &str) -> String {
        let taken = |name: &str| self.text.contains(name);
        let numbered = (1_u32..).map(|n| format!("{name}{n}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        names.find(|name| !taken(name)).unwrap_or_default()
    }
}

/// Identifiers of given lengths that do not stand in the text.
struct Names<'t> {
    text: &'t str,
    given: BTreeMap<(String, String, usize), Option<String>>,
    count: usize,
}

impl<'t> Names<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            given: BTreeMap::new(),
            count: 0,
        }
    }

    /// `None` for what is no reference, or when all identifiers of its length are taken.
    fn mark(&mut self, candidate: &Candidate) -> Option<Mark> {
        let Kind::Reference {
            user,
            val,
            glued,
            gap,
        } = &candidate.kind
        else {
            return None;
        };
        let Candidate { start, end, .. } = *candidate;
        let at = start + usize::from(*glued);
        let end_of_identifier = match gap {
            // A line that ends inside must not end a statement: the rest becomes space.
            true => start + 1 + user.len(),
            false => end,
        };
        let identifier = self.identifier(user, val, end_of_identifier - at)?;
        let (user, val) = (user.clone(), val.clone());
        Some(Mark {
            start,
            end,
            at,
            identifier,
            user,
            val,
        })
    }

    fn identifier(&mut self, user: &str, val: &str, length: usize) -> Option<String> {
        let key = (user.to_ascii_lowercase(), val.to_ascii_lowercase(), length);
        if let Some(given) = self.given.get(&key) {
            return given.clone();
        }
        let tries = 0..Self::TRIES_MAX;
        let found = tries.into_iter().find_map(|_| {
            self.count += 1;
            let name = spell(self.count, length);
            (!self.text.contains(&name) && !self.is_given(&name)).then_some(name)
        });
        self.given.insert(key, found.clone());
        found
    }

    /// Names that one length is tried with; a text can have all of two characters.
    const TRIES_MAX: usize = 4000;

    fn is_given(&self, name: &str) -> bool {
        self.given.values().flatten().any(|given| given == name)
    }
}

/// A capital, underlines, and a number in the digits of the language's names.
fn spell(number: usize, length: usize) -> String {
    const CAPITALS: &[u8] = b"QXZJVWKYUNABCDEFGHILMOPRST";
    const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$";
    let mut name = vec![b'_'; length];
    let mut left = number / CAPITALS.len();
    for byte in name.iter_mut().skip(1).rev() {
        *byte = DIGITS[left % DIGITS.len()];
        left /= DIGITS.len();
        if left == 0 {
            break;
        }
    }
    if let Some(first) = name.first_mut() {
        *first = CAPITALS[number % CAPITALS.len()];
    }
    String::from_utf8(name).unwrap_or_default()
}

pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Reading, mask};
    use crate::candidates::{Kind, candidates};
    use crate::fuzz;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        let pieces = [
            "@me.x",
            "@a.b",
            "@a . b",
            "return",
            "@bob.long_name",
            "export x = ",
            " ",
            "\n",
            "é",
            "😀",
            "\"",
            "`",
            "${",
            "}",
            "(",
            ")",
            "=",
            "+",
            "/*",
            "*/",
            "//",
            "x",
            "class ",
            "A {",
            "<p>",
            "</p>",
            "=>",
            "@me/*é*/.x",
            "@",
            ".",
            "1",
            ";",
            "\u{2028}",
            "QX",
            "let ",
            "delete ",
            "++",
            "[...",
            "]",
            "new ",
            "for (const a of ",
            "const { a } = ",
            "?.",
        ];
        let piece = prop_oneof![
            9 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned),
            1 => "\\PC{0,3}",
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn masking_is_undone_and_moves_nothing(text in text(), errors in prop::collection::vec(0_u32..200, 0..60)) {
            // A parser that says anything: whatever is masked, it can be told again.
            let mut errors = errors.into_iter();
            let masked = mask(&text, |_| Reading { error: errors.next(), identifiers: Default::default() });
            prop_assert_eq!(masked.text.len(), text.len());
            prop_assert_eq!(masked.unmasked(&text), text.clone());
            for mark in &masked.marks {
                prop_assert!(text.is_char_boundary(mark.at) && mark.at + mark.identifier.len() <= mark.end);
                prop_assert!(!text.contains(&mark.identifier));
            }
        }

        #[test]
        fn programs_hold_what_is_promised(text in text()) {
            fuzz::program(text.as_bytes());
        }
    }

    #[test]
    fn what_is_read_is_bounded() {
        let text = "@a.b".repeat(1024);
        let mut read = 0;
        let masked = mask(&text, |text| {
            read += text.len();
            Reading {
                error: Some(text.len() as u32),
                identifiers: Default::default(),
            }
        });
        assert!(read <= crate::limits::MASK_READ_BYTES_MAX && masked.marks.is_empty());
        let mut at = 0;
        let masked = mask(&"@a.b;".repeat(2000), |_| {
            at += 1;
            Reading {
                error: Some(at * 5),
                identifiers: Default::default(),
            }
        });
        assert!(masked.marks.len() <= crate::limits::REFERENCES_MAX);
        assert!(candidates("@a.b").iter().all(|c| c.kind != Kind::Export));
    }
}

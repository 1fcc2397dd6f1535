//! Hides values of secrets in texts that are kept: as they are, percent-encoded in any way, in base64 at any alignment, and
//! escaped as in JSON. Pure.
//!
//! Long values are found by their beginning and hidden as far as the text agrees with them, so that what a text was cut to is
//! hidden too, and the finder stays small. Not found: values of less than [`MASKED_CHARS_MIN`] characters, those that are split
//! over two texts, and those that a program changes in other ways.

use crate::limits::{MASK_PATTERN_BYTES, MASKED_CHARS_MIN};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use zeroize::Zeroizing;

/// One way to write a value.
struct Spelling {
    bytes: Zeroizing<Vec<u8>>,
    marker: Arc<str>,
}

/// A piece of a text that has to be hidden.
struct Hit {
    range: Range<usize>,
    marker: Arc<str>,
}

/// Finds the values of one set of secrets.
pub(crate) struct Masker {
    finder: AhoCorasick,
    /// For each pattern, all that begin with it.
    spellings: Vec<Vec<Spelling>>,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masker")
    }
}

impl Masker {
    /// `None` if there is nothing to hide.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        let mut spellings: Vec<Vec<Spelling>> = Vec::new();
        let mut places = HashMap::new();
        let long = |value: &str| value.chars().count() >= MASKED_CHARS_MIN;
        for (name, value) in secrets.into_iter().filter(|(_, value)| long(value)) {
            let marker: Arc<str> = format!("[secret {name}]").into();
            for bytes in spellings_of(value) {
                let pattern = bytes[..bytes.len().min(MASK_PATTERN_BYTES)].to_vec();
                let place = *places.entry(pattern.clone()).or_insert_with(|| {
                    patterns.push(pattern);
                    spellings.push(Vec::new());
                    patterns.len() - 1
                });
                let marker = Arc::clone(&marker);
                spellings[place].push(Spelling { bytes, marker });
            }
        }
        if patterns.is_empty() {
            return None;
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&patterns)
            .ok()?;
        Some(Self { finder, spellings })
    }

    /// The text with a marker in the place of each value.
    pub(crate) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut hits = self.hits(text.as_bytes());
        if let Some((decoded, places)) = percent_decoded(text) {
            let original = |hit: Hit| Hit {
                range: places[hit.range.start]..places[hit.range.end],
                marker: hit.marker,
            };
            hits.extend(self.hits(&decoded).into_iter().map(original));
            hits.sort_by_key(|hit| hit.range.start);
        }
        match hits.is_empty() {
            true => Cow::Borrowed(text),
            false => Cow::Owned(replaced(text, hits)),
        }
    }

    /// The same for JSON, which stays JSON: values are looked for in what its strings mean and in its numbers.
    pub(crate) fn json<'t>(&self, json: &'t str) -> Cow<'t, str> {
        // Without escapes, strings are what they mean.
        if !json.contains('\\') && matches!(self.text(json), Cow::Borrowed(_)) {
            return Cow::Borrowed(json);
        }
        let mut masked = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(next) = rest.chars().next() {
            let (token, after) = rest.split_at(token_length(rest, next));
            self.token(token, next, &mut masked);
            rest = after;
        }
        Cow::Owned(masked)
    }

    fn token(&self, token: &str, first: char, masked: &mut String) {
        let text = match first {
            '"' => serde_json::from_str::<String>(token).ok(),
            _ => Some(token.to_owned()),
        };
        let hidden = text.as_deref().map(|text| self.text(text));
        match hidden {
            Some(Cow::Owned(hidden)) => {
                masked.push_str(&serde_json::Value::String(hidden).to_string());
            }
            _ => masked.push_str(token),
        }
    }

    fn hits(&self, bytes: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut at = 0;
        while let Some(found) = self.finder.find(Input::new(bytes).range(at..)) {
            let start = found.start();
            let Some((length, marker)) = self.extent(found.pattern().as_usize(), &bytes[start..])
            else {
                break;
            };
            let end = start + length;
            hits.push(Hit {
                range: start..end,
                marker,
            });
            // Another value may begin in the end of this one.
            at = (start + 1).max(end.saturating_sub(MASK_PATTERN_BYTES - 1));
        }
        hits
    }

    /// How far the text agrees with one of those that begin with the pattern.
    fn extent(&self, pattern: usize, bytes: &[u8]) -> Option<(usize, Arc<str>)> {
        let common = |spelling: &Spelling| {
            let pairs = spelling.bytes.iter().zip(bytes);
            pairs.take_while(|(one, other)| one == other).count()
        };
        let all = self.spellings.get(pattern)?.iter();
        let longest = all.map(|spelling| (common(spelling), &spelling.marker));
        let (length, marker) = longest.max_by_key(|(length, _)| *length)?;
        Some((length, Arc::clone(marker)))
    }
}

fn spellings_of(value: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let escaped = serde_json::Value::from(value).to_string();
    let mut all = vec![
        value.as_bytes().to_vec(),
        escaped.as_bytes()[1..escaped.len() - 1].to_vec(),
        // What forms make of spaces; the rest of their encoding is found decoded.
        value.replace(' ', "+").into_bytes(),
    ];
    for before in 0..3 {
        all.push(base64_within(value, before, &STANDARD_NO_PAD));
        all.push(base64_within(value, before, &URL_SAFE_NO_PAD));
    }
    all.sort();
    all.dedup();
    all.into_iter().map(Zeroizing::new).collect()
}

/// The characters that stand for this value alone in the base64 of a text that has it behind `before` other bytes.
fn base64_within(value: &str, before: usize, engine: &impl base64::Engine) -> Vec<u8> {
    let mut bytes = Zeroizing::new(vec![0; before]);
    bytes.extend_from_slice(value.as_bytes());
    let whole = bytes.len() * 8 / 6;
    let encoded = engine.encode(bytes.as_slice());
    encoded.as_bytes()[(before * 8).div_ceil(6)..whole].to_vec()
}

/// The text with its percent-encoded bytes as they are, and where each byte of that came from; `None` if there are none.
fn percent_decoded(text: &str) -> Option<(Vec<u8>, Vec<usize>)> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'%') {
        return None;
    }
    let (mut decoded, mut places, mut at) = (Vec::new(), Vec::new(), 0);
    while at < bytes.len() {
        places.push(at);
        let (byte, length) = match escape_at(&bytes[at..]) {
            Some(byte) => (byte, 3),
            None => (bytes[at], 1),
        };
        decoded.push(byte);
        at += length;
    }
    places.push(bytes.len());
    (decoded.len() < bytes.len()).then_some((decoded, places))
}

fn escape_at(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    match bytes {
        [b'%', high, low, ..] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    }
}

fn replaced(text: &str, hits: Vec<Hit>) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for hit in hits {
        // The text may differ from a value within a character.
        let end = text.floor_char_boundary(hit.range.end);
        let start = text.floor_char_boundary(hit.range.start);
        if start >= done {
            masked.push_str(&text[done..start]);
            masked.push_str(&hit.marker);
        }
        done = done.max(end);
    }
    masked.push_str(&text[done..]);
    masked
}

/// Bytes of the JSON token that begins the text: a string, a character of the structure, or what is between such.
fn token_length(text: &str, first: char) -> usize {
    const STRUCTURE: &str = "{}[],: \t\r\n";
    if first == '"' {
        return string_length(text);
    }
    if STRUCTURE.contains(first) {
        return first.len_utf8();
    }
    text.find(|c| c == '"' || STRUCTURE.contains(c))
        .unwrap_or(text.len())
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;

//! What foreign code asked for and did not get, as the guest tells it: bounded, each thing once.

use std::collections::HashSet;

use serde::Deserialize;

use crate::limits::{DENIALS_MAX, DENIED_TEXT_BYTES_MAX};
use crate::text::truncate;

/// One thing that a foreign val asked for and did not get.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Denied {
    /// The foreign val: `@bob/lib`.
    pub val: String,
    /// What it asked for, as it would be written.
    pub asked: String,
    /// The line of its script, if known.
    pub line: Option<u32>,
    /// And the column.
    pub column: Option<u32>,
}

/// Those of one run.
#[derive(Debug, Default)]
pub(crate) struct Denials {
    seen: HashSet<Denied>,
    all: Vec<Denied>,
    truncated: bool,
}

impl Denials {
    /// Takes one from a frame's payload; `None` if it is none.
    pub(crate) fn push(&mut self, payload: &[u8]) -> Option<()> {
        let mut denied: Denied = serde_json::from_slice(payload).ok()?;
        truncate(&mut denied.val, DENIED_TEXT_BYTES_MAX);
        truncate(&mut denied.asked, DENIED_TEXT_BYTES_MAX);
        if self.all.len() == DENIALS_MAX {
            self.truncated |= !self.seen.contains(&denied);
        } else if self.seen.insert(denied.clone()) {
            self.all.push(denied);
        }
        Some(())
    }

    /// All in their order, and whether there were more.
    pub(crate) fn finish(&mut self) -> (Vec<Denied>, bool) {
        (std::mem::take(&mut self.all), self.truncated)
    }
}

#[cfg(test)]
mod tests {
    use super::Denials;
    use crate::limits::DENIALS_MAX;

    fn payload(asked: usize) -> Vec<u8> {
        format!(r#"{{"val":"@bob/lib","asked":"{asked}","line":1,"column":null}}"#).into_bytes()
    }

    #[test]
    fn each_is_kept_once() {
        let mut denials = Denials::default();
        for asked in [1, 2, 1] {
            assert_eq!(denials.push(&payload(asked)), Some(()));
        }
        assert_eq!(denials.push(b"{}"), None);
        let (all, truncated) = denials.finish();
        assert_eq!((all.len(), truncated), (2, false));
        assert_eq!((all[0].val.as_str(), all[0].line), ("@bob/lib", Some(1)));
    }

    #[test]
    fn they_are_bounded() {
        let mut denials = Denials::default();
        (0..=DENIALS_MAX).for_each(|asked| assert!(denials.push(&payload(asked)).is_some()));
        let (all, truncated) = denials.finish();
        assert_eq!((all.len(), truncated), (DENIALS_MAX, true));
    }
}

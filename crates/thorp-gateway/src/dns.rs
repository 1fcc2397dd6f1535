//! The name server of a sandbox: it gives every name an address that was made up for it, so that a later connection to that
//! address says which name was meant. Nothing is looked up here. Pure but for the book; its input is hostile.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::limits::{NAME_BYTES_MAX, NAMES_MAX};

/// `198.18.0.0/15`, which is nobody's on the internet (RFC 2544).
const MADE_UP: u32 = 0xC612_0000;
const HEADER_BYTES: usize = 12;
const LABEL_BYTES_MAX: u8 = 63;
const TYPE_A: u16 = 1;
const CLASS_INTERNET: u16 = 1;
const SECONDS_TO_KEEP: u32 = 600;

const IS_ANSWER: u8 = 0x80;
const OPCODE: u8 = 0x78;
const RECURSION_DESIRED: u8 = 0x01;
const RECURSION_AVAILABLE: u8 = 0x80;

const GOOD: u8 = 0;
const MALFORMED: u8 = 1;
const FAILED: u8 = 2;
const NO_SUCH_NAME: u8 = 3;
const NOT_IMPLEMENTED: u8 = 4;

/// Which names a sandbox asked for, and the addresses that they got.
#[derive(Debug, Default)]
pub(crate) struct Book {
    places: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl Book {
    /// The address of a name; the same one every time. `None` if there are too many names.
    fn address(&mut self, name: &str) -> Option<Ipv4Addr> {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None if self.names.len() < NAMES_MAX => {
                self.names.push(name.into());
                let place = u32::try_from(self.names.len()).ok()?;
                self.places.insert(self.names.last()?.clone(), place);
                place
            }
            None => return None,
        };
        Some(Ipv4Addr::from_bits(MADE_UP + place))
    }

    /// The name that got this address.
    pub(crate) fn name(&self, address: Ipv4Addr) -> Option<&str> {
        let place = address.to_bits().checked_sub(MADE_UP + 1)?;
        let name = self.names.get(usize::try_from(place).ok()?)?;
        Some(name)
    }
}

/// What to answer, if anything: silence to what is no query.
pub(crate) fn answer(query: &[u8], book: &mut Book) -> Option<Vec<u8>> {
    let head: [u8; HEADER_BYTES] = query.get(..HEADER_BYTES)?.try_into().ok()?;
    if head[2] & IS_ANSWER != 0 {
        return None;
    }
    if head[2] & OPCODE != 0 {
        return Some(reply(&head, &[], NOT_IMPLEMENTED, None));
    }
    let Some(question) = Question::read(&head, &query[HEADER_BYTES..]) else {
        return Some(reply(&head, &[], MALFORMED, None));
    };
    let (code, address) = match question.name {
        None => (NO_SUCH_NAME, None),
        // A name without an address of this kind, rather than no such name: the other kind is asked for as well.
        Some(_) if (question.kind, question.class) != (TYPE_A, CLASS_INTERNET) => (GOOD, None),
        Some(name) => match book.address(&name) {
            Some(address) => (GOOD, Some(address)),
            None => (FAILED, None),
        },
    };
    Some(reply(&head, question.bytes, code, address))
}

struct Question<'a> {
    /// As it was asked.
    bytes: &'a [u8],
    /// In lower case; `None` if it can be no host.
    name: Option<String>,
    kind: u16,
    class: u16,
}

impl<'a> Question<'a> {
    /// Reads the only question. What follows it (EDNS) is not looked at.
    fn read(head: &[u8; HEADER_BYTES], body: &'a [u8]) -> Option<Self> {
        if head[4..6] != [0, 1] {
            return None;
        }
        let mut name = String::new();
        let mut is_host = true;
        let mut at = 0;
        loop {
            let length = *body.get(at)?;
            at += 1;
            if length == 0 {
                break;
            }
            // Longer ones are pointers, which a question needs not.
            if length > LABEL_BYTES_MAX {
                return None;
            }
            let label = body.get(at..at + usize::from(length))?;
            at += label.len();
            if !name.is_empty() {
                name.push('.');
            }
            for byte in label {
                is_host &= byte.is_ascii_alphanumeric() || b"-_".contains(byte);
                name.push(char::from(byte.to_ascii_lowercase()));
            }
            if name.len() > 2 * NAME_BYTES_MAX {
                return None;
            }
        }
        let is_host = is_host && !name.is_empty() && name.len() <= NAME_BYTES_MAX;
        let rest: [u8; 4] = body.get(at..at + 4)?.try_into().ok()?;
        Some(Self {
            bytes: &body[..at + 4],
            name: is_host.then_some(name),
            kind: u16::from_be_bytes([rest[0], rest[1]]),
            class: u16::from_be_bytes([rest[2], rest[3]]),
        })
    }
}

fn reply(
    head: &[u8; HEADER_BYTES],
    question: &[u8],
    code: u8,
    address: Option<Ipv4Addr>,
) -> Vec<u8> {
    let flags = IS_ANSWER | (head[2] & (OPCODE | RECURSION_DESIRED));
    let mut bytes = vec![head[0], head[1], flags, RECURSION_AVAILABLE | code];
    bytes.extend([0, u8::from(!question.is_empty())]);
    bytes.extend([0, u8::from(address.is_some()), 0, 0, 0, 0]);
    bytes.extend(question);
    if let Some(address) = address {
        // The name is the question's.
        bytes.extend([0xC0, 12]);
        bytes.extend(TYPE_A.to_be_bytes());
        bytes.extend(CLASS_INTERNET.to_be_bytes());
        bytes.extend(SECONDS_TO_KEEP.to_be_bytes());
        bytes.extend([0, 4]);
        bytes.extend(address.octets());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Book, answer};
    use crate::limits::NAMES_MAX;

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut bytes = vec![7, 8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.').filter(|label| !label.is_empty()) {
            bytes.push(label.len() as u8);
            bytes.extend(label.as_bytes());
        }
        bytes.push(0);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1]);
        bytes
    }

    #[test]
    fn a_name_gets_an_address_that_leads_back_to_it() {
        let mut book = Book::default();
        let asked = query("Db.Example", 1);
        let given = answer(&asked, &mut book).unwrap();
        assert_eq!(given[..12], [7, 8, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
        assert_eq!(given[12..asked.len()], asked[12..]);
        assert_eq!(given[given.len() - 4..], [198, 18, 0, 1]);
        assert_eq!(
            answer(&query("db.example", 1), &mut book).unwrap()[given.len() - 4..],
            [198, 18, 0, 1]
        );
        assert_eq!(book.name([198, 18, 0, 1].into()), Some("db.example"));
        for stranger in [
            [198, 18, 0, 0],
            [198, 18, 0, 2],
            [198, 17, 255, 255],
            [127, 0, 0, 1],
        ] {
            assert_eq!(book.name(stranger.into()), None);
        }
    }

    #[test]
    fn other_kinds_of_records_are_not_there() {
        let mut book = Book::default();
        for kind in [2, 12, 16, 28, 65, 255] {
            let given = answer(&query("a.example", kind), &mut book).unwrap();
            assert_eq!((given[3], given[7]), (0x80, 0));
        }
        assert!(book.names.is_empty());
    }

    #[test]
    fn what_is_no_host_does_not_exist() {
        let mut book = Book::default();
        let long = format!("{0}.{0}.{0}.{0}", "a".repeat(63));
        for name in ["", "a b", "ü", "a/b", long.as_str()] {
            assert_eq!(
                answer(&query(name, 1), &mut book).unwrap()[3],
                0x83,
                "{name}"
            );
        }
    }

    #[test]
    fn malformed_queries_are_refused() {
        let mut book = Book::default();
        let good = query("a.example", 1);
        let with = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            bytes
        };
        for bad in [
            with(5, 2),
            with(5, 0),
            with(12, 0xC0),
            with(12, 63),
            good[..20].to_vec(),
        ] {
            assert_eq!(answer(&bad, &mut book).unwrap()[3], 0x81, "{bad:?}");
        }
        assert_eq!(answer(&with(2, 0x28), &mut book).unwrap()[3], 0x84);
        // An answer is not answered: two servers would never end.
        assert_eq!(answer(&with(2, 0x81), &mut book), None);
        assert_eq!(answer(&good[..11], &mut book), None);
    }

    #[test]
    fn names_are_bounded() {
        let mut book = Book::default();
        for number in 0..NAMES_MAX {
            assert!(book.address(&format!("{number}.example")).is_some());
        }
        assert_eq!(
            answer(&query("more.example", 1), &mut book).unwrap()[3],
            0x82
        );
        assert!(book.address("0.example").is_some());
    }

    proptest! {
        #[test]
        fn no_query_breaks_it(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut book = Book::default();
            if let Some(given) = answer(&bytes, &mut book) {
                prop_assert!(given.len() <= bytes.len() + 16);
            }
        }
    }
}

//! Sealing values: XChaCha20-Poly1305, with a random nonce in front, bound to whose it is, its name and its revision. Pure
//! but for the nonce. Knows no files and no store.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use uuid::Uuid;
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;
/// Begins the bound data: what is sealed here can't be taken for anything else under the same key.
const DOMAIN: &[u8] = b"thorp secret 1\0";

/// What a sealed value belongs to. One that is put elsewhere in the database does not open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) user: Uuid,
    pub(crate) name: &'a str,
    pub(crate) revision: i64,
}

impl Place<'_> {
    /// The name has no fixed length, so it is last.
    fn bound(&self) -> Vec<u8> {
        let revision = self.revision.to_le_bytes();
        [
            DOMAIN,
            self.user.as_bytes(),
            &revision,
            self.name.as_bytes(),
        ]
        .concat()
    }
}

/// The value, encrypted. `None` if the system has no randomness.
pub(crate) fn seal(key: &[u8; 32], place: Place<'_>, value: &str) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).ok()?;
    let bound = place.bound();
    let payload = Payload {
        msg: value.as_bytes(),
        aad: &bound,
    };
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

/// The value. `None` if it was not sealed with this key for this place, or was changed since.
pub(crate) fn open(key: &[u8; 32], place: Place<'_>, sealed: &[u8]) -> Option<Zeroizing<String>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let bound = place.bound();
    let payload = Payload {
        msg: sealed,
        aad: &bound,
    };
    let value = cipher(key).decrypt(&XNonce::from(*nonce), payload).ok()?;
    String::from_utf8(value).ok().map(Zeroizing::new)
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place {
        user: Uuid::from_u128(1),
        name: "KEY",
        revision: 7,
    };

    #[test]
    fn a_value_opens_where_it_was_sealed_and_nowhere_else() {
        let key = [3; 32];
        let sealed = seal(&key, PLACE, "välue\n").unwrap();
        assert_eq!(open(&key, PLACE, &sealed).unwrap().as_str(), "välue\n");
        let user = Uuid::from_u128(2);
        for other in [
            Place { user, ..PLACE },
            Place {
                name: "KEY2",
                ..PLACE
            },
            Place {
                revision: 8,
                ..PLACE
            },
        ] {
            assert!(open(&key, other, &sealed).is_none(), "{other:?}");
        }
        assert!(open(&[4; 32], PLACE, &sealed).is_none());
    }

    #[test]
    fn a_changed_bit_is_noticed_and_no_two_sealings_are_alike() {
        let key = [3; 32];
        let sealed = seal(&key, PLACE, "value").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&key, PLACE, &changed).is_none(), "byte {at}");
        }
        assert!(open(&key, PLACE, &sealed[..NONCE_BYTES - 1]).is_none());
        assert_ne!(seal(&key, PLACE, "value").unwrap(), sealed);
    }
}

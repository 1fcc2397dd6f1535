//! E-mail addresses, in the plain form that every mail server takes.

use crate::error::{ErrorCode, TownError};
use crate::limits::EMAIL_ADDRESS_BYTES_MAX;
use lettre::Address;
use lettre::message::Mailbox;

/// Characters that an address could have in quotes only.
const NOT_PLAIN: &str = "\"<>()[]\\,;:";

/// The address, without spaces around it.
pub(crate) fn checked(text: &str) -> Result<String, TownError> {
    let text = text.trim_matches(' ');
    parse(text).map(|_| text.to_owned())
}

/// An address, or `Name <address>`.
pub(crate) fn mailbox(what: &str, text: &str) -> Result<Mailbox, TownError> {
    let no_name = || Ok(Mailbox::new(None, parse(text.trim_matches(' '))?));
    if text.chars().any(char::is_control) {
        return Err(TownError::refused(
            ErrorCode::BadRequest,
            format!("`{what}` has line ends or other control characters"),
        ));
    }
    let Some((name, rest)) = text.rsplit_once('<') else {
        return no_name();
    };
    let Some(address) = rest.trim_end_matches(' ').strip_suffix('>') else {
        return no_name();
    };
    let name = name.trim_matches([' ', '"']);
    let name = (!name.is_empty()).then(|| name.to_owned());
    Ok(Mailbox::new(name, parse(address)?))
}

fn parse(text: &str) -> Result<Address, TownError> {
    let plain = |c: char| c.is_ascii_graphic() && !NOT_PLAIN.contains(c);
    let wrong = || {
        let shown: String = text.chars().take(EMAIL_ADDRESS_BYTES_MAX).collect();
        TownError::hinted(
            ErrorCode::BadRequest,
            format!("`{}` is not an e-mail address", shown.escape_debug()),
            "write it like `alice@example.com`",
        )
    };
    if text.len() > EMAIL_ADDRESS_BYTES_MAX || !text.chars().all(plain) {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_are_taken_and_nothing_else() {
        assert_eq!(checked(" alice@example.com ").unwrap(), "alice@example.com");
        assert!(checked("a.b+c@localhost").is_ok());
        for wrong in [
            "",
            "alice",
            "@b",
            "a@",
            "a b@c",
            "a@b\r\nBcc: c@d",
            "a@b>\nRCPT TO:<c@d",
            "\"a\"@b",
            "ä@b.de",
            "a@b,c@d",
            "Alice <a@b.de>",
            &format!("{}@b.de", "a".repeat(EMAIL_ADDRESS_BYTES_MAX)),
        ] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mailbox_may_have_a_name() {
        let shown = |text| mailbox("replyTo", text).map(|mailbox| mailbox.to_string());
        assert_eq!(shown("a@b.de").unwrap(), "a@b.de");
        assert_eq!(shown("Bob B <a@b.de>").unwrap(), "Bob B <a@b.de>");
        assert!(shown("Bob\r\nBcc: x <a@b.de>").is_err());
        assert!(shown("Bob <a@b.de> <").is_err());
    }
}

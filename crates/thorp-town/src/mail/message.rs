//! Mail as it is sent: a letter of the outbox as a message of RFC 5322.

use super::address::mailbox;
use super::letter::{Attached, Letter};
use crate::error::TownError;
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use std::time::{Duration, UNIX_EPOCH};
use thorp_store::EmailSummary;

/// Tells other programs not to answer (RFC 3834).
const AUTO_SUBMITTED: &str = "Auto-Submitted";

/// The message. Its id is that of the mail, so that one that was sent twice can be known.
pub(crate) fn message(
    email: &EmailSummary,
    letter: &Letter,
    from: &Mailbox,
) -> Result<Message, TownError> {
    let micros = u64::try_from(email.created_at).unwrap_or_default();
    let mut builder = Message::builder()
        .from(from.clone())
        .to(mailbox("to", &email.recipient)?)
        .subject(&email.subject)
        .date(UNIX_EPOCH + Duration::from_micros(micros))
        .message_id(Some(format!("<{}@{}>", email.id, from.email.domain())))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str(AUTO_SUBMITTED),
            "auto-generated".to_owned(),
        ));
    if let Some(reply_to) = &letter.reply_to {
        builder = builder.reply_to(mailbox("replyTo", reply_to)?);
    }
    let body = body(letter);
    let built = if letter.attachments.is_empty() {
        match body {
            Body::One(part) => builder.singlepart(part),
            Body::Two(parts) => builder.multipart(parts),
        }
    } else {
        let mixed = MultiPart::mixed();
        let parts = match body {
            Body::One(part) => mixed.singlepart(part),
            Body::Two(parts) => mixed.multipart(parts),
        };
        let parts = letter.attachments.iter().try_fold(parts, attach)?;
        builder.multipart(parts)
    };
    built.map_err(TownError::internal)
}

enum Body {
    One(SinglePart),
    Two(MultiPart),
}

fn body(letter: &Letter) -> Body {
    match (&letter.text, &letter.html) {
        (Some(text), Some(html)) => Body::Two(MultiPart::alternative_plain_html(
            text.clone(),
            html.clone(),
        )),
        (None, Some(html)) => Body::One(SinglePart::html(html.clone())),
        (text, None) => Body::One(SinglePart::plain(text.clone().unwrap_or_default())),
    }
}

fn attach(parts: MultiPart, file: &Attached) -> Result<MultiPart, TownError> {
    let kind = ContentType::parse(&file.content_type).map_err(TownError::internal)?;
    let attachment = Attachment::new(file.filename.clone()).body(file.bytes()?, kind);
    Ok(parts.singlepart(attachment))
}

//! What a val wants to send, understood: the forms of `console.email`.

use super::address::mailbox;
use crate::error::{ErrorCode, TownError};
use crate::limits::{
    EMAIL_ATTACHMENTS_MAX, EMAIL_BYTES_MAX, EMAIL_FILENAME_CHARS_MAX, EMAIL_SUBJECT_CHARS_MAX,
    EMAIL_TEXT_BYTES_MAX,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::ContentType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a file is unless it is said.
const DEFAULT_TYPE: &str = "application/octet-stream";
/// The fields of a mail. An object with others is a value to be sent as it is.
const FIELDS: [&str; 5] = ["html", "text", "subject", "replyTo", "attachments"];
/// Fields of mail elsewhere, which have no meaning here.
const RECIPIENTS: [&str; 3] = ["to", "cc", "bcc"];

/// What a mail says. As JSON, it is kept in the store.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    rename_all = "camelCase",
    expecting = "an object with `html`, `text`, `subject`, `replyTo` or `attachments`"
)]
pub(crate) struct Letter {
    #[serde(skip_serializing)]
    pub(crate) subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) html: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reply_to: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<Attached>,
}

/// An attached file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "camelCase",
    expecting = "an object with `filename`, `content` and perhaps `contentType`"
)]
pub(crate) struct Attached {
    pub(crate) filename: String,
    /// In base64.
    pub(crate) content: String,
    #[serde(default = "default_type")]
    pub(crate) content_type: String,
}

fn default_type() -> String {
    DEFAULT_TYPE.to_owned()
}

impl Letter {
    /// The mail of a call of `console.email` with these arguments, a JSON array.
    pub(crate) fn read(payload: &str) -> Result<Self, TownError> {
        if payload.len() > EMAIL_BYTES_MAX {
            return Err(too_large("mail", EMAIL_BYTES_MAX));
        }
        let args: Vec<Value> = serde_json::from_str(payload)
            .map_err(|error| wrong(format!("mail is not as it should be: {error}")))?;
        let mut args = args.into_iter();
        let what = args.next().ok_or_else(nothing)?;
        let mut letter = Self::of(what)?;
        match args.next() {
            None | Some(Value::Null) => {}
            Some(Value::String(subject)) => letter.subject = Some(subject),
            Some(_) => return Err(wrong("the subject of mail is a string")),
        }
        letter.check()?;
        Ok(letter)
    }

    fn of(what: Value) -> Result<Self, TownError> {
        if is_mail(&what)? {
            return serde_json::from_value(what)
                .map_err(|error| wrong(format!("mail is not as it should be: {error}")));
        }
        let text = match what {
            Value::String(text) => text,
            value => format!("{value:#}"),
        };
        Ok(Self {
            text: Some(text),
            ..Self::default()
        })
    }

    fn check(&mut self) -> Result<(), TownError> {
        self.subject = self.subject.take().filter(|subject| !subject.is_empty());
        if let Some(subject) = &self.subject {
            one_line("subject", subject, EMAIL_SUBJECT_CHARS_MAX)?;
        }
        for text in [&self.text, &self.html].into_iter().flatten() {
            if text.len() > EMAIL_TEXT_BYTES_MAX {
                return Err(too_large("the text of mail", EMAIL_TEXT_BYTES_MAX));
            }
        }
        if let Some(reply_to) = &self.reply_to {
            mailbox("replyTo", reply_to)?;
        }
        if self.attachments.len() > EMAIL_ATTACHMENTS_MAX {
            let message = format!("mail has at most {EMAIL_ATTACHMENTS_MAX} attachments");
            return Err(TownError::refused(ErrorCode::TooLarge, message));
        }
        self.attachments.iter_mut().try_for_each(Attached::check)
    }
}

impl Attached {
    /// The file.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, TownError> {
        STANDARD
            .decode(&self.content)
            .map_err(|_| wrong(format!("`content` of `{}` is not base64", self.filename)))
    }

    fn check(&mut self) -> Result<(), TownError> {
        one_line("filename", &self.filename, EMAIL_FILENAME_CHARS_MAX)?;
        one_line("contentType", &self.content_type, EMAIL_FILENAME_CHARS_MAX)?;
        let (kind, name) = (&self.content_type, &self.filename);
        let multiple = kind
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/");
        if multiple || ContentType::parse(kind).is_err() {
            return Err(wrong(format!(
                "`contentType` of `{name}` is not the type of a file"
            )));
        }
        // As some write it, for URLs or in lines.
        self.content.retain(|c| !c.is_ascii_whitespace());
        self.bytes().map(drop)
    }
}

/// Whether it is an object with the fields of mail and no others.
fn is_mail(what: &Value) -> Result<bool, TownError> {
    let Value::Object(fields) = what else {
        return Ok(false);
    };
    let known = |key: &String| FIELDS.contains(&key.as_str());
    let addressed = |key: &String| RECIPIENTS.contains(&key.as_str());
    if fields.keys().any(known)
        && fields.keys().any(addressed)
        && fields.keys().all(|key| known(key) || addressed(key))
    {
        return Err(TownError::hinted(
            ErrorCode::BadRequest,
            "mail goes to the user whose val sends it, and to nobody else",
            "leave `to`, `cc` and `bcc` away",
        ));
    }
    Ok(!fields.is_empty() && fields.keys().all(known))
}

/// Refuses what would end a line of the mail's head.
fn one_line(what: &str, text: &str, chars_max: usize) -> Result<(), TownError> {
    if text.chars().any(char::is_control) {
        return Err(wrong(format!(
            "`{what}` has line ends or other control characters"
        )));
    }
    if text.chars().count() > chars_max {
        let message = format!("`{what}` has more than {chars_max} characters");
        return Err(TownError::refused(ErrorCode::TooLarge, message));
    }
    if text.is_empty() {
        return Err(wrong(format!("`{what}` is empty")));
    }
    Ok(())
}

fn wrong(message: impl Into<String>) -> TownError {
    TownError::refused(ErrorCode::BadRequest, message)
}

fn nothing() -> TownError {
    TownError::hinted(
        ErrorCode::BadRequest,
        "there is nothing to send",
        "call `console.email(value)` or `console.email({ subject, text, html })`",
    )
}

fn too_large(what: &str, bytes: usize) -> TownError {
    let message = format!("{what} has at most {} KiB", bytes >> 10);
    TownError::refused(ErrorCode::TooLarge, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(args: &Value) -> Letter {
        Letter::read(&args.to_string()).unwrap()
    }

    /// Text and subject of what is no object with fields of mail.
    fn check(args: &Value, text: &str, subject: Option<&str>) {
        let letter = read(args);
        assert_eq!(letter.text.as_deref(), Some(text), "{args}");
        assert_eq!(letter.subject.as_deref(), subject, "{args}");
        assert_eq!(letter.html, None);
    }

    #[track_caller]
    fn refused(args: &Value, code: ErrorCode, part: &str) {
        let error = Letter::read(&args.to_string()).unwrap_err();
        assert_eq!(error.code(), code, "{args}");
        assert!(error.to_string().contains(part), "{error}");
    }

    #[test]
    fn any_value_is_sent_as_text() {
        check(&json!(["hi"]), "hi", None);
        check(&json!([null]), "null", None);
        check(&json!([[1], "Numbers"]), "[\n  1\n]", Some("Numbers"));
        check(&json!([{"a": 1}, null]), "{\n  \"a\": 1\n}", None);
        check(
            &json!([{"text": "t", "id": 1}]),
            "{\n  \"id\": 1,\n  \"text\": \"t\"\n}",
            None,
        );
        check(&json!([{}]), "{}", None);
        check(&json!(["hi", ""]), "hi", None);
    }

    #[test]
    fn an_object_with_fields_of_mail_is_mail() {
        let letter = read(&json!([{
            "html": "<b>hi</b>", "text": "hi", "subject": "Total", "replyTo": "Bob <bob@example.com>",
            "attachments": [{"filename": "a.txt", "content": "aGVs\nbG8="}],
        }]));
        assert_eq!(letter.html.as_deref(), Some("<b>hi</b>"));
        assert_eq!(letter.subject.as_deref(), Some("Total"));
        assert_eq!(letter.attachments[0].bytes().unwrap(), b"hello");
        assert_eq!(letter.attachments[0].content_type, DEFAULT_TYPE);
        let kept: Letter = serde_json::from_str(&serde_json::to_string(&letter).unwrap()).unwrap();
        assert_eq!(
            kept,
            Letter {
                subject: None,
                ..letter
            }
        );
        assert_eq!(
            read(&json!([{"html": "a"}, "S"])).subject.as_deref(),
            Some("S")
        );
    }

    #[test]
    fn lines_cannot_be_added_to_the_head() {
        let code = ErrorCode::BadRequest;
        for end in ["\r\n", "\n", "\r", "\0", "\u{85}"] {
            let text = format!("a{end}Bcc: eve@example.com");
            refused(&json!([{"text": "t", "subject": text}]), code, "`subject`");
            refused(&json!(["t", text]), code, "`subject`");
            refused(&json!([{"text": "t", "replyTo": text}]), code, "`replyTo`");
            let file = json!({"filename": text, "content": ""});
            refused(&json!([{"attachments": [file]}]), code, "`filename`");
            let file = json!({"filename": "a", "content": "", "contentType": text});
            refused(&json!([{"attachments": [file]}]), code, "`contentType`");
        }
    }

    #[test]
    fn what_cannot_be_mail_is_refused() {
        let code = ErrorCode::BadRequest;
        refused(&json!([]), code, "nothing to send");
        refused(&json!(["a", 5]), code, "subject");
        refused(&json!([{"text": 5}]), code, "as it should be");
        refused(&json!([{"text": "a", "to": "b@c.de"}]), code, "nobody else");
        refused(
            &json!([{"text": "a", "replyTo": "nobody"}]),
            code,
            "`nobody` is not an e-mail address",
        );
        let file = |content: &str, kind: &str| json!([{"attachments": [{"filename": "a", "content": content, "contentType": kind}]}]);
        refused(&file("%", "text/plain"), code, "not base64");
        refused(&file("", "plain"), code, "not the type");
        refused(&file("", "multipart/mixed"), code, "not the type");
    }

    #[test]
    fn mail_is_bounded() {
        let code = ErrorCode::TooLarge;
        let long = "a".repeat(EMAIL_TEXT_BYTES_MAX + 1);
        refused(&json!([long]), code, "512 KiB");
        refused(&json!([{"html": long}]), code, "512 KiB");
        refused(
            &json!(["a", "é".repeat(EMAIL_SUBJECT_CHARS_MAX + 1)]),
            code,
            "`subject`",
        );
        read(&json!(["a", "é".repeat(EMAIL_SUBJECT_CHARS_MAX)]));
        let file = json!({"filename": "a", "content": ""});
        refused(
            &json!([{"attachments": vec![file; EMAIL_ATTACHMENTS_MAX + 1]}]),
            code,
            "attachments",
        );
        let file = json!({"filename": "é".repeat(EMAIL_FILENAME_CHARS_MAX + 1), "content": ""});
        refused(&json!([{"attachments": [file]}]), code, "`filename`");
        let file = json!({"filename": "a", "content": "A".repeat(EMAIL_BYTES_MAX)});
        refused(&json!([{"attachments": [file]}]), code, "4096 KiB");
    }
}

//! Mail, as its user sees it.

use super::letter::{Attached, Letter};
use crate::error::TownError;
use crate::vals::from_json;
use thorp_store::{Email, EmailSummary};
use uuid::Uuid;

/// Mail, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailView {
    /// Its id.
    pub id: Uuid,
    /// The run that sent it; it may be forgotten by now.
    pub run: Uuid,
    /// The address that it goes to.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// `queued`, `sent`, `failed`, or `kept` if the town delivered no mail then.
    pub state: String,
    /// How often sending it was tried.
    pub attempts: i64,
    /// When it is tried next, if it waits.
    pub next_attempt_at: Option<i64>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When the run sent it.
    pub created_at: i64,
    /// When it was delivered, or given up.
    pub ended_at: Option<i64>,
}

/// Mail with what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailDetail {
    /// What lists show.
    pub email: EmailView,
    /// Its text.
    pub text: Option<String>,
    /// Its HTML.
    pub html: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// The attached files.
    pub attachments: Vec<AttachmentView>,
}

/// An attached file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentView {
    /// Its name.
    pub filename: String,
    /// Its type.
    pub content_type: String,
    /// What it holds, in base64.
    pub content: String,
}

impl From<EmailSummary> for EmailView {
    fn from(email: EmailSummary) -> Self {
        Self {
            id: email.id,
            run: email.run_id,
            to: email.recipient,
            subject: email.subject,
            state: email.state.as_str().to_owned(),
            attempts: email.attempts,
            next_attempt_at: email.next_attempt_at,
            last_error: email.last_error,
            created_at: email.created_at,
            ended_at: email.ended_at,
        }
    }
}

impl From<Attached> for AttachmentView {
    fn from(file: Attached) -> Self {
        Self {
            filename: file.filename,
            content_type: file.content_type,
            content: file.content,
        }
    }
}

pub(super) fn detail(email: Email) -> Result<EmailDetail, TownError> {
    let letter: Letter = from_json(&email.message)?;
    Ok(EmailDetail {
        email: email.summary.into(),
        text: letter.text,
        html: letter.html,
        reply_to: letter.reply_to,
        attachments: letter.attachments.into_iter().map(Into::into).collect(),
    })
}

//! Mail that vals sent.

use super::time;
use serde::Serialize;
use thorp_town::{AttachmentView, EmailDetail, EmailView};
use utoipa::ToSchema;
use uuid::Uuid;

/// Mail that a val sent, as lists show it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BaseEmail {
    id: Uuid,
    /// The run that sent it; it may be forgotten by now
    run_id: Uuid,
    /// The address that it goes to
    to: String,
    subject: String,
    /// `queued`, `sent`, `failed`, or `kept` if the town delivered no mail then
    state: String,
    /// How often sending it was tried
    attempts: i64,
    /// When it is tried next, if it waits
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// What went wrong last
    last_error: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// When the mail server took it, or it was given up
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

/// Mail that a val sent, with what it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FullEmail {
    #[serde(flatten)]
    base: BaseEmail,
    text: Option<String>,
    html: Option<String>,
    reply_to: Option<String>,
    attachments: Vec<EmailFile>,
}

/// A file attached to mail.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmailFile {
    filename: String,
    content_type: String,
    /// In base64
    content: String,
}

impl From<EmailView> for BaseEmail {
    fn from(view: EmailView) -> Self {
        Self {
            id: view.id,
            run_id: view.run,
            to: view.to,
            subject: view.subject,
            state: view.state,
            attempts: view.attempts,
            next_attempt_at: view.next_attempt_at.map(time),
            last_error: view.last_error,
            created_at: time(view.created_at),
            ended_at: view.ended_at.map(time),
        }
    }
}

impl From<AttachmentView> for EmailFile {
    fn from(view: AttachmentView) -> Self {
        Self {
            filename: view.filename,
            content_type: view.content_type,
            content: view.content,
        }
    }
}

impl From<EmailDetail> for FullEmail {
    fn from(detail: EmailDetail) -> Self {
        Self {
            base: detail.email.into(),
            text: detail.text,
            html: detail.html,
            reply_to: detail.reply_to,
            attachments: detail.attachments.into_iter().map(Into::into).collect(),
        }
    }
}

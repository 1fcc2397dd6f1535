//! Mail that vals send: always to the user whose permissions a run has, and to nobody else.
//!
//! `letter` understands what was to be sent, `message` writes it as mail is written, `smtp` hands it to a mail server, and
//! `courier` decides when. What is here puts mail into the outbox and shows it.

mod address;
mod courier;
mod letter;
mod message;
mod smtp;
mod view;

pub(crate) use courier::Courier;
pub use smtp::SmtpConfig;
pub use view::{AttachmentView, EmailDetail, EmailView};

use crate::error::{ErrorCode, TownError};
use crate::limits::{EMAILS_DAY_MAX, EMAILS_KEPT_BYTES_MAX, EMAILS_KEPT_MAX, EMAILS_MINUTE_MAX};
use crate::town::Town;
use crate::vals::to_json;
use crate::view::{Caller, Page, Scope, Slice};
use letter::Letter;
use thorp_store::{EmailPut, EmailRate, EmailShare, EmailState, NewEmail};
use uuid::Uuid;

const MINUTE_MICROS: i64 = 60 * 1_000_000;
const DAY_MICROS: i64 = 24 * 60 * MINUTE_MICROS;

impl Town {
    /// Puts mail into the outbox, from a run with the permissions of the user `run_as` and to that user's address. `payload`
    /// is what `console.email` was called with: a JSON array. Answers with the mail's id when it is committed.
    ///
    /// # Errors
    /// `BAD_REQUEST` and `TOO_LARGE` for what cannot be mail, `NO_EMAIL_ADDRESS`, [`TownError::RateLimited`].
    pub async fn send_email(
        &self,
        run_as: Uuid,
        run: Uuid,
        payload: &str,
    ) -> Result<Uuid, TownError> {
        self.letter(run_as, run, Letter::read(payload)?).await
    }

    /// The same from another user's code, which the subject says: `by` is what it is called.
    pub(crate) async fn send_email_by(
        &self,
        run_as: Uuid,
        run: Uuid,
        payload: &str,
        by: &str,
    ) -> Result<Uuid, TownError> {
        let mut letter = Letter::read(payload)?;
        let subject = letter.subject.as_deref().unwrap_or("Mail");
        letter.subject = Some(format!("[by {by}] {subject}"));
        self.letter(run_as, run, letter).await
    }

    async fn letter(&self, run_as: Uuid, run: Uuid, letter: Letter) -> Result<Uuid, TownError> {
        let user = self.user(run_as).await?;
        let recipient = self.store().user_email(run_as).await?;
        let recipient = recipient.ok_or_else(no_address)?;
        let delivers = self.0.config.smtp.is_some();
        let new = NewEmail {
            id: Uuid::now_v7(),
            user_id: run_as,
            run_id: run,
            recipient,
            subject: letter
                .subject
                .clone()
                .unwrap_or_else(|| format!("Mail from a val of @{}", user.name)),
            message: to_json(&letter)?,
            state: if delivers {
                EmailState::Queued
            } else {
                EmailState::Kept
            },
            now_micros: self.now(),
        };
        self.put(new).await
    }

    async fn put(&self, new: NewEmail) -> Result<Uuid, TownError> {
        let (id, now) = (new.id, new.now_micros);
        match self.store().put_email(new, rates(), SHARE).await? {
            EmailPut::Done => {
                self.0.courier.wake();
                Ok(id)
            }
            EmailPut::TooMany { again_at } => Err(too_many(again_at - now)),
            EmailPut::Full => Err(TownError::hinted(
                ErrorCode::TooLarge,
                "too much mail waits to be sent",
                "`thorp mail list` says why it waits",
            )),
        }
    }

    /// The caller's mail, the newest first.
    ///
    /// # Errors
    /// `UNAUTHORIZED`, `FORBIDDEN`.
    pub async fn emails(
        &self,
        caller: &Caller,
        slice: Slice,
    ) -> Result<Page<EmailView>, TownError> {
        let user = caller.user(Scope::Read)?;
        let page = self.store().list_emails(user.id, slice.into()).await?;
        Ok(Page::from_store(page, EmailView::from))
    }

    /// One mail of the caller's, with what it says.
    ///
    /// # Errors
    /// `NOT_FOUND`, also for other people's mail.
    pub async fn email(&self, caller: &Caller, id: Uuid) -> Result<EmailDetail, TownError> {
        let user = caller.user(Scope::Read)?;
        let found = self.store().email_by_id(id).await?;
        let email = found.filter(|email| email.summary.user_id == user.id);
        let unknown = || TownError::not_found(format!("there is no mail `{id}`"));
        view::detail(email.ok_or_else(unknown)?)
    }

    /// Where the caller gets mail.
    ///
    /// # Errors
    /// `UNAUTHORIZED`, `FORBIDDEN`.
    pub async fn email_address(&self, caller: &Caller) -> Result<Option<String>, TownError> {
        let user = caller.user(Scope::Read)?;
        Ok(self.store().user_email(user.id).await?)
    }

    /// Says where the caller gets mail from now on, or that they get none. Nobody checks that the address is theirs.
    ///
    /// # Errors
    /// `BAD_REQUEST` for what is no address, `UNAUTHORIZED`, `FORBIDDEN`.
    pub async fn set_email_address(
        &self,
        caller: &Caller,
        address: Option<&str>,
    ) -> Result<(), TownError> {
        let user = caller.user(Scope::Write)?;
        let address = address.map(address::checked).transpose()?;
        Ok(self.store().set_user_email(user.id, address).await?)
    }
}

const SHARE: EmailShare = EmailShare {
    count: EMAILS_KEPT_MAX,
    bytes: EMAILS_KEPT_BYTES_MAX,
};

fn rates() -> Vec<EmailRate> {
    vec![
        EmailRate {
            count: EMAILS_DAY_MAX,
            window_micros: DAY_MICROS,
        },
        EmailRate {
            count: EMAILS_MINUTE_MAX,
            window_micros: MINUTE_MICROS,
        },
    ]
}

fn too_many(wait_micros: i64) -> TownError {
    let seconds = wait_micros.max(0) / 1_000_000 + 1;
    TownError::RateLimited {
        message: format!(
            "too much mail: at most {EMAILS_MINUTE_MAX} a minute and {EMAILS_DAY_MAX} a day"
        ),
        retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
    }
}

fn no_address() -> TownError {
    TownError::hinted(
        ErrorCode::NoEmailAddress,
        "the account has no e-mail address",
        "say where your mail goes with `thorp user email ADDRESS`",
    )
}

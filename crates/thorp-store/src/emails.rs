//! The outbox: mail that vals send to their users, and how far it came. Whether and when it is sent is decided above.

use crate::limits::DELETE_BATCH_ROWS_MAX;
use crate::sql::{Columns, Db, ReadResult};
use crate::{EmailState, Entity, Page, PageRequest, Store, StoreError};
use uuid::Uuid;

/// Mail to put into the outbox.
#[derive(Debug, Clone)]
pub struct NewEmail {
    /// Made by the caller.
    pub id: Uuid,
    /// Whose it is, and who gets it.
    pub user_id: Uuid,
    /// The run that sent it.
    pub run_id: Uuid,
    /// The address that the user had then.
    pub recipient: String,
    /// The subject.
    pub subject: String,
    /// What it says and what is attached (JSON).
    pub message: String,
    /// [`EmailState::Queued`], and due at once, or [`EmailState::Kept`].
    pub state: EmailState,
    /// Now.
    pub now_micros: i64,
}

/// At most so much mail of a user's within so long.
#[derive(Debug, Clone, Copy)]
pub struct EmailRate {
    /// Mail.
    pub count: u32,
    /// How long, µs.
    pub window_micros: i64,
}

/// What of a user's mail is kept.
#[derive(Debug, Clone, Copy)]
pub struct EmailShare {
    /// Mail.
    pub count: u32,
    /// Bytes of all of it. What is not sent yet is never removed for it.
    pub bytes: i64,
}

/// What came of putting mail into the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailPut {
    /// It is there.
    Done,
    /// It was too much at once; from then on there is room again.
    TooMany {
        /// A time.
        again_at: i64,
    },
    /// What waits to be sent needs the user's whole share.
    Full,
}

/// Mail as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSummary {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// The run that sent it; it may be forgotten by now.
    pub run_id: Uuid,
    /// The address.
    pub recipient: String,
    /// The subject.
    pub subject: String,
    /// How far it came.
    pub state: EmailState,
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
    /// What it counts for in [`EmailShare::bytes`].
    pub bytes: i64,
}

/// Mail with all that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// What lists show.
    pub summary: EmailSummary,
    /// What it says and what is attached (JSON).
    pub message: String,
}

/// How a try to send mail ended.
#[derive(Debug, Clone)]
pub struct EmailTry {
    /// The mail.
    pub id: Uuid,
    /// How far it came.
    pub state: EmailState,
    /// When it is tried again, if it waits.
    pub next_attempt_at: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
    /// Now.
    pub now_micros: i64,
}

impl Store {
    /// Puts mail into the outbox unless its user sends too much, and removes the oldest that no longer fits into their share.
    pub async fn put_email(
        &self,
        new: NewEmail,
        rates: Vec<EmailRate>,
        share: EmailShare,
    ) -> Result<EmailPut, StoreError> {
        self.write(move |tx| put(tx.db, &new, &rates, share)).await
    }

    /// A user's mail, the newest first.
    pub async fn list_emails(
        &self,
        user_id: Uuid,
        page: PageRequest,
    ) -> Result<Page<EmailSummary>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM emails WHERE user_id = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2 OFFSET ?3"
        );
        let params = (user_id, page.sql_limit(), page.sql_offset());
        let found = self.read(move |db| db.all(&sql, params, EmailSummary::take));
        Ok(Page::cut(found.await?, page))
    }

    /// The mail with this id.
    pub async fn email_by_id(&self, id: Uuid) -> Result<Option<Email>, StoreError> {
        let sql = format!("SELECT {COLUMNS}, message FROM emails WHERE id = ?1");
        self.read(move |db| db.one(&sql, (id,), Email::take)).await
    }

    /// When the next mail is due, if any waits.
    pub async fn next_email_due(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT MIN(next_attempt_at) FROM emails WHERE state = 'queued'";
        let found = self.read(move |db| db.one(sql, [], |columns| columns.take()));
        Ok(found.await?.flatten())
    }

    /// The mail that is due now and has been due for longest.
    pub async fn due_email(&self, now_micros: i64) -> Result<Option<Email>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, message FROM emails WHERE state = 'queued' AND next_attempt_at <= ?1
            ORDER BY next_attempt_at, id LIMIT 1"
        );
        self.read(move |db| db.one(&sql, (now_micros,), Email::take))
            .await
    }

    /// Notes how a try to send mail ended.
    pub async fn note_email_try(&self, tried: EmailTry) -> Result<(), StoreError> {
        let sql = "UPDATE emails SET state = ?2, next_attempt_at = ?3, last_error = ?4, ended_at = ?5, attempts = attempts + 1
            WHERE id = ?1";
        self.write(move |tx| {
            let ended_at = (tried.state != EmailState::Queued).then_some(tried.now_micros);
            let params = (
                tried.id,
                tried.state,
                tried.next_attempt_at,
                &tried.error,
                ended_at,
            );
            tx.db.execute(sql, params).map(drop)
        })
        .await
    }

    /// Removes mail that was sent to the outbox before a time and waits no more, the oldest first, at most `batch` and at most
    /// [`DELETE_BATCH_ROWS_MAX`]. Says whether there may be more.
    pub async fn delete_emails_older_than(
        &self,
        before_micros: i64,
        batch: u32,
    ) -> Result<bool, StoreError> {
        let rows = batch.clamp(1, DELETE_BATCH_ROWS_MAX);
        let sql = "DELETE FROM emails WHERE id IN (SELECT id FROM emails WHERE created_at < ?1 AND state <> 'queued'
            ORDER BY created_at, id LIMIT ?2)";
        self.write(move |tx| {
            let deleted = tx.db.execute(sql, (before_micros, rows))?;
            Ok(deleted == rows as usize)
        })
        .await
    }

    /// Where a user gets mail.
    pub async fn user_email(&self, user_id: Uuid) -> Result<Option<String>, StoreError> {
        let sql = "SELECT email FROM users WHERE id = ?1";
        let found = self.read(move |db| db.one(sql, (user_id,), |columns| columns.take()));
        found.await?.ok_or(StoreError::NotFound(Entity::User))
    }

    /// Says where a user gets mail from now on; what waits goes where it was sent to.
    pub async fn set_user_email(
        &self,
        user_id: Uuid,
        email: Option<String>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE users SET email = ?2 WHERE id = ?1";
        self.write(move |tx| match tx.db.execute(sql, (user_id, &email))? {
            0 => Err(StoreError::NotFound(Entity::User)),
            _ => Ok(()),
        })
        .await
    }
}

/// The columns that [`EmailSummary::take`] reads, in its order.
const COLUMNS: &str = "id, user_id, run_id, recipient, subject, state, attempts, next_attempt_at, last_error, created_at, ended_at, bytes";

impl EmailSummary {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            id: columns.take()?,
            user_id: columns.take()?,
            run_id: columns.take()?,
            recipient: columns.take()?,
            subject: columns.take()?,
            state: columns.take()?,
            attempts: columns.take()?,
            next_attempt_at: columns.take()?,
            last_error: columns.take()?,
            created_at: columns.take()?,
            ended_at: columns.take()?,
            bytes: columns.take()?,
        })
    }
}

impl Email {
    fn take(columns: &mut Columns<'_>) -> ReadResult<Self> {
        Ok(Self {
            summary: EmailSummary::take(columns)?,
            message: columns.take()?,
        })
    }
}

fn put(
    db: Db<'_>,
    new: &NewEmail,
    rates: &[EmailRate],
    share: EmailShare,
) -> Result<EmailPut, StoreError> {
    for rate in rates {
        if let Some(again_at) = full_until(db, new, *rate)? {
            return Ok(EmailPut::TooMany { again_at });
        }
    }
    let bytes = i64::try_from(new.message.len() + new.subject.len()).unwrap_or(i64::MAX);
    let waiting =
        "SELECT COALESCE(SUM(bytes), 0) FROM emails WHERE user_id = ?1 AND state = 'queued'";
    if db.number(waiting, (new.user_id,))?.saturating_add(bytes) > share.bytes {
        return Ok(EmailPut::Full);
    }
    insert(db, new, bytes)?;
    trim(db, new.user_id, share)?;
    Ok(EmailPut::Done)
}

/// When the oldest of the mail that fills the window leaves it.
fn full_until(db: Db<'_>, new: &NewEmail, rate: EmailRate) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT created_at FROM emails WHERE user_id = ?1 AND created_at > ?2
        ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET ?3";
    let since = new.now_micros - rate.window_micros;
    let params = (new.user_id, since, i64::from(rate.count) - 1);
    let oldest: Option<i64> = db.one(sql, params, |columns| columns.take())?;
    Ok(oldest.map(|oldest| oldest + rate.window_micros))
}

fn insert(db: Db<'_>, new: &NewEmail, bytes: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO emails (id, user_id, run_id, recipient, subject, message, bytes, state, attempts, next_attempt_at,
            created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)";
    let due = (new.state == EmailState::Queued).then_some(new.now_micros);
    let params = rusqlite::params![
        new.id,
        new.user_id,
        new.run_id,
        new.recipient,
        new.subject,
        new.message,
        bytes,
        new.state,
        due,
        new.now_micros,
    ];
    db.execute(sql, params).map(drop)
}

/// Removes a user's oldest mail until what is left is within the share.
fn trim(db: Db<'_>, user_id: Uuid, share: EmailShare) -> Result<(), StoreError> {
    let sql =
        "SELECT id, bytes, state FROM emails WHERE user_id = ?1 ORDER BY created_at DESC, id DESC";
    let take = |columns: &mut Columns<'_>| Ok((columns.take()?, columns.take()?, columns.take()?));
    let mail: Vec<(Uuid, i64, EmailState)> = db.all(sql, (user_id,), take)?;
    let (mut count, mut bytes) = (0, 0);
    for (id, size, state) in mail {
        (count, bytes) = (count + 1, bytes + size);
        if state != EmailState::Queued && (count > share.count || bytes > share.bytes) {
            db.execute("DELETE FROM emails WHERE id = ?1", (id,))?;
        }
    }
    Ok(())
}

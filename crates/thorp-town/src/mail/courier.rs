//! Takes mail from the outbox to the mail server, and decides when to try again.
//!
//! Mail is noted as sent after the server has it: a town that dies in between sends it once more, and loses none.

use super::letter::Letter;
use super::message::message;
use super::smtp::{SmtpConfig, Transport, Unsent};
use crate::error::TownError;
use crate::limits::{EMAIL_RETRY_MAX, EMAIL_STOP_WALL, EMAIL_TRIED};
use crate::town::{Parts, Town};
use crate::vals::from_json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use thorp_store::{Email, EmailState, EmailTry};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// The way to the task that sends. It sleeps until something is due, or somebody wakes it.
#[derive(Default)]
pub(crate) struct Courier {
    bell: Arc<Bell>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Bell {
    woken: Notify,
    ends: AtomicBool,
}

impl Courier {
    /// Begins to send through this server. Ends with the town.
    pub(crate) fn start(&self, town: &Town, smtp: SmtpConfig) -> Result<(), TownError> {
        let route = Route {
            parts: Arc::downgrade(&town.0),
            bell: self.bell.clone(),
            transport: smtp.transport()?,
            smtp,
        };
        *self.task() = Some(tokio::spawn(route.work()));
        Ok(())
    }

    /// There is new mail.
    pub(crate) fn wake(&self) {
        self.bell.woken.notify_one();
    }

    /// Sends nothing more; what is on its way gets [`EMAIL_STOP_WALL`].
    pub(crate) async fn close(&self) {
        self.bell.ends.store(true, Ordering::Relaxed);
        self.wake();
        let task = self.task().take();
        if let Some(mut task) = task
            && timeout(EMAIL_STOP_WALL, &mut task).await.is_err()
        {
            task.abort();
        }
    }

    fn task(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the task has at hand.
struct Route {
    parts: Weak<Parts>,
    bell: Arc<Bell>,
    transport: Transport,
    smtp: SmtpConfig,
}

impl Route {
    async fn work(self) {
        while !self.ends() {
            let Some(town) = self.parts.upgrade().map(Town) else {
                return;
            };
            let due = self.send_due(&town).await;
            let wait = match due {
                Ok(due) => due.map(|due| span(due - town.now())),
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read");
                    Some(self.smtp.retry)
                }
            };
            drop(town);
            self.rest(wait).await;
        }
    }

    fn ends(&self) -> bool {
        self.bell.ends.load(Ordering::Relaxed)
    }

    async fn rest(&self, wait: Option<Duration>) {
        let woken = self.bell.woken.notified();
        match wait {
            Some(wait) => drop(timeout(wait, woken).await),
            None => woken.await,
        }
    }

    /// Tries everything that is due; answers when the next is.
    async fn send_due(&self, town: &Town) -> Result<Option<i64>, TownError> {
        while !self.ends()
            && let Some(email) = town.store().due_email(town.now()).await?
        {
            let result = self.send(&email).await;
            self.note(town, tried(&email, result, town.now(), self.smtp.retry))
                .await;
        }
        Ok(town.store().next_email_due().await?)
    }

    async fn send(&self, email: &Email) -> Result<(), Unsent> {
        let letter = from_json::<Letter>(&email.message);
        let message = letter.and_then(|letter| message(&email.summary, &letter, self.smtp.from()));
        let message = message.map_err(|error| Unsent {
            for_good: true,
            reason: error.to_string(),
        })?;
        self.transport.send(message).await
    }

    /// Goes on until it is noted: what is not would be sent again.
    async fn note(&self, town: &Town, tried: EmailTry) {
        if let Some(error) = &tried.error {
            tracing::warn!(email = %tried.id, state = tried.state.as_str(), %error, "mail was not sent");
        }
        while let Err(error) = town.store().note_email_try(tried.clone()).await {
            tracing::error!(%error, "the outbox cannot be written");
            if self.ends() {
                return;
            }
            sleep(self.smtp.retry).await;
        }
    }
}

/// What a try comes to.
fn tried(email: &Email, result: Result<(), Unsent>, now: i64, retry: Duration) -> EmailTry {
    let again = now + micros(wait(email.summary.attempts, retry));
    let late = again > email.summary.created_at + micros(EMAIL_TRIED);
    let (state, error) = match result {
        Ok(()) => (EmailState::Sent, None),
        Err(unsent) if unsent.for_good || late => (EmailState::Failed, Some(unsent.reason)),
        Err(unsent) => (EmailState::Queued, Some(unsent.reason)),
    };
    EmailTry {
        id: email.summary.id,
        state,
        next_attempt_at: (state == EmailState::Queued).then_some(again),
        error,
        now_micros: now,
    }
}

/// The wait after so many tries before this one.
fn wait(before: i64, first: Duration) -> Duration {
    let doublings = u32::try_from(before).unwrap_or(u32::MAX).min(16);
    first.saturating_mul(1 << doublings).min(EMAIL_RETRY_MAX)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn span(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use thorp_store::EmailSummary;
    use uuid::Uuid;

    const NOW: i64 = 1_795_000_000_000_000;
    const FIRST: Duration = Duration::from_secs(30);

    fn check(attempts: i64, age: Duration, for_good: bool) -> (EmailState, Option<i64>) {
        let summary = EmailSummary {
            id: Uuid::nil(),
            user_id: Uuid::nil(),
            run_id: Uuid::nil(),
            recipient: String::new(),
            subject: String::new(),
            state: EmailState::Queued,
            attempts,
            next_attempt_at: Some(NOW),
            last_error: None,
            created_at: NOW - micros(age),
            ended_at: None,
            bytes: 0,
        };
        let email = Email {
            summary,
            message: String::new(),
        };
        let unsent = Unsent {
            for_good,
            reason: "no".to_owned(),
        };
        let tried = tried(&email, Err(unsent), NOW, FIRST);
        let seconds = |at: i64| (at - NOW) / 1_000_000;
        (tried.state, tried.next_attempt_at.map(seconds))
    }

    #[test]
    fn waits_double_up_to_a_limit_and_end_some_day() {
        let young = Duration::ZERO;
        assert_eq!(check(0, young, false), (EmailState::Queued, Some(30)));
        assert_eq!(check(3, young, false), (EmailState::Queued, Some(240)));
        let longest = i64::try_from(EMAIL_RETRY_MAX.as_secs()).unwrap();
        assert_eq!(check(99, young, false), (EmailState::Queued, Some(longest)));
        assert_eq!(check(3, EMAIL_TRIED, false), (EmailState::Failed, None));
        assert_eq!(check(0, young, true), (EmailState::Failed, None));
    }
}

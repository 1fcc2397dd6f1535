//! The outbox.

use crate::support::{ALL, NOW, page, user};
use thorp_store::{EmailPut, EmailRate, EmailShare, EmailState, EmailTry, NewEmail, Store, User};
use uuid::Uuid;

super::on_sqlite!(
    mail_is_listed_for_its_user_newest_first,
    too_much_at_once_is_refused_until_the_oldest_leaves_the_window,
    a_share_drops_what_is_oldest_and_never_what_waits,
    what_waits_may_fill_a_share_and_no_more,
    mail_is_due_until_it_is_sent_or_given_up,
    old_mail_goes_unless_it_waits,
    an_address_is_set_and_taken_away,
);

const MUCH: EmailShare = EmailShare {
    count: 100,
    bytes: 1_000_000,
};

fn new_email(user: &User, state: EmailState, now_micros: i64) -> NewEmail {
    NewEmail {
        id: Uuid::now_v7(),
        user_id: user.id,
        run_id: Uuid::now_v7(),
        recipient: "alice@example.com".into(),
        subject: "Hi".into(),
        message: "{\"text\":\"12345678\"}".into(),
        state,
        now_micros,
    }
}

async fn put(store: &Store, new: NewEmail, share: EmailShare) -> Uuid {
    let id = new.id;
    let put = store.put_email(new, Vec::new(), share).await.unwrap();
    assert_eq!(put, EmailPut::Done);
    id
}

async fn listed(store: &Store, user: &User) -> Vec<Uuid> {
    let page = store.list_emails(user.id, ALL).await.unwrap();
    page.items.iter().map(|email| email.id).collect()
}

async fn tried(store: &Store, id: Uuid, state: EmailState, next: Option<i64>) {
    let tried = EmailTry {
        id,
        state,
        next_attempt_at: next,
        error: (state != EmailState::Sent).then(|| "450 later".to_owned()),
        now_micros: NOW + 5,
    };
    store.note_email_try(tried).await.unwrap();
}

async fn mail_is_listed_for_its_user_newest_first(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    let first = put(store, new_email(&alice, EmailState::Kept, NOW), MUCH).await;
    let second = put(store, new_email(&alice, EmailState::Kept, NOW + 1), MUCH).await;
    put(store, new_email(&bob, EmailState::Kept, NOW), MUCH).await;
    assert_eq!(listed(store, &alice).await, [second, first]);
    let page = store.list_emails(alice.id, page(0, 1)).await.unwrap();
    assert!(page.more);
    let shown = store.email_by_id(first).await.unwrap().unwrap();
    assert_eq!(shown.message, "{\"text\":\"12345678\"}");
    assert_eq!(
        (shown.summary.state, shown.summary.attempts),
        (EmailState::Kept, 0)
    );
    assert_eq!(store.email_by_id(Uuid::now_v7()).await.unwrap(), None);
}

async fn too_much_at_once_is_refused_until_the_oldest_leaves_the_window(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    let rates = || {
        vec![EmailRate {
            count: 2,
            window_micros: 10,
        }]
    };
    let mut answers = Vec::new();
    for (who, at) in [
        (&alice, 0),
        (&alice, 4),
        (&alice, 9),
        (&bob, 9),
        (&alice, 10),
        (&alice, 11),
    ] {
        let new = new_email(who, EmailState::Kept, NOW + at);
        answers.push(store.put_email(new, rates(), MUCH).await.unwrap());
    }
    let too_many = |at| EmailPut::TooMany { again_at: NOW + at };
    let done = EmailPut::Done;
    assert_eq!(
        answers,
        [done, done, too_many(10), done, done, too_many(14)]
    );
    assert_eq!(listed(store, &alice).await.len(), 3);
}

async fn a_share_drops_what_is_oldest_and_never_what_waits(store: &Store) {
    let alice = user(store, "alice").await;
    let share = EmailShare { count: 2, ..MUCH };
    let waits = put(store, new_email(&alice, EmailState::Queued, NOW), share).await;
    let mut kept = Vec::new();
    for at in 1..=3 {
        kept.push(put(store, new_email(&alice, EmailState::Kept, NOW + at), share).await);
    }
    assert_eq!(listed(store, &alice).await, [kept[2], kept[1], waits]);
    let size = store
        .email_by_id(waits)
        .await
        .unwrap()
        .unwrap()
        .summary
        .bytes;
    let small = EmailShare {
        count: 100,
        bytes: 2 * size,
    };
    let last = put(store, new_email(&alice, EmailState::Kept, NOW + 4), small).await;
    assert_eq!(listed(store, &alice).await, [last, kept[2], waits]);
}

async fn what_waits_may_fill_a_share_and_no_more(store: &Store) {
    let alice = user(store, "alice").await;
    let new = || new_email(&alice, EmailState::Queued, NOW);
    let id = put(store, new(), MUCH).await;
    let share = EmailShare {
        count: 100,
        bytes: 2 * store.email_by_id(id).await.unwrap().unwrap().summary.bytes,
    };
    put(store, new(), share).await;
    let full = store.put_email(new(), Vec::new(), share).await.unwrap();
    assert_eq!(full, EmailPut::Full);
    assert_eq!(listed(store, &alice).await.len(), 2);
}

async fn mail_is_due_until_it_is_sent_or_given_up(store: &Store) {
    let alice = user(store, "alice").await;
    put(store, new_email(&alice, EmailState::Kept, NOW), MUCH).await;
    assert_eq!(store.next_email_due().await.unwrap(), None);
    let id = put(store, new_email(&alice, EmailState::Queued, NOW), MUCH).await;
    let other = put(store, new_email(&alice, EmailState::Queued, NOW + 1), MUCH).await;
    let due = |at| async move {
        let found = store.due_email(NOW + at).await.unwrap();
        found.map(|email| email.summary.id)
    };
    assert_eq!(store.next_email_due().await.unwrap(), Some(NOW));
    assert_eq!((due(-1).await, due(1).await), (None, Some(id)));
    tried(store, id, EmailState::Queued, Some(NOW + 50)).await;
    assert_eq!(due(1).await, Some(other));
    tried(store, other, EmailState::Sent, None).await;
    assert_eq!((due(49).await, due(50).await), (None, Some(id)));
    assert_eq!(store.next_email_due().await.unwrap(), Some(NOW + 50));
    tried(store, id, EmailState::Failed, None).await;
    assert_eq!(
        (due(60).await, store.next_email_due().await.unwrap()),
        (None, None)
    );
    let failed = store.email_by_id(id).await.unwrap().unwrap().summary;
    assert_eq!((failed.attempts, failed.ended_at), (2, Some(NOW + 5)));
    assert_eq!(failed.last_error.as_deref(), Some("450 later"));
}

async fn old_mail_goes_unless_it_waits(store: &Store) {
    let alice = user(store, "alice").await;
    let waits = put(store, new_email(&alice, EmailState::Queued, NOW), MUCH).await;
    for at in 0..3 {
        put(store, new_email(&alice, EmailState::Kept, NOW + at), MUCH).await;
    }
    assert!(store.delete_emails_older_than(NOW + 2, 1).await.unwrap());
    assert!(store.delete_emails_older_than(NOW + 2, 1).await.unwrap());
    assert!(!store.delete_emails_older_than(NOW + 2, 1).await.unwrap());
    let left = listed(store, &alice).await;
    assert_eq!((left.len(), left[1]), (2, waits));
}

async fn an_address_is_set_and_taken_away(store: &Store) {
    let alice = user(store, "alice").await;
    assert_eq!(store.user_email(alice.id).await.unwrap(), None);
    let address = Some("alice@example.com".to_owned());
    store
        .set_user_email(alice.id, address.clone())
        .await
        .unwrap();
    assert_eq!(store.user_email(alice.id).await.unwrap(), address);
    store.set_user_email(alice.id, None).await.unwrap();
    assert_eq!(store.user_email(alice.id).await.unwrap(), None);
    assert!(store.set_user_email(Uuid::now_v7(), None).await.is_err());
}

//! Many callers at once.

use crate::support::{NOW, new_run, new_user, new_val, new_version, user, val};
use std::collections::BTreeSet;
use thorp_store::{Store, StoreError};
use tokio::task::JoinSet;

super::on_sqlite!(
    concurrent_inserts_are_all_there,
    one_failing_write_spoils_no_other,
    of_concurrent_saves_on_one_base_one_wins,
    of_concurrent_vals_of_one_name_one_wins,
    more_writers_than_the_queue_has_places_all_get_through,
);

async fn concurrent_inserts_are_all_there(store: &Store) {
    let mut inserts = JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        inserts.spawn(async move {
            let run = new_run(number);
            store.insert_run(run.clone()).await.unwrap();
            // Acknowledged means visible.
            store
                .run_by_id(run.id)
                .await
                .unwrap()
                .unwrap()
                .summary
                .started_at
        });
    }
    let seen: BTreeSet<i64> = inserts.join_all().await.into_iter().collect();
    assert_eq!(
        (seen, store.run_totals().await.unwrap().runs),
        ((0..200).collect(), 200)
    );
}

async fn one_failing_write_spoils_no_other(store: &Store) {
    user(store, "taken").await;
    let (a, b, c) = tokio::join!(
        store.create_user(new_user("a")),
        store.create_user(new_user("taken")),
        store.create_user(new_user("c"))
    );
    assert!(a.is_ok() && matches!(b, Err(StoreError::NameTaken { .. })) && c.is_ok());
    assert_eq!(store.count_users().await.unwrap(), 3);
}

async fn of_concurrent_saves_on_one_base_one_wins(store: &Store) {
    let alice = user(store, "alice").await;
    let hello = val(store, &alice, "hello", "0").await;
    let mut saves = JoinSet::new();
    for number in 0..20 {
        let (store, new) = (
            store.clone(),
            new_version(&alice, &hello, Some(0), &number.to_string()),
        );
        saves.spawn(async move {
            store
                .save_version(new)
                .await
                .map(|saved| saved.version.version)
        });
    }
    let outcomes = saves.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1]);
    assert!(
        lost.iter()
            .all(|outcome| matches!(outcome, Err(StoreError::Conflict { newest: 1 })))
    );
}

async fn of_concurrent_vals_of_one_name_one_wins(store: &Store) {
    let alice = user(store, "alice").await;
    let mut creations = JoinSet::new();
    for number in 0..20 {
        let (store, new) = (store.clone(), new_val(&alice, "hello", &number.to_string()));
        creations.spawn(async move { store.create_val(new).await.is_ok() });
    }
    assert_eq!(
        creations
            .join_all()
            .await
            .into_iter()
            .filter(|ok| *ok)
            .count(),
        1
    );
}

async fn more_writers_than_the_queue_has_places_all_get_through(store: &Store) {
    let count = thorp_store::limits::WRITE_QUEUE_OPERATIONS_MAX as i64 + 100;
    let mut inserts = JoinSet::new();
    for number in 0..count {
        let store = store.clone();
        inserts.spawn(async move { store.insert_run(new_run(NOW + number)).await.unwrap() });
    }
    inserts.join_all().await;
    assert_eq!(store.run_totals().await.unwrap().runs, count);
}

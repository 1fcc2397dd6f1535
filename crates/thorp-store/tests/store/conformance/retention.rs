//! Keeping runs within an age and a size.

use crate::support::{ALL, new_run};
use thorp_store::limits::RUN_OVERHEAD_BYTES;
use thorp_store::{NewRun, RunFilter, RunTotals, Store, Trimmed};

super::on_sqlite!(
    totals_follow_inserts_and_deletions,
    old_runs_are_deleted_in_batches,
    the_oldest_runs_go_until_the_rest_fits,
    trimming_sees_what_its_own_transaction_inserted,
);

async fn insert(store: &Store, started: impl IntoIterator<Item = i64>) {
    for started_at in started {
        store.insert_run(new_run(started_at)).await.unwrap();
    }
}

async fn left(store: &Store) -> Vec<i64> {
    store
        .list_runs(RunFilter::default(), ALL)
        .await
        .unwrap()
        .items
        .iter()
        .map(|run| run.started_at)
        .collect()
}

async fn run_bytes(store: &Store) -> i64 {
    store
        .list_runs(RunFilter::default(), ALL)
        .await
        .unwrap()
        .items[0]
        .bytes
}

async fn totals_follow_inserts_and_deletions(store: &Store) {
    let logs = "x".repeat(1000);
    store
        .insert_run(NewRun {
            logs: logs.clone(),
            code: None,
            result: None,
            ..new_run(1)
        })
        .await
        .unwrap();
    let bytes = RUN_OVERHEAD_BYTES + 1000 + 2;
    assert_eq!(
        store.run_totals().await.unwrap(),
        RunTotals { runs: 1, bytes }
    );
    store.delete_runs_older_than(2, 10).await.unwrap();
    assert_eq!(store.run_totals().await.unwrap(), RunTotals::default());
}

async fn old_runs_are_deleted_in_batches(store: &Store) {
    insert(store, [5, 1, 3, 2, 4]).await;
    assert_eq!(
        store.delete_runs_older_than(4, 2).await.unwrap(),
        Trimmed {
            deleted: 2,
            more: true
        }
    );
    assert_eq!(left(store).await, [5, 4, 3]);
    assert_eq!(
        store.delete_runs_older_than(4, 2).await.unwrap(),
        Trimmed {
            deleted: 1,
            more: false
        }
    );
    assert_eq!(left(store).await, [5, 4]);
    assert_eq!(
        store.delete_runs_older_than(4, 2).await.unwrap(),
        Trimmed {
            deleted: 0,
            more: false
        }
    );
}

async fn the_oldest_runs_go_until_the_rest_fits(store: &Store) {
    insert(store, 1..=6).await;
    let each = run_bytes(store).await;
    assert_eq!(
        store.trim_runs_to_bytes(each * 6, 10).await.unwrap(),
        Trimmed {
            deleted: 0,
            more: false
        }
    );
    assert_eq!(
        store.trim_runs_to_bytes(each * 5 - 1, 10).await.unwrap(),
        Trimmed {
            deleted: 2,
            more: false
        }
    );
    assert_eq!(left(store).await, [6, 5, 4, 3]);
    assert_eq!(
        store.trim_runs_to_bytes(0, 3).await.unwrap(),
        Trimmed {
            deleted: 3,
            more: true
        }
    );
    assert_eq!(
        store.trim_runs_to_bytes(0, 3).await.unwrap(),
        Trimmed {
            deleted: 1,
            more: false
        }
    );
    assert_eq!(store.run_totals().await.unwrap(), RunTotals::default());
}

async fn trimming_sees_what_its_own_transaction_inserted(store: &Store) {
    insert(store, [1]).await;
    let each = run_bytes(store).await;
    // Polled in this order on one thread, so all are queued in this order and share transactions.
    let (a, b, trimmed) = tokio::join!(
        store.insert_run(new_run(2)),
        store.insert_run(new_run(3)),
        store.trim_runs_to_bytes(each, 10)
    );
    a.unwrap();
    b.unwrap();
    assert_eq!(trimmed.unwrap().deleted, 2);
    assert_eq!(
        (left(store).await, store.run_totals().await.unwrap().bytes),
        (vec![3], each)
    );
}

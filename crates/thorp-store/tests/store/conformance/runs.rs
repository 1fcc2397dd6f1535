//! Recording, reading and listing runs.

use crate::support::{ALL, name_of, new_run, page, run_of, user, val};
use thorp_store::{NewRun, RunFilter, RunStatus, RunSummary, Store, Trigger};
use uuid::Uuid;

super::on_sqlite!(
    a_run_keeps_all_it_was_given,
    an_anonymous_run_has_no_users,
    a_run_is_recorded_once,
    the_newest_run_of_a_val_is_the_last_started,
    runs_are_listed_newest_first,
    runs_are_filtered,
    the_runs_that_a_run_called_are_found,
);

async fn a_run_keeps_all_it_was_given(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    let hello = val(store, &alice, "hello", "1").await;
    let new = NewRun {
        caller_id: Some(bob.id),
        status: RunStatus::Error,
        result: None,
        result_undefined: true,
        logs_truncated: true,
        error: Some("{\"code\":\"USER_ERROR\"}".into()),
        denied: Some("[{}]".into()),
        parent_id: Some(Uuid::now_v7()),
        ..run_of(&hello, 10)
    };
    store.insert_run(new.clone()).await.unwrap();
    let run = store.run_by_id(new.id).await.unwrap().unwrap();
    let summary = &run.summary;
    let of = summary.val.as_ref().unwrap();
    assert_eq!(
        (of.id, of.name.as_str(), of.owner.name.as_str(), of.version),
        (hello.id, "hello", "alice", Some(0))
    );
    assert_eq!(summary.caller.as_ref().unwrap().name, "bob");
    assert_eq!(summary.run_as.as_ref().unwrap().id, alice.id);
    assert_eq!(
        (summary.trigger, summary.status, summary.usage),
        (Trigger::Run, RunStatus::Error, new.usage)
    );
    assert_eq!(
        (summary.result_undefined, summary.logs_truncated),
        (true, true)
    );
    assert_eq!(
        (summary.started_at, summary.ended_at, summary.parent_id),
        (10, 310, new.parent_id)
    );
    assert_eq!(
        (&summary.error, &run.code, &run.args),
        (&new.error, &new.code, &new.args)
    );
    assert_eq!((&run.result, &run.logs), (&new.result, &new.logs));
    assert_eq!(run.denied, new.denied);
    for (denied, ids) in [(true, vec![new.id]), (false, Vec::new())] {
        let filter = RunFilter {
            denied: Some(denied),
            ..RunFilter::default()
        };
        let page = store.list_runs(filter, ALL).await.unwrap();
        let found: Vec<Uuid> = page.items.iter().map(|run| run.id).collect();
        assert_eq!(found, ids, "{denied}");
    }
}

async fn the_runs_that_a_run_called_are_found(store: &Store) {
    let parent = Uuid::now_v7();
    let mut called = Vec::new();
    for started_at in [3, 1, 2] {
        let new = NewRun {
            parent_id: Some(parent),
            ..new_run(started_at)
        };
        called.push(new.id);
        store.insert_run(new).await.unwrap();
    }
    store.insert_run(new_run(1)).await.unwrap();
    let expected = [called[1], called[2], called[0]];
    assert_eq!(store.runs_called_by(parent, 9).await.unwrap(), expected);
    assert_eq!(
        store.runs_called_by(parent, 2).await.unwrap(),
        expected[..2]
    );
    let none: [Uuid; 0] = [];
    assert_eq!(store.runs_called_by(called[0], 9).await.unwrap(), none);
}

async fn an_anonymous_run_has_no_users(store: &Store) {
    let new = new_run(1);
    store.insert_run(new.clone()).await.unwrap();
    let run = store.run_by_id(new.id).await.unwrap().unwrap();
    assert_eq!(
        (run.summary.val, run.summary.caller, run.summary.run_as),
        (None, None, None)
    );
    assert_eq!(
        (run.code.as_deref(), run.result.as_deref()),
        (Some("1 + 1"), Some("2"))
    );
    assert_eq!(store.run_by_id(Uuid::now_v7()).await.unwrap(), None);
}

async fn a_run_is_recorded_once(store: &Store) {
    let new = new_run(1);
    store.insert_run(new.clone()).await.unwrap();
    assert!(name_of(store.insert_run(new).await).starts_with("Database"));
    assert_eq!(store.run_totals().await.unwrap().runs, 1);
}

async fn the_newest_run_of_a_val_is_the_last_started(store: &Store) {
    let alice = user(store, "alice").await;
    let hello = val(store, &alice, "hello", "1").await;
    assert_eq!(store.newest_run_of_val(hello.id).await.unwrap(), None);
    for started_at in [10, 30, 20] {
        store.insert_run(run_of(&hello, started_at)).await.unwrap();
    }
    assert_eq!(
        store
            .newest_run_of_val(hello.id)
            .await
            .unwrap()
            .unwrap()
            .summary
            .started_at,
        30
    );
}

fn starts(items: &[RunSummary]) -> Vec<i64> {
    items.iter().map(|run| run.started_at).collect()
}

async fn runs_are_listed_newest_first(store: &Store) {
    for started_at in [2, 5, 1, 4, 3] {
        store.insert_run(new_run(started_at)).await.unwrap();
    }
    let first = store
        .list_runs(RunFilter::default(), page(0, 3))
        .await
        .unwrap();
    let rest = store
        .list_runs(RunFilter::default(), page(3, 3))
        .await
        .unwrap();
    assert_eq!((starts(&first.items), first.more), (vec![5, 4, 3], true));
    assert_eq!((starts(&rest.items), rest.more), (vec![2, 1], false));
}

async fn runs_are_filtered(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    let hello = val(store, &alice, "hello", "1").await;
    let runs = [
        new_run(1),
        run_of(&hello, 2),
        NewRun {
            caller_id: Some(bob.id),
            ..run_of(&hello, 3)
        },
        NewRun {
            status: RunStatus::Error,
            ..run_of(&hello, 4)
        },
        NewRun {
            trigger: Trigger::Health,
            ..new_run(5)
        },
    ];
    for run in runs {
        store.insert_run(run).await.unwrap();
    }
    let check =
        async |filter: RunFilter| starts(&store.list_runs(filter, ALL).await.unwrap().items);
    let any = RunFilter::default();
    assert_eq!(
        check(RunFilter {
            run_as_id: Some(alice.id),
            ..any
        })
        .await,
        [4, 3, 2]
    );
    assert_eq!(
        check(RunFilter {
            caller_id: Some(bob.id),
            ..any
        })
        .await,
        [3]
    );
    assert_eq!(
        check(RunFilter {
            val_id: Some(hello.id),
            status: Some(RunStatus::Ok),
            ..any
        })
        .await,
        [3, 2]
    );
    assert_eq!(
        check(RunFilter {
            trigger: Some(Trigger::Health),
            ..any
        })
        .await,
        [5]
    );
    assert_eq!(
        check(RunFilter {
            since: Some(2),
            until: Some(4),
            ..any
        })
        .await,
        [3, 2]
    );
}

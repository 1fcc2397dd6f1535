//! Values: read at one moment, written with a run or not at all, and trimmed.

use crate::support::{ALL, NOW, code_of, new_run, user, val};
use thorp_store::{File, Privacy, Store, StoreError, User, ValueWrite};
use uuid::Uuid;

super::on_sqlite!(
    what_a_run_writes_is_there_with_its_record,
    a_run_that_writes_a_program_leaves_nothing,
    old_values_go_and_saved_versions_stay,
    a_deleted_value_is_gone_and_its_name_is_free,
    names_are_found_whatever_their_case,
);

fn write(owner: &User, name: &str, json: Option<&str>) -> ValueWrite {
    ValueWrite {
        owner_id: owner.id,
        name: name.into(),
        value: json.map(|json| {
            let file = File {
                path: "main.tsx".into(),
                text: format!("let {name} = {json}"),
            };
            (json.to_owned(), file)
        }),
        run: Uuid::now_v7(),
        new_id: Uuid::now_v7(),
        now_micros: NOW + 9,
    }
}

async fn value_of(store: &Store, name: &str) -> Option<String> {
    let names = vec![("alice".to_owned(), name.to_owned())];
    let found = store.values(names).await.unwrap().remove(0)?;
    found.version.value
}

async fn what_a_run_writes_is_there_with_its_record(store: &Store) {
    let alice = user(store, "alice").await;
    let run = new_run(NOW);
    let id = run.id;
    let writes = vec![
        write(&alice, "total", Some("1")),
        write(&alice, "list", Some("[]")),
    ];
    store
        .insert_run_with_writes(run, writes, 100)
        .await
        .unwrap();
    assert!(store.run_by_id(id).await.unwrap().is_some());
    assert_eq!(value_of(store, "total").await.as_deref(), Some("1"));
    assert_eq!(value_of(store, "list").await.as_deref(), Some("[]"));
    let made = store.val_by_owner_and_name("alice", "total").await.unwrap();
    let made = made.unwrap();
    assert_eq!((made.privacy, made.live_version), (Privacy::Private, 0));
    let again = vec![write(&alice, "Total", Some("2"))];
    let again = store.insert_run_with_writes(new_run(NOW), again, 100);
    again.await.unwrap();
    assert_eq!(value_of(store, "total").await.as_deref(), Some("2"));
    assert_eq!(
        code_of(store, &made, 1).await.as_deref(),
        Some("let Total = 2")
    );
}

async fn a_run_that_writes_a_program_leaves_nothing(store: &Store) {
    let alice = user(store, "alice").await;
    val(store, &alice, "hello", "export default () => 1").await;
    let run = new_run(NOW);
    let id = run.id;
    let writes = vec![
        write(&alice, "total", Some("1")),
        write(&alice, "hello", Some("2")),
    ];
    let refused = store.insert_run_with_writes(run, writes, 100).await;
    assert!(
        matches!(&refused, Err(StoreError::NotData { name }) if name == "hello"),
        "{refused:?}"
    );
    assert!(store.run_by_id(id).await.unwrap().is_none());
    assert_eq!(value_of(store, "total").await, None);
}

async fn old_values_go_and_saved_versions_stay(store: &Store) {
    let alice = user(store, "alice").await;
    let total = val(store, &alice, "total", "let total = 0").await;
    let zero = Some("0".to_owned());
    store.keep_value(total.id, 0, zero).await.unwrap();
    for number in 1..=9 {
        let json = number.to_string();
        let write = write(&alice, "total", Some(&json));
        store.set_value(write, 3).await.unwrap();
    }
    let versions = store.list_versions(total.id, ALL).await.unwrap().items;
    let numbers: Vec<i64> = versions.iter().map(|version| version.version).collect();
    assert_eq!(numbers, [9, 8, 7, 0]);
    assert_eq!(value_of(store, "total").await.as_deref(), Some("9"));
}

async fn a_deleted_value_is_gone_and_its_name_is_free(store: &Store) {
    let alice = user(store, "alice").await;
    for json in [Some("1"), None, None, Some("2")] {
        let write = write(&alice, "total", json);
        store.set_value(write, 3).await.unwrap();
        assert_eq!(value_of(store, "total").await.as_deref(), json);
    }
}

async fn names_are_found_whatever_their_case(store: &Store) {
    let alice = user(store, "alice").await;
    val(store, &alice, "Hello", "1").await;
    let name = |name: &str| ("ALICE".to_owned(), name.to_owned());
    let found = store
        .values(vec![name("hellO"), name("none")])
        .await
        .unwrap();
    let found: Vec<Option<String>> = found
        .into_iter()
        .map(|found| found.map(|found| found.val.name))
        .collect();
    assert_eq!(found, [Some("Hello".to_owned()), None]);
}

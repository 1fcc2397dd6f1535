//! Versions: numbers, conflicts, restoring, deleting, and content kept once.

use crate::support::{ALL, NOW, code_of, content, name_of, new_version, page, save, user, val};
use thorp_store::{
    Digest, File, NewContent, NewVersion, RestoreVersion, Store, User, Val, manifest_digest,
};

super::on_sqlite!(
    versions_count_from_zero,
    a_version_keeps_all_it_was_given,
    a_save_on_an_old_base_is_refused,
    a_save_without_base_goes_through,
    a_restore_makes_old_content_the_newest,
    a_missing_version_cannot_be_restored,
    a_deleted_live_version_hands_over,
    a_deleted_old_version_leaves_the_live_one,
    the_last_version_stays,
    a_number_is_never_used_twice,
    shared_content_outlives_one_version,
    unshared_content_goes_with_its_version,
    versions_are_listed_newest_first,
    files_need_distinct_paths_and_the_entry,
);

async fn alice_and_val(store: &Store) -> (User, Val) {
    let alice = user(store, "alice").await;
    let val = val(store, &alice, "hello", "zero").await;
    (alice, val)
}

fn restore(alice: &User, val: &Val, version: i64) -> RestoreVersion {
    RestoreVersion {
        val_id: val.id,
        version,
        lock: None,
        created_by: alice.id,
        message: Some("back".into()),
        now_micros: NOW + 7,
    }
}

async fn versions_count_from_zero(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    let saved = store
        .save_version(new_version(&alice, &hello, Some(0), "one"))
        .await
        .unwrap();
    assert_eq!((saved.version.version, saved.version.base), (1, Some(0)));
    assert_eq!(
        (
            saved.val.live_version,
            saved.val.next_version,
            saved.val.updated_at
        ),
        (1, 2, NOW + 1)
    );
    assert_eq!(code_of(store, &hello, 0).await.as_deref(), Some("zero"));
    assert_eq!(code_of(store, &hello, 1).await.as_deref(), Some("one"));
    assert_eq!(code_of(store, &hello, 2).await, None);
}

async fn a_version_keeps_all_it_was_given(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    let files = ["z.ts", "main.tsx"]
        .map(|path| File {
            path: path.into(),
            text: format!("// {path} é\u{1F600}"),
        })
        .to_vec();
    let given = NewContent {
        files: files.clone(),
        message: Some("two files".into()),
        facts: "{\"a\":1}".into(),
        diagnostics: "[1]".into(),
        lock: "{\"l\":1}".into(),
        runnable: false,
        ..content(&alice, "")
    };
    let compiled = given.compiled.clone();
    let new = NewVersion {
        val_id: hello.id,
        base: None,
        content: given,
        now_micros: NOW + 1,
    };
    let saved = store.save_version(new).await.unwrap().version;
    let found = store.version(hello.id, 1).await.unwrap().unwrap();
    assert_eq!(found.version, saved);
    assert_eq!(found.files, [files[1].clone(), files[0].clone()]);
    assert_eq!(saved.hash, manifest_digest("main.tsx", &found.files));
    assert_eq!(
        (
            saved.message.as_deref(),
            saved.facts.as_str(),
            saved.runnable
        ),
        (Some("two files"), "{\"a\":1}", false)
    );
    assert_eq!(
        store.compiled(saved.compiled_hash.unwrap()).await.unwrap(),
        compiled
    );
}

async fn a_save_on_an_old_base_is_refused(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    save(store, &alice, &hello, "one").await;
    let refused = store
        .save_version(new_version(&alice, &hello, Some(0), "two"))
        .await;
    assert_eq!(
        format!("{:?}", refused.unwrap_err()),
        "Conflict { newest: 1 }"
    );
    let now = store.val_by_id(hello.id).await.unwrap().unwrap();
    assert_eq!((now.live_version, now.next_version), (1, 2));
}

async fn a_save_without_base_goes_through(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    save(store, &alice, &hello, "one").await;
    assert_eq!(save(store, &alice, &hello, "two").await.version, 2);
}

async fn a_restore_makes_old_content_the_newest(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    save(store, &alice, &hello, "one").await;
    let restored = store
        .restore_version(restore(&alice, &hello, 0))
        .await
        .unwrap();
    let old = store.version(hello.id, 0).await.unwrap().unwrap();
    assert_eq!(
        (
            restored.version.version,
            restored.version.origin,
            restored.val.live_version
        ),
        (2, Some(0), 2)
    );
    assert_eq!(
        (restored.version.hash, restored.version.compiled_hash),
        (old.version.hash, old.version.compiled_hash)
    );
    assert_eq!(
        store.version(hello.id, 2).await.unwrap().unwrap().files,
        old.files
    );
}

async fn a_missing_version_cannot_be_restored(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    assert_eq!(
        name_of(store.restore_version(restore(&alice, &hello, 5)).await),
        "NotFound(Version)"
    );
    assert_eq!(
        store
            .val_by_id(hello.id)
            .await
            .unwrap()
            .unwrap()
            .next_version,
        1
    );
}

async fn a_deleted_live_version_hands_over(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    save(store, &alice, &hello, "one").await;
    save(store, &alice, &hello, "two").await;
    store.delete_version(hello.id, 1, NOW + 2).await.unwrap();
    let now = store.delete_version(hello.id, 2, NOW + 3).await.unwrap();
    assert_eq!((now.live_version, now.updated_at), (0, NOW + 3));
    assert_eq!(code_of(store, &hello, 2).await, None);
}

async fn a_deleted_old_version_leaves_the_live_one(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    save(store, &alice, &hello, "one").await;
    assert_eq!(
        store
            .delete_version(hello.id, 0, NOW)
            .await
            .unwrap()
            .live_version,
        1
    );
    assert_eq!(
        name_of(store.delete_version(hello.id, 0, NOW).await),
        "NotFound(Version)"
    );
}

async fn the_last_version_stays(store: &Store) {
    let (_, hello) = alice_and_val(store).await;
    assert_eq!(
        name_of(store.delete_version(hello.id, 0, NOW).await),
        "LastVersion"
    );
    assert_eq!(code_of(store, &hello, 0).await.as_deref(), Some("zero"));
}

async fn a_number_is_never_used_twice(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    save(store, &alice, &hello, "one").await;
    store.delete_version(hello.id, 1, NOW).await.unwrap();
    let saved = store
        .save_version(new_version(&alice, &hello, Some(0), "two"))
        .await
        .unwrap();
    assert_eq!(saved.version.version, 2);
    let stale = store
        .save_version(new_version(&alice, &hello, Some(1), "three"))
        .await;
    assert_eq!(
        format!("{:?}", stale.unwrap_err()),
        "Conflict { newest: 2 }"
    );
}

async fn shared_content_outlives_one_version(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    let same = save(store, &alice, &hello, "zero").await;
    store.delete_version(hello.id, 0, NOW).await.unwrap();
    assert_eq!(code_of(store, &hello, 1).await.as_deref(), Some("zero"));
    assert!(
        store
            .compiled(same.compiled_hash.unwrap())
            .await
            .unwrap()
            .is_some()
    );
}

async fn unshared_content_goes_with_its_version(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    let secret = save(store, &alice, &hello, "a secret by mistake").await;
    store.delete_version(hello.id, 1, NOW).await.unwrap();
    assert_eq!(
        store.compiled(secret.compiled_hash.unwrap()).await.unwrap(),
        None
    );
    assert_eq!(store.compiled(Digest::of(b"nothing")).await.unwrap(), None);
}

async fn versions_are_listed_newest_first(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    for code in ["one", "two", "three"] {
        save(store, &alice, &hello, code).await;
    }
    store.delete_version(hello.id, 1, NOW).await.unwrap();
    let numbers = |items: &[thorp_store::Version]| {
        items
            .iter()
            .map(|version| version.version)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        numbers(&store.list_versions(hello.id, ALL).await.unwrap().items),
        [3, 2, 0]
    );
    let middle = store.list_versions(hello.id, page(1, 1)).await.unwrap();
    assert_eq!((numbers(&middle.items), middle.more), (vec![2], true));
}

async fn files_need_distinct_paths_and_the_entry(store: &Store) {
    let (alice, hello) = alice_and_val(store).await;
    let file = |path: &str| File {
        path: path.into(),
        text: String::new(),
    };
    for files in [
        vec![],
        vec![file("other.ts")],
        vec![file("main.tsx"), file("main.tsx")],
    ] {
        let content = NewContent {
            files,
            ..content(&alice, "")
        };
        let refused = store
            .save_version(NewVersion {
                val_id: hello.id,
                base: None,
                content,
                now_micros: NOW,
            })
            .await;
        assert_eq!(name_of(refused), "BadFiles");
    }
}

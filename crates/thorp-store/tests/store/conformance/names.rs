//! Names of vals: case, renaming, redirects, deletion and reuse.

use crate::support::{NOW, name_of, new_val, new_version, public_val, save, user, val};
use thorp_store::{Endpoint, Isolation, Privacy, Store, User, Val, ValPatch};

super::on_sqlite!(
    a_val_is_found_in_any_case,
    a_living_name_is_taken_for_its_owner_only,
    a_renamed_val_is_found_by_both_names,
    a_living_val_goes_before_a_redirect,
    the_last_val_of_a_name_gets_the_redirect,
    a_renaming_to_a_taken_name_changes_nothing,
    a_renaming_of_case_only_is_no_renaming,
    a_val_can_be_renamed_back,
    a_deleted_val_frees_its_name,
    a_deleted_val_comes_back,
    a_val_whose_name_was_taken_stays_deleted,
    a_deleted_val_takes_no_changes,
    a_patch_changes_what_it_names,
);

async fn find(store: &Store, owner: &User, name: &str) -> Option<Val> {
    store
        .val_by_owner_and_name(&owner.name, name)
        .await
        .unwrap()
}

async fn rename(store: &Store, val: &Val, name: &str) -> Val {
    store
        .rename_val(val.id, name.into(), NOW + 5)
        .await
        .unwrap()
}

async fn a_val_is_found_in_any_case(store: &Store) {
    let alice = user(store, "Alice").await;
    let hello = val(store, &alice, "Hello", "1").await;
    assert_eq!(
        store
            .val_by_owner_and_name("aLiCE", "hELLO")
            .await
            .unwrap()
            .as_ref(),
        Some(&hello)
    );
    assert_eq!(
        store.val_by_id(hello.id).await.unwrap().as_ref(),
        Some(&hello)
    );
    assert_eq!(
        (
            hello.owner_name.as_str(),
            hello.live_version,
            hello.next_version
        ),
        ("Alice", 0, 1)
    );
}

async fn a_living_name_is_taken_for_its_owner_only(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    val(store, &alice, "hello", "1").await;
    assert_eq!(
        name_of(store.create_val(new_val(&alice, "HELLO", "2")).await),
        "NameTaken"
    );
    val(store, &bob, "hello", "3").await;
    assert_eq!(store.count_vals().await.unwrap(), 2);
}

async fn a_renamed_val_is_found_by_both_names(store: &Store) {
    let alice = user(store, "alice").await;
    let old = val(store, &alice, "old", "1").await;
    let new = rename(store, &old, "New").await;
    assert_eq!(
        (new.id, new.name.as_str(), new.updated_at),
        (old.id, "New", NOW + 5)
    );
    assert_eq!(find(store, &alice, "OLD").await.as_ref(), Some(&new));
    assert_eq!(find(store, &alice, "new").await.as_ref(), Some(&new));
}

async fn a_living_val_goes_before_a_redirect(store: &Store) {
    let alice = user(store, "alice").await;
    let first = val(store, &alice, "old", "1").await;
    rename(store, &first, "new").await;
    let second = val(store, &alice, "old", "2").await;
    assert_eq!(find(store, &alice, "old").await.unwrap().id, second.id);
    store.delete_val(second.id, NOW).await.unwrap();
    assert_eq!(find(store, &alice, "old").await.unwrap().id, first.id);
    store.delete_val(first.id, NOW).await.unwrap();
    assert_eq!(find(store, &alice, "old").await, None);
}

async fn the_last_val_of_a_name_gets_the_redirect(store: &Store) {
    let alice = user(store, "alice").await;
    let first = val(store, &alice, "x", "1").await;
    rename(store, &first, "a").await;
    let second = val(store, &alice, "x", "2").await;
    rename(store, &second, "b").await;
    assert_eq!(find(store, &alice, "x").await.unwrap().id, second.id);
}

async fn a_renaming_to_a_taken_name_changes_nothing(store: &Store) {
    let alice = user(store, "alice").await;
    let (a, b) = (
        val(store, &alice, "a", "1").await,
        val(store, &alice, "b", "2").await,
    );
    let patch = ValPatch {
        name: Some("B".into()),
        privacy: Some(Privacy::Public),
        ..ValPatch::default()
    };
    assert_eq!(
        name_of(store.patch_val(a.id, patch, NOW + 1).await),
        "NameTaken"
    );
    assert_eq!(
        (
            find(store, &alice, "a").await,
            find(store, &alice, "b").await
        ),
        (Some(a), Some(b))
    );
}

async fn a_renaming_of_case_only_is_no_renaming(store: &Store) {
    let alice = user(store, "alice").await;
    let hello = val(store, &alice, "hello", "1").await;
    assert_eq!(rename(store, &hello, "Hello").await.name, "Hello");
    store.delete_val(hello.id, NOW).await.unwrap();
    assert_eq!(find(store, &alice, "hello").await, None);
}

async fn a_val_can_be_renamed_back(store: &Store) {
    let alice = user(store, "alice").await;
    let a = val(store, &alice, "a", "1").await;
    rename(store, &a, "b").await;
    rename(store, &a, "a").await;
    assert_eq!(find(store, &alice, "a").await.unwrap().name, "a");
    assert_eq!(find(store, &alice, "b").await.unwrap().name, "a");
}

async fn a_deleted_val_frees_its_name(store: &Store) {
    let alice = user(store, "alice").await;
    let first = val(store, &alice, "hello", "1").await;
    let deleted = store.delete_val(first.id, NOW + 2).await.unwrap();
    assert_eq!(
        (deleted.deleted_at, find(store, &alice, "hello").await),
        (Some(NOW + 2), None)
    );
    assert_eq!(store.val_by_id(first.id).await.unwrap(), Some(deleted));
    let second = val(store, &alice, "Hello", "2").await;
    assert_eq!(find(store, &alice, "hello").await.unwrap().id, second.id);
    assert_eq!(store.count_vals().await.unwrap(), 1);
}

async fn a_deleted_val_comes_back(store: &Store) {
    let alice = user(store, "alice").await;
    let hello = val(store, &alice, "hello", "1").await;
    save(store, &alice, &hello, "2").await;
    store.delete_val(hello.id, NOW).await.unwrap();
    let back = store.undelete_val(hello.id, NOW + 3).await.unwrap();
    assert_eq!((back.deleted_at, back.live_version), (None, 1));
    assert_eq!(save(store, &alice, &back, "3").await.version, 2);
    assert_eq!(
        store
            .undelete_val(hello.id, NOW + 4)
            .await
            .unwrap()
            .updated_at,
        NOW + 1
    );
}

async fn a_val_whose_name_was_taken_stays_deleted(store: &Store) {
    let alice = user(store, "alice").await;
    let first = val(store, &alice, "hello", "1").await;
    store.delete_val(first.id, NOW).await.unwrap();
    let second = val(store, &alice, "HELLO", "2").await;
    assert_eq!(
        name_of(store.undelete_val(first.id, NOW).await),
        "NameTaken"
    );
    rename(store, &second, "other").await;
    store.undelete_val(first.id, NOW).await.unwrap();
    assert_eq!(find(store, &alice, "hello").await.unwrap().id, first.id);
}

async fn a_deleted_val_takes_no_changes(store: &Store) {
    let alice = user(store, "alice").await;
    let hello = val(store, &alice, "hello", "1").await;
    store.delete_val(hello.id, NOW).await.unwrap();
    assert_eq!(
        name_of(store.delete_val(hello.id, NOW).await),
        "NotFound(Val)"
    );
    assert_eq!(
        name_of(store.rename_val(hello.id, "x".into(), NOW).await),
        "NotFound(Val)"
    );
    assert_eq!(
        name_of(
            store
                .save_version(new_version(&alice, &hello, None, "2"))
                .await
        ),
        "NotFound(Val)"
    );
    assert_eq!(
        name_of(store.delete_version(hello.id, 0, NOW).await),
        "NotFound(Val)"
    );
}

async fn a_patch_changes_what_it_names(store: &Store) {
    let alice = user(store, "alice").await;
    let hello = public_val(store, &alice, "hello", "1").await;
    let patch = ValPatch {
        endpoint: Some(Endpoint::Public),
        isolation: Some(Isolation::Fresh),
        readme: Some(Some("# hi".into())),
        ..ValPatch::default()
    };
    let patched = store.patch_val(hello.id, patch, NOW + 9).await.unwrap();
    let expected = Val {
        endpoint: Endpoint::Public,
        isolation: Isolation::Fresh,
        readme: Some("# hi".into()),
        updated_at: NOW + 9,
        ..hello.clone()
    };
    assert_eq!(patched, expected);
    let emptied = ValPatch {
        readme: Some(None),
        ..ValPatch::default()
    };
    assert_eq!(
        store
            .patch_val(hello.id, emptied, NOW)
            .await
            .unwrap()
            .readme,
        None
    );
}

//! Dependency sets: lookup within one user, and which of them nobody needs any more.

use crate::support::{NOW, content, new_dependency_set, new_val, user};
use thorp_store::{DependencyDeletion, DependencySet, NewContent, NewVal, Store};

super::on_sqlite!(
    a_set_is_found_by_its_user_only,
    a_later_set_of_a_key_is_found,
    a_set_that_a_version_needs_is_kept,
    a_set_in_use_is_not_listed,
    a_set_used_again_is_kept,
    a_folder_is_unused_with_its_last_set,
);

async fn unused(store: &Store) -> Vec<DependencySet> {
    store.unused_dependency_sets(NOW + 100, 10).await.unwrap()
}

async fn a_set_is_found_by_its_user_only(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    let set = store
        .insert_dependency_set(new_dependency_set(&alice, "zod@4", "f", NOW))
        .await
        .unwrap();
    assert_eq!(
        store
            .dependency_set(alice.id, "zod@4")
            .await
            .unwrap()
            .as_ref(),
        Some(&set)
    );
    assert_eq!(
        store.dependency_set_by_id(set.id).await.unwrap().as_ref(),
        Some(&set)
    );
    assert_eq!(store.dependency_set(bob.id, "zod@4").await.unwrap(), None);
    assert_eq!(store.dependency_set(alice.id, "zod@3").await.unwrap(), None);
}

async fn a_later_set_of_a_key_is_found(store: &Store) {
    let alice = user(store, "alice").await;
    store
        .insert_dependency_set(new_dependency_set(&alice, "k", "f", NOW))
        .await
        .unwrap();
    let later = store
        .insert_dependency_set(new_dependency_set(&alice, "k", "g", NOW + 1))
        .await
        .unwrap();
    assert_eq!(
        store.dependency_set(alice.id, "k").await.unwrap(),
        Some(later)
    );
}

async fn a_set_that_a_version_needs_is_kept(store: &Store) {
    let alice = user(store, "alice").await;
    let set = store
        .insert_dependency_set(new_dependency_set(&alice, "k", "f", NOW))
        .await
        .unwrap();
    let with_set = NewContent {
        dependency_set_id: Some(set.id),
        ..content(&alice, "1")
    };
    let saved = store
        .create_val(NewVal {
            content: with_set,
            ..new_val(&alice, "v", "")
        })
        .await
        .unwrap();
    assert_eq!(saved.version.dependency_set_id, Some(set.id));
    store.delete_val(saved.val.id, NOW).await.unwrap();
    assert_eq!(unused(store).await, []);
    assert_eq!(
        store
            .delete_dependency_set(set.id, NOW + 100)
            .await
            .unwrap(),
        DependencyDeletion::Kept
    );
    store.undelete_val(saved.val.id, NOW).await.unwrap();
    let without = thorp_store::NewVersion {
        val_id: saved.val.id,
        base: None,
        content: content(&alice, "2"),
        now_micros: NOW,
    };
    store.save_version(without).await.unwrap();
    store.delete_version(saved.val.id, 0, NOW).await.unwrap();
    assert_eq!(unused(store).await, [set]);
}

async fn a_set_in_use_is_not_listed(store: &Store) {
    let alice = user(store, "alice").await;
    let old = store
        .insert_dependency_set(new_dependency_set(&alice, "a", "f", NOW))
        .await
        .unwrap();
    let used = store
        .insert_dependency_set(new_dependency_set(&alice, "b", "g", NOW))
        .await
        .unwrap();
    store
        .touch_dependency_sets(vec![used.id], NOW + 100)
        .await
        .unwrap();
    store
        .touch_dependency_sets(vec![used.id], NOW + 1)
        .await
        .unwrap();
    assert_eq!(unused(store).await, [old]);
}

async fn a_set_used_again_is_kept(store: &Store) {
    let alice = user(store, "alice").await;
    let set = store
        .insert_dependency_set(new_dependency_set(&alice, "a", "f", NOW))
        .await
        .unwrap();
    assert_eq!(unused(store).await.len(), 1);
    store
        .touch_dependency_sets(vec![set.id], NOW + 200)
        .await
        .unwrap();
    assert_eq!(
        store
            .delete_dependency_set(set.id, NOW + 100)
            .await
            .unwrap(),
        DependencyDeletion::Kept
    );
}

async fn a_folder_is_unused_with_its_last_set(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    let one = store
        .insert_dependency_set(new_dependency_set(&alice, "k", "same", NOW))
        .await
        .unwrap();
    let two = store
        .insert_dependency_set(new_dependency_set(&bob, "k", "same", NOW))
        .await
        .unwrap();
    let delete = async |set: &DependencySet| {
        store
            .delete_dependency_set(set.id, NOW + 100)
            .await
            .unwrap()
    };
    assert_eq!(delete(&one).await, DependencyDeletion::FolderStillUsed);
    assert_eq!(delete(&two).await, DependencyDeletion::FolderUnused);
    assert_eq!(delete(&two).await, DependencyDeletion::Kept);
}

//! Users, tokens and settings.

use crate::support::{ALL, NOW, name_of, new_token, new_user, page, user};
use thorp_store::{Digest, NewToken, NewUser, Store, TokenTouch};

super::on_sqlite!(
    a_user_is_found_by_id_and_by_name_in_any_case,
    a_name_is_used_once_whatever_its_case,
    users_are_listed_oldest_first,
    a_token_answers_with_its_user,
    a_token_ends_when_it_expires,
    a_revoked_token_is_gone,
    only_its_user_revokes_a_token,
    a_use_never_goes_back_in_time,
    a_setting_is_replaced,
    ping_and_schema_version_answer,
);

async fn a_user_is_found_by_id_and_by_name_in_any_case(store: &Store) {
    let new = NewUser {
        bio: Some("hi".into()),
        operator: true,
        ..new_user("Alice")
    };
    let alice = store.create_user(new).await.unwrap();
    assert_eq!(
        store.user_by_id(alice.id).await.unwrap().as_ref(),
        Some(&alice)
    );
    assert_eq!(
        store.user_by_name("aLICE").await.unwrap().as_ref(),
        Some(&alice)
    );
    assert_eq!(store.user_by_name("bob").await.unwrap(), None);
}

async fn a_name_is_used_once_whatever_its_case(store: &Store) {
    user(store, "alice").await;
    assert_eq!(
        name_of(store.create_user(new_user("ALICE")).await),
        "NameTaken"
    );
    assert_eq!(store.count_users().await.unwrap(), 1);
}

async fn users_are_listed_oldest_first(store: &Store) {
    for (name, age) in [("b", 2), ("c", 1), ("a", 4)] {
        store
            .create_user(NewUser {
                now_micros: NOW - age,
                ..new_user(name)
            })
            .await
            .unwrap();
    }
    let first = store.list_users(page(0, 2)).await.unwrap();
    let rest = store.list_users(page(2, 2)).await.unwrap();
    let names: Vec<_> = first
        .items
        .iter()
        .chain(&rest.items)
        .map(|user| user.name.as_str())
        .collect();
    assert_eq!(
        (names, first.more, rest.more),
        (vec!["a", "b", "c"], true, false)
    );
}

async fn a_token_answers_with_its_user(store: &Store) {
    let alice = user(store, "alice").await;
    let token = store.create_token(new_token(&alice, "t")).await.unwrap();
    let found = store
        .token_by_hash(Digest::of(b"t"), NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.token, found.user), (token, alice));
    assert_eq!(
        store.token_by_hash(Digest::of(b"u"), NOW).await.unwrap(),
        None
    );
}

async fn a_token_ends_when_it_expires(store: &Store) {
    let alice = user(store, "alice").await;
    store
        .create_token(NewToken {
            expires_at: Some(NOW + 10),
            ..new_token(&alice, "t")
        })
        .await
        .unwrap();
    assert!(
        store
            .token_by_hash(Digest::of(b"t"), NOW + 9)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .token_by_hash(Digest::of(b"t"), NOW + 10)
            .await
            .unwrap()
            .is_none()
    );
}

async fn a_revoked_token_is_gone(store: &Store) {
    let alice = user(store, "alice").await;
    let token = store.create_token(new_token(&alice, "t")).await.unwrap();
    store.revoke_token(alice.id, token.id, NOW).await.unwrap();
    assert_eq!(
        store.token_by_hash(Digest::of(b"t"), NOW).await.unwrap(),
        None
    );
    assert_eq!(store.list_tokens(alice.id, ALL).await.unwrap().items, []);
    assert_eq!(
        name_of(store.revoke_token(alice.id, token.id, NOW).await),
        "NotFound(Token)"
    );
}

async fn only_its_user_revokes_a_token(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    let token = store.create_token(new_token(&alice, "t")).await.unwrap();
    assert_eq!(
        name_of(store.revoke_token(bob.id, token.id, NOW).await),
        "NotFound(Token)"
    );
    assert_eq!(
        store.list_tokens(alice.id, ALL).await.unwrap().items,
        [token]
    );
    assert_eq!(store.list_tokens(bob.id, ALL).await.unwrap().items, []);
}

async fn a_use_never_goes_back_in_time(store: &Store) {
    let alice = user(store, "alice").await;
    let token_id = store.create_token(new_token(&alice, "t")).await.unwrap().id;
    for used_at in [5, 9, 7] {
        store
            .touch_tokens(vec![TokenTouch { token_id, used_at }])
            .await
            .unwrap();
    }
    assert_eq!(
        store.list_tokens(alice.id, ALL).await.unwrap().items[0].last_used_at,
        Some(9)
    );
}

async fn a_setting_is_replaced(store: &Store) {
    assert_eq!(store.setting("k").await.unwrap(), None);
    for value in ["a", "b"] {
        store.set_setting("k", value, NOW).await.unwrap();
        assert_eq!(store.setting("k").await.unwrap().as_deref(), Some(value));
    }
}

async fn ping_and_schema_version_answer(store: &Store) {
    store.ping(NOW).await.unwrap();
    assert_eq!(store.schema_version().await.unwrap(), 7);
}

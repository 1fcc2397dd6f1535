//! Sealed secrets of users.

use crate::support::{ALL, NOW, name_of, user};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use thorp_store::{Resealed, Sealed, SecretBounds, SecretChange, Store, User};

super::on_sqlite!(
    every_change_has_a_revision_of_its_own,
    a_value_is_sealed_for_the_revision_that_it_gets,
    what_cannot_be_sealed_changes_nothing,
    sharing_keeps_the_value,
    a_user_has_so_many_and_so_much,
    resealing_is_whole_or_not_at_all,
    keys_are_counted_and_their_secrets_named,
);

fn change(user: &User, name: &str) -> SecretChange {
    SecretChange {
        user_id: user.id,
        name: name.to_owned(),
        packages: None,
        bounds: SecretBounds {
            count: 3,
            bytes: 100,
        },
        now_micros: NOW,
    }
}

fn sealed(key: &str, bytes: &[u8]) -> Sealed {
    Sealed {
        key_id: key.to_owned(),
        bytes: bytes.to_vec(),
    }
}

async fn put(store: &Store, user: &User, name: &str, value: &'static str) {
    let seal = |_| Ok(sealed("k1", value.as_bytes()));
    store.put_secret(change(user, name), seal).await.unwrap();
}

/// The user's revision, and name, revision and value of each secret.
async fn all(store: &Store, user: &User) -> (i64, Vec<(String, i64, String)>) {
    let found = store.secrets_of(user.id).await.unwrap();
    let secrets = found.secrets.into_iter().map(|secret| {
        let value = String::from_utf8(secret.sealed.bytes).unwrap();
        (secret.name, secret.revision, value)
    });
    (found.revision, secrets.collect())
}

async fn every_change_has_a_revision_of_its_own(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    assert_eq!(all(store, &alice).await, (0, Vec::new()));
    put(store, &alice, "B", "one").await;
    put(store, &alice, "A", "two").await;
    put(store, &alice, "B", "three").await;
    let expected = vec![
        ("A".to_owned(), 2, "two".to_owned()),
        ("B".to_owned(), 3, "three".to_owned()),
    ];
    assert_eq!(all(store, &alice).await, (3, expected));
    store.delete_secret(alice.id, "A".to_owned()).await.unwrap();
    store.delete_secret(alice.id, "B".to_owned()).await.unwrap();
    assert_eq!(all(store, &alice).await, (5, Vec::new()));
    assert_eq!(
        name_of(store.delete_secret(alice.id, "B".to_owned()).await),
        "NotFound(Secret)"
    );
    assert_eq!(all(store, &alice).await.0, 5);
    assert_eq!(all(store, &bob).await.0, 0);
}

async fn a_value_is_sealed_for_the_revision_that_it_gets(store: &Store) {
    let alice = user(store, "alice").await;
    for expected in 1..4_i64 {
        let seal = move |revision: i64| Ok(sealed("k1", revision.to_string().as_bytes()));
        store.put_secret(change(&alice, "A"), seal).await.unwrap();
        let secrets = all(store, &alice).await.1;
        assert_eq!(secrets, [("A".to_owned(), expected, expected.to_string())]);
    }
}

async fn what_cannot_be_sealed_changes_nothing(store: &Store) {
    let alice = user(store, "alice").await;
    put(store, &alice, "A", "kept").await;
    let before = all(store, &alice).await;
    let failed = store
        .put_secret(change(&alice, "A"), |_| Err("no".to_owned()))
        .await;
    assert_eq!(name_of(failed), "Sealing");
    assert_eq!(all(store, &alice).await, before);
}

async fn sharing_keeps_the_value(store: &Store) {
    let alice = user(store, "alice").await;
    let share = |packages| SecretChange {
        packages,
        ..change(&alice, "A")
    };
    assert_eq!(
        name_of(store.share_secret(share(Some(true))).await),
        "NotFound(Secret)"
    );
    put(store, &alice, "A", "value").await;
    assert!(
        store
            .share_secret(share(Some(true)))
            .await
            .unwrap()
            .packages
    );
    let expected = vec![("A".to_owned(), 1, "value".to_owned())];
    assert_eq!(all(store, &alice).await, (2, expected));
    put(store, &alice, "A", "other").await;
    let listed = store.list_secrets(alice.id, ALL).await.unwrap().items;
    assert!(listed[0].packages);
}

async fn a_user_has_so_many_and_so_much(store: &Store) {
    let alice = user(store, "alice").await;
    for name in ["A", "B", "C"] {
        put(store, &alice, name, "0123456789").await;
    }
    let more = store
        .put_secret(change(&alice, "D"), |_| Ok(sealed("k1", b"x")))
        .await;
    assert_eq!(name_of(more), "TooManySecrets");
    let larger = store
        .put_secret(change(&alice, "A"), |_| Ok(sealed("k1", &[7; 81])))
        .await;
    assert_eq!(name_of(larger), "SecretsTooLarge");
    let (revision, secrets) = all(store, &alice).await;
    assert_eq!((revision, secrets.len()), (3, 3));
}

async fn resealing_is_whole_or_not_at_all(store: &Store) {
    let alice = user(store, "alice").await;
    for name in ["A", "B", "C"] {
        put(store, &alice, name, "old").await;
    }
    let before = all(store, &alice).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let third_fails =
        move |_: &thorp_store::StoredSecret| match counted.fetch_add(1, Ordering::Relaxed) {
            2 => Err("damaged".to_owned()),
            _ => Ok(Some(sealed("k2", b"new"))),
        };
    assert_eq!(name_of(store.reseal_secrets(third_fails).await), "Sealing");
    assert_eq!(
        (calls.load(Ordering::Relaxed), all(store, &alice).await),
        (3, before)
    );
    let all_but_b =
        |secret: &thorp_store::StoredSecret| Ok((secret.name != "B").then(|| sealed("k2", b"new")));
    let done = store.reseal_secrets(all_but_b).await.unwrap();
    assert_eq!(
        done,
        Resealed {
            resealed: 2,
            kept: 1
        }
    );
    let (revision, secrets) = all(store, &alice).await;
    let values: Vec<_> = secrets.iter().map(|(_, _, value)| value.as_str()).collect();
    assert_eq!((revision, values), (3, vec!["new", "old", "new"]));
}

async fn keys_are_counted_and_their_secrets_named(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    put(store, &bob, "Z", "x").await;
    put(store, &alice, "B", "x").await;
    store
        .put_secret(change(&alice, "A"), |_| Ok(sealed("k0", b"x")))
        .await
        .unwrap();
    let keys = store.secret_keys().await.unwrap();
    assert_eq!(keys, [("k0".to_owned(), 1), ("k1".to_owned(), 2)]);
    let names = |most| store.secrets_of_key("k1".to_owned(), most);
    let of = |user: &str, name: &str| (user.to_owned(), name.to_owned());
    assert_eq!(names(10).await.unwrap(), [of("alice", "B"), of("bob", "Z")]);
    assert_eq!(names(1).await.unwrap(), [of("alice", "B")]);
}

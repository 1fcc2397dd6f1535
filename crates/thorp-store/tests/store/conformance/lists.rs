//! Lists of vals and the search.

use crate::support::{ALL, NOW, new_val, page, public_val, run_of, save, user, val};
use thorp_store::{LastRun, ListedVal, NewVal, Page, Privacy, Store, User, ValFilter};

super::on_sqlite!(
    vals_are_listed_last_changed_first,
    pages_neither_overlap_nor_miss,
    a_list_shows_live_code_and_the_newest_run,
    a_list_is_filtered,
    a_search_looks_into_public_and_own_vals,
    a_search_looks_at_living_and_live_things_only,
    a_search_puts_names_first,
    a_search_takes_wildcards_literally,
);

fn all_of(owner: &User) -> ValFilter {
    ValFilter {
        owner_id: owner.id,
        name: None,
        privacy: None,
        deleted: false,
    }
}

fn names(page: &Page<ListedVal>) -> Vec<&str> {
    page.items
        .iter()
        .map(|item| item.val.name.as_str())
        .collect()
}

async fn vals_are_listed_last_changed_first(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    for (name, age) in [("b", 2), ("c", 1), ("a", 3)] {
        store
            .create_val(NewVal {
                now_micros: NOW - age,
                ..new_val(&alice, name, "1")
            })
            .await
            .unwrap();
    }
    val(store, &bob, "other", "1").await;
    assert_eq!(
        names(&store.list_vals(all_of(&alice), ALL).await.unwrap()),
        ["c", "b", "a"]
    );
}

async fn pages_neither_overlap_nor_miss(store: &Store) {
    let alice = user(store, "alice").await;
    for number in 0..25 {
        val(store, &alice, &format!("v{number}"), "same time").await;
    }
    let mut seen = Vec::new();
    for offset in [0, 10, 20] {
        let part = store
            .list_vals(all_of(&alice), page(offset, 10))
            .await
            .unwrap();
        assert_eq!(part.more, offset < 20);
        seen.extend(part.items.into_iter().map(|item| item.val.id));
    }
    let all: Vec<_> = store
        .list_vals(all_of(&alice), ALL)
        .await
        .unwrap()
        .items
        .into_iter()
        .map(|item| item.val.id)
        .collect();
    assert_eq!((seen.len(), &seen), (25, &all));
}

async fn a_list_shows_live_code_and_the_newest_run(store: &Store) {
    let alice = user(store, "alice").await;
    let hello = val(store, &alice, "hello", "old").await;
    save(store, &alice, &hello, "new").await;
    for started_at in [10, 30, 20] {
        store.insert_run(run_of(&hello, started_at)).await.unwrap();
    }
    let item = store
        .list_vals(all_of(&alice), ALL)
        .await
        .unwrap()
        .items
        .remove(0);
    assert_eq!(
        (item.code.as_str(), item.last_run),
        (
            "new",
            Some(LastRun {
                started_at: 30,
                ended_at: 330
            })
        )
    );
}

async fn a_list_is_filtered(store: &Store) {
    let alice = user(store, "alice").await;
    val(store, &alice, "aFooB", "1").await;
    public_val(store, &alice, "foo_c", "1").await;
    let gone = val(store, &alice, "foo", "1").await;
    store.delete_val(gone.id, NOW).await.unwrap();
    let check = async |filter: ValFilter| {
        let mut found: Vec<_> = names(&store.list_vals(filter, ALL).await.unwrap())
            .into_iter()
            .map(str::to_owned)
            .collect();
        found.sort_unstable();
        found.join(" ")
    };
    assert_eq!(
        check(ValFilter {
            name: Some("FOO".into()),
            ..all_of(&alice)
        })
        .await,
        "aFooB foo_c"
    );
    assert_eq!(
        check(ValFilter {
            name: Some("o_".into()),
            ..all_of(&alice)
        })
        .await,
        "foo_c"
    );
    assert_eq!(
        check(ValFilter {
            privacy: Some(Privacy::Public),
            ..all_of(&alice)
        })
        .await,
        "foo_c"
    );
    assert_eq!(
        check(ValFilter {
            deleted: true,
            ..all_of(&alice)
        })
        .await,
        "foo"
    );
}

async fn a_search_looks_into_public_and_own_vals(store: &Store) {
    let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
    public_val(store, &alice, "shared", "const Needle = 1").await;
    val(store, &alice, "own", "needle").await;
    store
        .create_val(NewVal {
            privacy: Privacy::Unlisted,
            ..new_val(&alice, "link", "needle")
        })
        .await
        .unwrap();
    let check = async |viewer| {
        let mut found: Vec<_> = names(&store.search_vals("nEEdle", viewer, ALL).await.unwrap())
            .into_iter()
            .map(str::to_owned)
            .collect();
        found.sort_unstable();
        found.join(" ")
    };
    assert_eq!(check(None).await, "shared");
    assert_eq!(check(Some(bob.id)).await, "shared");
    assert_eq!(check(Some(alice.id)).await, "link own shared");
}

async fn a_search_looks_at_living_and_live_things_only(store: &Store) {
    let alice = user(store, "alice").await;
    let hello = public_val(store, &alice, "hello", "needle").await;
    assert_eq!(
        names(&store.search_vals("needle", None, ALL).await.unwrap()),
        ["hello"]
    );
    save(store, &alice, &hello, "nothing").await;
    assert_eq!(
        names(&store.search_vals("needle", None, ALL).await.unwrap()),
        [""; 0]
    );
    store.delete_val(hello.id, NOW).await.unwrap();
    assert_eq!(
        names(&store.search_vals("nothing", None, ALL).await.unwrap()),
        [""; 0]
    );
}

async fn a_search_puts_names_first(store: &Store) {
    let alice = user(store, "alice").await;
    public_val(store, &alice, "cat", "1").await;
    for (name, code) in [("dog", "a cat"), ("bird", "a cat"), ("fish", "none")] {
        let new = NewVal {
            privacy: Privacy::Public,
            now_micros: NOW + 1,
            ..new_val(&alice, name, code)
        };
        store.create_val(new).await.unwrap();
    }
    let first = store.search_vals("cat", None, page(0, 2)).await.unwrap();
    let rest = store.search_vals("cat", None, page(2, 2)).await.unwrap();
    assert_eq!((names(&first), first.more), (vec!["cat", "bird"], true));
    assert_eq!((names(&rest), rest.more), (vec!["dog"], false));
}

async fn a_search_takes_wildcards_literally(store: &Store) {
    let alice = user(store, "alice").await;
    public_val(store, &alice, "percent", "100%").await;
    public_val(store, &alice, "plain", r"100 \ 3").await;
    assert_eq!(
        names(&store.search_vals("0%", None, ALL).await.unwrap()),
        ["percent"]
    );
    assert_eq!(
        names(&store.search_vals(r"0 \", None, ALL).await.unwrap()),
        ["plain"]
    );
    assert_eq!(
        names(&store.search_vals("' OR 1=1 --", None, ALL).await.unwrap()),
        [""; 0]
    );
}

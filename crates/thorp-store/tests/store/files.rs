//! The data folder: its lock, its schema, closing and opening again, damage.

use crate::support::{NOW, TempStore, name_of, new_run, new_user, temp_store, user};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use thorp_store::{Store, StoreConfig, StoreError};

fn open(town: &TempStore) -> Result<Store, StoreError> {
    Store::open(StoreConfig::new(town.folder.path()))
}

fn name_of_open(town: &TempStore) -> String {
    name_of(open(town).map(drop))
}

#[tokio::test]
async fn a_second_store_on_a_folder_is_refused() {
    let town = temp_store();
    match open(&town).map(drop) {
        Err(StoreError::Locked { path, pid }) => {
            assert_eq!(
                (path.as_path(), pid),
                (town.folder.path(), Some(std::process::id()))
            );
        }
        other => panic!("{other:?}"),
    }
    town.store.ping(NOW).await.unwrap();
}

#[tokio::test]
async fn the_data_is_its_owners_alone_in_a_folder_that_is_open_to_others() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let file = folder.path().join("town.sqlite");
    for _ in 0..2 {
        let store = Store::open(StoreConfig::new(folder.path())).unwrap();
        store.ping(NOW).await.unwrap();
        for beside in ["", "-wal", "-shm"] {
            let path = format!("{}{beside}", file.display());
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{path}");
        }
        store.close().await.unwrap();
        // As older towns left it.
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    }
}

#[tokio::test]
async fn closing_frees_the_folder_and_keeps_the_data() {
    let town = temp_store();
    let alice = user(&town.store, "alice").await;
    town.store.close().await.unwrap();
    let again = open(&town).unwrap();
    assert_eq!(again.user_by_name("alice").await.unwrap(), Some(alice));
    let names: Vec<_> = fs::read_dir(town.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(names.iter().any(|name| name == "town.sqlite"), "{names:?}");
}

#[tokio::test]
async fn closing_writes_the_log_back() {
    let town = temp_store();
    user(&town.store, "alice").await;
    town.store.close().await.unwrap();
    assert!(!town.folder.path().join("town.sqlite-wal").exists());
}

#[tokio::test]
async fn a_closed_store_says_so_and_closes_twice() {
    let town = temp_store();
    let clone = town.store.clone();
    town.store.close().await.unwrap();
    clone.close().await.unwrap();
    assert_eq!(name_of(clone.create_user(new_user("a")).await), "Closed");
    assert_eq!(name_of(clone.count_users().await), "Closed");
}

#[tokio::test]
async fn closing_finishes_what_was_queued() {
    let town = temp_store();
    let store = &town.store;
    let inserts: Vec<_> = (0..300)
        .map(|number| store.insert_run(new_run(number)))
        .collect();
    let mut inserts: Vec<_> = inserts.into_iter().map(Box::pin).collect();
    // One poll of each puts it into the queue.
    for insert in &mut inserts {
        tokio::select! { biased; _ = insert => {}, () = std::future::ready(()) => {} }
    }
    store.close().await.unwrap();
    drop(inserts);
    assert_eq!(open(&town).unwrap().run_totals().await.unwrap().runs, 300);
}

#[tokio::test]
async fn dropping_the_last_clone_frees_the_folder() {
    let town = temp_store();
    let TempStore { store, folder } = town;
    let clone = store.clone();
    drop(store);
    assert_eq!(
        name_of(Store::open(StoreConfig::new(folder.path())).map(drop)),
        "Locked"
    );
    drop(clone);
    Store::open(StoreConfig::new(folder.path())).unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let town = temp_store();
    town.store.close().await.unwrap();
    let file = rusqlite::Connection::open(town.folder.path().join("town.sqlite")).unwrap();
    file.execute(
        "INSERT INTO migrations (number, name) VALUES (99, 'from the future')",
        [],
    )
    .unwrap();
    drop(file);
    let error = open(&town).map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the data has schema 99, this program knows up to 7"
    );
    assert_eq!(name_of_open(&town), "SchemaTooNew");
}

#[tokio::test]
async fn wrong_totals_and_dangling_references_are_damage() {
    let town = temp_store();
    town.store.integrity_check().await.unwrap();
    town.store.close().await.unwrap();
    let file = rusqlite::Connection::open(town.folder.path().join("town.sqlite")).unwrap();
    file.execute_batch(
        "PRAGMA foreign_keys = OFF; UPDATE run_totals SET runs = 5;
        INSERT INTO val_redirects (owner_id, name_lower, val_id, since) VALUES (x'00', 'a', x'00', 0)",
    )
    .unwrap();
    drop(file);
    let error = open(&town)
        .unwrap()
        .integrity_check()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`val_redirects`") && error.contains("totals"),
        "{error}"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::NamedTempFile::new().unwrap();
    let error = Store::open(StoreConfig::new(folder.path().join("town")))
        .map(drop)
        .unwrap_err();
    assert!(
        error.to_string().contains(folder.path().to_str().unwrap()),
        "{error}"
    );
}

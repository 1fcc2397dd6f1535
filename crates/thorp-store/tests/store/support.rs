//! Stores in folders of their own, and things to put into them.

use tempfile::TempDir;
use thorp_store::{
    Digest, Endpoint, File, NewContent, NewDependencySet, NewRun, NewToken, NewUser, NewVal,
    NewVersion, PageRequest, Privacy, RunStatus, RunUsage, Store, StoreConfig, Trigger, User, Val,
    Version,
};
use uuid::Uuid;

/// The time of everything that has no other.
pub(crate) const NOW: i64 = 1_795_000_000_000_000;
pub(crate) const ALL: PageRequest = PageRequest {
    offset: 0,
    limit: 100,
};

pub(crate) fn page(offset: u32, limit: u32) -> PageRequest {
    PageRequest { offset, limit }
}

/// A store in a folder that is removed with it.
pub(crate) struct TempStore {
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

pub(crate) fn temp_store() -> TempStore {
    let folder = TempDir::new().unwrap();
    TempStore {
        store: Store::open(StoreConfig::new(folder.path())).unwrap(),
        folder,
    }
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        id: Uuid::now_v7(),
        name: name.into(),
        operator: false,
        bio: None,
        profile_image_url: None,
        now_micros: NOW,
    }
}

pub(crate) async fn user(store: &Store, name: &str) -> User {
    store.create_user(new_user(name)).await.unwrap()
}

pub(crate) fn new_token(user: &User, text: &str) -> NewToken {
    NewToken {
        id: Uuid::now_v7(),
        user_id: user.id,
        sha256: Digest::of(text.as_bytes()),
        name: text.into(),
        scopes: "read write".into(),
        expires_at: None,
        now_micros: NOW,
    }
}

pub(crate) fn content(user: &User, code: &str) -> NewContent {
    NewContent {
        files: vec![File {
            path: "main.tsx".into(),
            text: code.into(),
        }],
        entry: "main.tsx".into(),
        message: None,
        created_by: user.id,
        compiled: Some(format!("{{\"code\":{code:?}}}")),
        facts: "{}".into(),
        diagnostics: "[]".into(),
        lock: "{}".into(),
        dependency_set_id: None,
        runnable: true,
        value: None,
        set_by: None,
    }
}

pub(crate) fn new_val(owner: &User, name: &str, code: &str) -> NewVal {
    NewVal {
        id: Uuid::now_v7(),
        owner_id: owner.id,
        name: name.into(),
        privacy: Privacy::Private,
        endpoint: Endpoint::Private,
        readme: None,
        content: content(owner, code),
        now_micros: NOW,
    }
}

pub(crate) async fn val(store: &Store, owner: &User, name: &str, code: &str) -> Val {
    store
        .create_val(new_val(owner, name, code))
        .await
        .unwrap()
        .val
}

pub(crate) async fn public_val(store: &Store, owner: &User, name: &str, code: &str) -> Val {
    store
        .create_val(NewVal {
            privacy: Privacy::Public,
            ..new_val(owner, name, code)
        })
        .await
        .unwrap()
        .val
}

pub(crate) fn new_version(owner: &User, val: &Val, base: Option<i64>, code: &str) -> NewVersion {
    NewVersion {
        val_id: val.id,
        base,
        content: content(owner, code),
        now_micros: NOW + 1,
    }
}

pub(crate) async fn save(store: &Store, owner: &User, val: &Val, code: &str) -> Version {
    store
        .save_version(new_version(owner, val, None, code))
        .await
        .unwrap()
        .version
}

/// The entry's text of a version.
pub(crate) async fn code_of(store: &Store, val: &Val, version: i64) -> Option<String> {
    store
        .version(val.id, version)
        .await
        .unwrap()
        .map(|found| found.files[0].text.clone())
}

pub(crate) fn new_run(started_at: i64) -> NewRun {
    NewRun {
        id: Uuid::now_v7(),
        val_id: None,
        version: None,
        code: Some("1 + 1".into()),
        caller_id: None,
        run_as_id: None,
        trigger: Trigger::Eval,
        status: RunStatus::Ok,
        args: "[]".into(),
        result: Some("2".into()),
        result_undefined: false,
        logs: "[]".into(),
        logs_truncated: false,
        egress: None,
        denied: None,
        error: None,
        started_at,
        ended_at: started_at + 300,
        usage: RunUsage {
            queue_micros: 1,
            start_micros: 2,
            run_micros: 3,
            cpu_micros: 4,
            memory_bytes: 5,
        },
        parent_id: None,
        http: None,
    }
}

/// The run that `new_run` says, of a val by its owner.
pub(crate) fn run_of(val: &Val, started_at: i64) -> NewRun {
    NewRun {
        val_id: Some(val.id),
        version: Some(val.live_version),
        run_as_id: Some(val.owner_id),
        code: None,
        trigger: Trigger::Run,
        ..new_run(started_at)
    }
}

pub(crate) fn new_dependency_set(
    user: &User,
    key: &str,
    folder: &str,
    now_micros: i64,
) -> NewDependencySet {
    NewDependencySet {
        id: Uuid::now_v7(),
        user_id: user.id,
        manifest_key: key.into(),
        folder_hash: Digest::of(folder.as_bytes()),
        lock: "{}".into(),
        bytes: 7,
        now_micros,
    }
}

/// The variant's name of an error, for short assertions.
pub(crate) fn name_of<T: std::fmt::Debug>(result: Result<T, thorp_store::StoreError>) -> String {
    let shown = format!("{:?}", result.expect_err("an error"));
    shown
        .split([' ', '{'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

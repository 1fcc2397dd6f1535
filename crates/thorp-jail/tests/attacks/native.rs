//! Attacks by a native program.

use crate::answer::judge;
use crate::ground::Ground;
use crate::setting::{Setting, as_ordinary_user};

const CASES_LEAST: usize = 290;

async fn check(setting: Setting) {
    if setting.is_here() {
        let answers = Ground::new(setting).await.attack_all().await;
        judge(setting, &answers, CASES_LEAST);
    }
}

#[tokio::test]
async fn native_code_is_contained() {
    check(Setting::Root).await;
}

#[tokio::test]
async fn native_code_is_contained_by_an_ordinary_user() {
    if !as_ordinary_user("native::native_code_is_contained_by_an_ordinary_user") {
        check(Setting::Ordinary).await;
    }
}

#[tokio::test]
async fn native_code_is_contained_without_namespaces() {
    check(Setting::NoNamespaces).await;
}

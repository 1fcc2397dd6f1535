//! What gets into the outbox, and who sees it.

use super::support::{ADDRESS, alice, shown};
use serde_json::json;
use thorp_testkit::TestTown;
use thorp_town::limits::EMAILS_MINUTE_MAX;
use thorp_town::{ErrorCode, TownError};

#[test]
fn mail_is_kept_and_shown_to_its_user_alone() {
    let town = TestTown::start();
    let token = alice(&town);
    let mail = json!([{"text": "hi", "html": "<b>hi</b>", "replyTo": "bob@example.com",
        "attachments": [{"filename": "a.txt", "content": "aGk=", "contentType": "text/plain"}]}, "Total"]);
    let id = town.send_email("alice", &mail.to_string()).unwrap();
    let email = shown(&town, &token, id);
    assert_eq!(email["state"], "kept");
    assert_eq!(
        (&email["to"], &email["subject"]),
        (&json!(ADDRESS), &json!("Total"))
    );
    assert_eq!(
        (&email["text"], &email["html"]),
        (&json!("hi"), &json!("<b>hi</b>"))
    );
    assert_eq!(email["replyTo"], "bob@example.com");
    assert_eq!(
        email["attachments"],
        json!([{"filename": "a.txt", "content": "aGk=", "contentType": "text/plain"}])
    );
    let second = town.send_email("alice", "[{\"a\":1}]").unwrap();
    assert_eq!(
        shown(&town, &token, second)["subject"],
        "Mail from a val of @alice"
    );
    let list = town.get("/v1/me/emails?limit=1", &token).expect(200);
    assert_eq!(list["data"][0]["id"], second.to_string());
    assert!(list["links"]["next"].is_string() && list["data"][0].get("text").is_none());
    let bob = town.add_user("bob");
    let path = format!("/v1/me/emails/{id}");
    assert_eq!(town.get(&path, &bob).status, 404);
    assert_eq!(
        town.get("/v1/me/emails", &bob).expect(200)["data"],
        json!([])
    );
    assert_eq!(town.get(&path, "").status, 401);
    assert_eq!(town.get("/v1/me/emails", "").status, 401);
}

#[test]
fn who_has_no_address_gets_no_mail() {
    let town = TestTown::start();
    let token = alice(&town);
    for wrong in [
        r#"{"email":"nobody"}"#,
        r#"{"email":"a@b.de\r\nBcc: c@d.de"}"#,
        "{}",
        r#"{"email":5}"#,
    ] {
        assert_eq!(town.patch("/v1/me", &token, wrong).status, 400, "{wrong}");
    }
    assert_eq!(town.get("/v1/me", &token).expect(200)["email"], ADDRESS);
    let none = town
        .patch("/v1/me", &token, r#"{"email":null}"#)
        .expect(200);
    assert_eq!(none["email"], json!(null));
    let error = town.send_email("alice", "[1]").unwrap_err();
    assert_eq!(error.code(), ErrorCode::NoEmailAddress);
    assert_eq!(town.patch("/v1/me", "", r#"{"email":null}"#).status, 401);
    let by_others = town.get("/v1/alias/alice", town.token()).expect(200);
    assert!(by_others.get("email").is_none(), "{by_others}");
}

#[test]
fn too_much_mail_is_refused_and_says_when_to_come_again() {
    let town = TestTown::start();
    let token = alice(&town);
    for _ in 0..EMAILS_MINUTE_MAX {
        town.send_email("alice", "[1]").unwrap();
    }
    let error = town.send_email("alice", "[1]").unwrap_err();
    let TownError::RateLimited {
        retry_after_seconds,
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert!(
        (1..=61).contains(&retry_after_seconds),
        "{retry_after_seconds}"
    );
    let list = town.get("/v1/me/emails?limit=100", &token).expect(200);
    assert_eq!(
        list["data"].as_array().unwrap().len(),
        EMAILS_MINUTE_MAX as usize
    );
}

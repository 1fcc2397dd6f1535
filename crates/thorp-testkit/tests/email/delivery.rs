//! How mail gets to a mail server, and what happens if the server does not take it.

use super::support::{ADDRESS, alice, header, parsed, sending, shown_when, through};
use serde_json::{Value, json};
use std::net::TcpListener;
use thorp_testkit::{SmtpServer, TestTown};

fn is(state: &str) -> impl Fn(&Value) -> bool {
    move |email| email["state"] == state
}

#[test]
fn what_a_val_says_arrives_as_it_was() {
    let server = SmtpServer::start();
    let (town, token) = sending(&server);
    let long = "x".repeat(3_000);
    let text = format!("Grüße 🌳\n.\n.. dots\n\nFrom here\n{long}\nlast line");
    let html = format!("<p>Grüße</p>\n.\n<!-- {long} -->");
    let mail = json!([{
        "subject": "Übersicht 🌳 of a day that has a very long subject so that it has to be folded over several lines",
        "text": text, "html": html, "replyTo": "Jürgen <bob@example.com>",
        "attachments": [
            {"filename": "Größe 1.bin", "content": "AAEC/w0KLg0K"},
            {"filename": "a\"b;c.txt", "content": "aGVsbG8=", "contentType": "text/plain; charset=utf-8"},
        ],
    }]);
    let id = town.send_email("alice", &mail.to_string()).unwrap();
    let arrived = server.wait_for(1).remove(0);
    assert_eq!(
        (arrived.from.as_str(), arrived.hello.as_str()),
        ("town@example.com", "example.com")
    );
    assert_eq!(
        (arrived.to, arrived.sign_in),
        (vec![ADDRESS.to_owned()], None)
    );
    let longest = arrived
        .data
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::len)
        .max();
    assert!(longest < Some(999), "{longest:?}");
    let message = parsed(&arrived.data);
    assert_eq!(message["defects"], json!([]));
    let lines = |field: &str| message[field].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(
        (lines("text").trim_end(), lines("html").trim_end()),
        (text.as_str(), html.as_str())
    );
    assert_eq!(
        message["files"],
        json!([
            [
                "Größe 1.bin",
                "application/octet-stream",
                "000102ff0d0a2e0d0a"
            ],
            ["a\"b;c.txt", "text/plain", "68656c6c6f"],
        ])
    );
    assert_eq!(
        header(&message, "subject"),
        [mail[0]["subject"].as_str().unwrap()]
    );
    assert_eq!(header(&message, "to"), [ADDRESS]);
    assert_eq!(header(&message, "from"), ["Our town <town@example.com>"]);
    assert_eq!(header(&message, "reply-to"), ["Jürgen <bob@example.com>"]);
    assert_eq!(
        header(&message, "message-id"),
        [format!("<{id}@example.com>")]
    );
    assert_eq!(header(&message, "auto-submitted"), ["auto-generated"]);
    assert_eq!(header(&message, "date").len(), 1);
    let sent = shown_when(&town, &token, id, is("sent"));
    assert_eq!(
        (
            &sent["attempts"],
            &sent["nextAttemptAt"],
            &sent["lastError"]
        ),
        (&json!(1), &json!(null), &json!(null))
    );
    assert!(sent["endedAt"].is_string());
}

#[test]
fn text_alone_and_html_alone_are_one_part() {
    let server = SmtpServer::start();
    let (town, _) = sending(&server);
    town.send_email("alice", r#"[{"a": [1]}, "Numbers"]"#)
        .unwrap();
    let message = parsed(&server.wait_for(1)[0].data);
    assert_eq!(
        (&message["type"], &message["html"]),
        (&json!("text/plain"), &json!(null))
    );
    assert_eq!(
        message["text"]
            .as_str()
            .unwrap()
            .replace("\r\n", "\n")
            .trim_end(),
        "{\n  \"a\": [\n    1\n  ]\n}"
    );
    town.send_email("alice", r#"[{"html": "<i>a</i>"}]"#)
        .unwrap();
    let message = parsed(&server.wait_for(2)[1].data);
    assert_eq!(
        (&message["type"], &message["text"]),
        (&json!("text/html"), &json!(null))
    );
}

#[test]
fn nothing_can_be_added_to_the_head_or_to_the_conversation() {
    let server = SmtpServer::start();
    let (town, _) = sending(&server);
    let body =
        "a\r\n.\r\nMAIL FROM:<eve@example.com>\r\nRCPT TO:<eve@example.com>\r\nDATA\r\n\n.\n";
    let mail = json!([{"text": body, "subject": "=?utf-8?q?a=0D=0ABcc:_eve@example.com?="}]);
    for subject in ["a\r\nBcc: eve@example.com", "a\nb"] {
        let args = json!([{"text": "t", "subject": subject}]).to_string();
        assert!(town.send_email("alice", &args).is_err());
    }
    town.send_email("alice", &mail.to_string()).unwrap();
    town.send_email("alice", "[\"second\"]").unwrap();
    let arrived = server.wait_for(2);
    assert_eq!(arrived.len(), 2);
    assert!(
        arrived
            .iter()
            .all(|mail| mail.to == [ADDRESS] && mail.from == "town@example.com")
    );
    let message = parsed(&arrived[0].data);
    assert!(header(&message, "bcc").is_empty() && header(&message, "subject").len() == 1);
    assert!(
        message["text"]
            .as_str()
            .unwrap()
            .contains("MAIL FROM:<eve@example.com>")
    );
}

#[test]
fn the_town_signs_in() {
    let server = SmtpServer::start();
    let url = server.url().replace("smtp://", "smtp://me@");
    let town = TestTown::start_with(through(&url, Some("geheim")));
    alice(&town);
    town.send_email("alice", "[1]").unwrap();
    // "\0me\0geheim"
    assert_eq!(
        server.wait_for(1)[0].sign_in.as_deref(),
        Some("AG1lAGdlaGVpbQ==")
    );
}

#[test]
fn what_the_server_takes_later_is_tried_again() {
    let server = SmtpServer::start();
    server.refuse("RCPT", "450 greylisted");
    server.refuse("END", "451 busy");
    server.refuse("CONNECT", "421 not now");
    let (town, token) = sending(&server);
    let id = town.send_email("alice", "[1]").unwrap();
    assert_eq!(server.wait_for(1).len(), 1);
    let sent = shown_when(&town, &token, id, is("sent"));
    assert_eq!(sent["attempts"], 4);
}

#[test]
fn a_town_that_cannot_sign_in_gives_no_mail_up() {
    let server = SmtpServer::start();
    server.refuse("AUTH", "535 wrong password");
    let url = server.url().replace("smtp://", "smtp://me@");
    let town = TestTown::start_with(through(&url, Some("geheim")));
    let token = alice(&town);
    let id = town.send_email("alice", "[1]").unwrap();
    assert_eq!(shown_when(&town, &token, id, is("sent"))["attempts"], 2);
}

#[test]
fn what_the_server_refuses_for_good_is_shown_and_not_tried_again() {
    let server = SmtpServer::start();
    server.refuse("RCPT", "550 no such mailbox");
    let (town, token) = sending(&server);
    let id = town.send_email("alice", "[1]").unwrap();
    let failed = shown_when(&town, &token, id, is("failed"));
    assert!(
        failed["lastError"]
            .as_str()
            .unwrap()
            .contains("no such mailbox"),
        "{failed}"
    );
    assert_eq!(
        (&failed["attempts"], &failed["nextAttemptAt"]),
        (&json!(1), &json!(null))
    );
    let next = town.send_email("alice", "[2]").unwrap();
    shown_when(&town, &token, next, is("sent"));
    assert_eq!(server.arrived().len(), 1);
}

#[test]
fn mail_waits_for_a_server_that_is_down_also_over_a_restart() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("smtp://{address}");
    let town = TestTown::start_with(through(&url, None));
    let token = alice(&town);
    let id = town.send_email("alice", "[1]").unwrap();
    let waits = shown_when(&town, &token, id, |email| {
        email["attempts"].as_i64() > Some(0)
    });
    assert_eq!(waits["state"], "queued");
    assert!(waits["lastError"].is_string() && waits["nextAttemptAt"].is_string());
    let without = town.restart_with(|_| {});
    let still = shown_when(&without, &token, id, is("queued"));
    assert!(still["attempts"].as_i64() >= waits["attempts"].as_i64());
    let kept = without.send_email("alice", "[2]").unwrap();
    let server = SmtpServer::start_at(&address.to_string());
    let town = without.restart_with(through(&url, None));
    shown_when(&town, &token, id, is("sent"));
    assert_eq!(server.arrived().len(), 1);
    shown_when(&town, &token, kept, is("kept"));
}

#[test]
fn so_much_of_a_servers_words_is_kept() {
    let server = SmtpServer::start();
    let words = "x".repeat(900);
    server.refuse("RCPT", &format!("550 {words}"));
    let (town, token) = sending(&server);
    let id = town.send_email("alice", "[1]").unwrap();
    let failed = shown_when(&town, &token, id, is("failed"));
    let kept = failed["lastError"].as_str().unwrap();
    assert_eq!(kept.chars().count(), 500, "{kept}");
    assert!(kept.ends_with("xxxx"));
}

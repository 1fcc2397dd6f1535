//! Mail that waits outlives its town.

use super::support::{Options, Town, eventually, town_command, town_data};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use tempfile::TempDir;
use thorp_store::{EmailPut, EmailShare, EmailState, NewEmail, PageRequest, Store, StoreConfig};
use thorp_testkit::{MAPPED, SmtpServer};
use uuid::Uuid;

/// In microseconds since 1970.
const LONG_AGO: i64 = 1_700_000_000_000_000;

/// Puts mail that is due into the outbox of a town that is stopped.
async fn queue(folder: &Path) {
    let store = Store::open(StoreConfig::new(town_data(folder))).unwrap();
    let users = store.list_users(PageRequest::first(1)).await.unwrap();
    let new = NewEmail {
        id: Uuid::now_v7(),
        user_id: users.items[0].id,
        run_id: Uuid::now_v7(),
        recipient: "owner@example.com".to_owned(),
        subject: "It waited".to_owned(),
        message: r#"{"text":"hi"}"#.to_owned(),
        state: EmailState::Queued,
        now_micros: LONG_AGO,
    };
    let share = EmailShare {
        count: 10,
        bytes: 1_000_000,
    };
    let put = store.put_email(new, Vec::new(), share).await.unwrap();
    assert_eq!(put, EmailPut::Done);
    store.close().await.unwrap();
}

/// The folder of a town that is stopped and has mail in its outbox.
fn folder_with_mail() -> TempDir {
    let folder = Town::start().stop().folder;
    runtime().block_on(queue(folder.path()));
    folder
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

#[test]
fn mail_outlives_a_town_that_is_killed_while_it_sends() {
    let server = SmtpServer::start();
    // An answer that goes on: the town waits for its last line when it is killed.
    server.refuse("END", "250-wait");
    let url = server.url();
    let args = ["--smtp-url", &url, "--smtp-from", "town@example.com"];
    let options = Options { args: &args };
    let town = Town::start_in(folder_with_mail(), &options);
    eventually("the mail is on its way", || ends(&server) == 1);
    town.signal(Signal::KILL);
    let town = Town::start_in(town.wait().folder, &options);
    assert_eq!(server.wait_for(1)[0].to, ["owner@example.com"]);
    eventually("the server said goodbye", || {
        server.commands().iter().any(|command| command == "QUIT")
    });
    assert!(town.stop().status.success());
    assert_eq!((ends(&server), server.arrived().len()), (2, 1));
}

/// How often a whole message was sent.
fn ends(server: &SmtpServer) -> usize {
    let commands = server.commands();
    commands.iter().filter(|command| *command == "END").count()
}

#[test]
fn mail_and_the_password_go_through_tls_to_a_server_that_is_trusted() {
    let (server, certificate) = SmtpServer::start_tls();
    let folder = folder_with_mail();
    let (pem, password) = (folder.path().join("pem"), folder.path().join("password"));
    let body = STANDARD.encode(certificate);
    let pem_text = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    std::fs::write(&pem, pem_text).unwrap();
    std::fs::write(&password, "geheim\n").unwrap();
    let url = format!("smtps://me@localhost:{}", server.port());
    let args = ["--smtp-url", &url, "--smtp-from", "town@example.com"];
    let serve = || {
        let mut command = town_command(folder.path(), &args);
        command.env("THORP_SMTP_PASSWORD_FILE", &password);
        command
    };
    let mut stranger = serve().spawn().unwrap();
    let mut log = BufReader::new(stranger.stderr.take().unwrap()).lines();
    let refused = log.find(|line| line.as_ref().unwrap().contains("mail was not sent"));
    assert!(refused.unwrap().unwrap().contains("certificate"));
    assert_eq!(server.commands().len(), 0);
    kill(stranger);
    runtime().block_on(queue(folder.path()));
    let friend = serve().env("SSL_CERT_FILE", &pem).spawn().unwrap();
    let arrived = server.wait_for(1).remove(0);
    assert_eq!(arrived.to, ["owner@example.com"]);
    // "\0me\0geheim"
    assert_eq!(arrived.sign_in.as_deref(), Some("AG1lAGdlaGVpbQ=="));
    kill(friend);
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_password_goes_by_starttls_to_a_server_that_is_trusted_or_not_at_all() {
    let (server, certificate) = SmtpServer::start_starttls();
    let folder = folder_with_mail();
    let (pem, password) = (folder.path().join("pem"), folder.path().join("password"));
    let body = STANDARD.encode(certificate);
    let pem_text = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    std::fs::write(&pem, pem_text).unwrap();
    std::fs::write(&password, "geheim\n").unwrap();
    let url = format!("smtp://me@[{MAPPED}]:{}", server.port());
    let args = ["--smtp-url", &url, "--smtp-from", "town@example.com"];
    let refused = || {
        let mut command = town_command(folder.path(), &args);
        command.env("THORP_SMTP_PASSWORD_FILE", &password);
        let mut town = command.spawn().unwrap();
        let mut log = BufReader::new(town.stderr.take().unwrap()).lines();
        let line = log.find(|line| line.as_ref().unwrap().contains("mail was not sent"));
        kill(town);
        line.unwrap().unwrap()
    };
    let line = refused();
    assert!(line.contains("certificate"), "{line}");
    // Who takes the offer away gets nothing either.
    server.refuse("OPEN", "250 test");
    runtime().block_on(queue(folder.path()));
    let line = refused();
    assert!(!line.contains("certificate"), "{line}");
    let commands = server.commands();
    let open = ["open EHLO", "open STARTTLS", "open QUIT"];
    assert!(
        commands
            .iter()
            .all(|command| open.contains(&command.as_str())),
        "{commands:?}"
    );
    runtime().block_on(queue(folder.path()));
    let mut friend = town_command(folder.path(), &args);
    friend.env("THORP_SMTP_PASSWORD_FILE", &password);
    let friend = friend.env("SSL_CERT_FILE", &pem).spawn().unwrap();
    let arrived = server.wait_for(1).remove(0);
    // "\0me\0geheim"
    assert_eq!(arrived.sign_in.as_deref(), Some("AG1lAGdlaGVpbQ=="));
    kill(friend);
}

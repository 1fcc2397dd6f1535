//! Debian's own mail server in Python takes the town's mail.

use super::support::{ADDRESS, PYTHON, alice, header, parsed, shown_when, through};
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use thorp_testkit::TestTown;

#[test]
fn another_mail_server_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/email/debian.py");
    let mut server = Command::new(PYTHON)
        .arg(script)
        .arg(folder.path())
        .arg(address.port().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server is not installed; `cargo xtask test` installs it");
    let mut said = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    assert_eq!(
        said, "ready\n",
        "the server is not installed; `cargo xtask test` installs it"
    );
    assert!(TcpStream::connect(address).is_ok());
    let town = TestTown::start_with(through(&format!("smtp://{address}"), None));
    let token = alice(&town);
    let mail = r#"[{"text": "Grüße\n.\nend", "html": "<b>Grüße</b>", "subject": "Größe"}]"#;
    let id = town.send_email("alice", mail).unwrap();
    shown_when(&town, &token, id, |email| email["state"] == "sent");
    let message = parsed(&std::fs::read(folder.path().join("0.eml")).unwrap());
    assert_eq!(
        (header(&message, "to"), header(&message, "subject")),
        (vec![ADDRESS], vec!["Größe"])
    );
    let text = message["text"].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(text.trim_end(), "Grüße\n.\nend");
    // It ends with its input.
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
}

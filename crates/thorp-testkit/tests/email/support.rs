//! Towns that send mail, and reading it as other programs do.

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use thorp_testkit::{SmtpServer, TestTown};
use thorp_town::{SmtpConfig, TownConfig};

/// Debian's Python: the one that its packages are for.
pub(crate) const PYTHON: &str = "/usr/bin/python3";
pub(crate) const ADDRESS: &str = "alice@example.com";
/// The first wait between two tries.
const RETRY: Duration = Duration::from_millis(200);
const STATE_MAX: Duration = Duration::from_secs(30);

/// A change of a town's settings: its mail goes to this URL.
pub(crate) fn through(url: &str, password: Option<&str>) -> impl FnOnce(&mut TownConfig) + use<> {
    let password = password.map(str::to_owned);
    let mut smtp = SmtpConfig::new(url, "Our town <town@example.com>", password).unwrap();
    smtp.retry = RETRY;
    move |config| config.smtp = Some(smtp)
}

/// A user with an address, and their token.
pub(crate) fn alice(town: &TestTown) -> String {
    let token = town.add_user("alice");
    let body = format!(r#"{{"email":"{ADDRESS}"}}"#);
    let changed = town.patch("/v1/me", &token, &body).expect(200);
    assert_eq!(changed["email"], ADDRESS);
    token
}

/// A town that sends through this server, with a user.
pub(crate) fn sending(server: &SmtpServer) -> (TestTown, String) {
    let town = TestTown::start_with(through(&server.url(), None));
    let token = alice(&town);
    (town, token)
}

/// What the API says of a mail.
pub(crate) fn shown(town: &TestTown, token: &str, id: uuid::Uuid) -> Value {
    town.get(&format!("/v1/me/emails/{id}"), token).expect(200)
}

/// The same, as soon as `is_so` of it.
pub(crate) fn shown_when(
    town: &TestTown,
    token: &str,
    id: uuid::Uuid,
    is_so: impl Fn(&Value) -> bool,
) -> Value {
    let late = Instant::now() + STATE_MAX;
    loop {
        let email = shown(town, token, id);
        if is_so(&email) {
            return email;
        }
        assert!(Instant::now() < late, "{email:#}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// What another program finds in a message.
pub(crate) fn parsed(message: &[u8]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/email/parse.py");
    let mut python = Command::new(PYTHON)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python is not installed; `cargo xtask test` installs it");
    python.stdin.take().unwrap().write_all(message).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The values of a header.
pub(crate) fn header<'a>(parsed: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = parsed["headers"].as_array().unwrap().iter();
    headers
        .filter(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name))
        .map(|pair| pair[1].as_str().unwrap())
        .collect()
}

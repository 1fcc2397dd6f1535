//! Whose certificates a town trusts, with real TLS and an authority that nobody knows.

use super::support::{Options, Person, Town, behind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;
use thorp_testkit::HttpsServer;

/// A file with the authority of a server.
fn authority(server: &HttpsServer, folder: &TempDir) -> PathBuf {
    let path = folder.path().join("authority.pem");
    let body = STANDARD.encode(server.authority());
    let text = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    std::fs::write(&path, text).unwrap();
    path
}

/// What `fetch` says, which goes through the gateway as a request, and what `node:https` says, which speaks TLS by itself.
const BOTH: &str = "await (async () => {
    const { get } = await import('node:https');
    const told = (error) => `! ${error.cause?.message ?? error.message}`;
    const fetched = await fetch(URL_).then((answer) => answer.text()).catch(told);
    let got = await new Promise((done) => {
        get(URL_, (answer) => answer.on('data', (data) => done(String(data)))).on('error', (error) => done(told(error)));
    });
    const { env } = await import('node:process');
    if (Object.keys(env).concat(Object.keys(Deno.env.toObject())).some((name) => name.includes('CERT'))) got = 'seen';
    return [fetched, got];
})()";

fn both(town: &Town, server: &HttpsServer) -> (String, String) {
    let code = BOTH.replace(
        "URL_",
        &json!(format!("{}/hello", server.url())).to_string(),
    );
    let person = Person::logged_in(town, &town.token());
    let answer = person.get(&["eval", &code]);
    let found: Value = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{answer}"));
    let text = |at: usize| found[at].as_str().unwrap().to_owned();
    (text(0), text(1))
}

#[test]
fn an_authority_of_the_operators_is_trusted_by_vals_in_every_way() {
    let server = HttpsServer::start();
    server.put("/hello", "hello");
    let rule = format!("localhost:{}", server.port());
    let args = ["--egress-allow", &rule];
    let options = Options { args: &args };
    let folder = tempfile::tempdir().unwrap();
    let file = authority(&server, &folder);
    let stranger = Town::start_in(tempfile::tempdir().unwrap(), &options);
    let (fetched, got) = both(&stranger, &server);
    assert!(fetched.contains("certificate"), "{fetched}");
    assert!(got.starts_with("! "), "{got}");
    drop(stranger);
    let friend = Town::start_with(folder, &options, &[("SSL_CERT_FILE", &file)]);
    assert_eq!(
        both(&friend, &server),
        ("hello".to_owned(), "hello".to_owned())
    );
}

#[test]
fn packages_come_from_a_registry_that_is_trusted() {
    let server = HttpsServer::start();
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("package");
    std::fs::create_dir(&package).unwrap();
    let manifest = json!({ "name": "thing", "version": "1.0.0", "type": "module" });
    std::fs::write(package.join("package.json"), manifest.to_string()).unwrap();
    std::fs::write(package.join("index.js"), "export default 'packed';").unwrap();
    let tarball = Command::new("tar")
        .args(["-czf", "-", "package"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    server.put("/thing/-/thing-1.0.0.tgz", tarball.stdout);
    let mut listed = manifest;
    listed["dist"] = json!({ "tarball": format!("{}/thing/-/thing-1.0.0.tgz", server.url()) });
    let all = json!({ "name": "thing", "dist-tags": { "latest": "1.0.0" }, "versions": { "1.0.0": listed } });
    server.put("/thing", all.to_string());
    let file = authority(&server, &folder);
    let url = server.url();
    let args = ["--npm-registry", &url];
    let options = Options { args: &args };
    let code = "(await import('npm:thing@1')).default";
    let stranger = Town::start_in(tempfile::tempdir().unwrap(), &options);
    let person = Person::logged_in(&stranger, &stranger.token());
    let refused = person.run(&["eval", code]);
    assert!(refused.contains("DEPENDENCY_UNAVAILABLE"), "{refused}");
    drop(stranger);
    let friend = Town::start_with(folder, &options, &[("SSL_CERT_FILE", &file)]);
    let person = Person::logged_in(&friend, &friend.token());
    assert_eq!(person.get(&["eval", code]).trim(), "\"packed\"");
}

/// What `thorp doctor` says of certificates, when it is started behind a command, with these variables.
fn told(first: Option<Command>, variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = super::support::thorp();
    command.args(["doctor", "--json", "--deno", "/nope/deno", "--data"]);
    command.arg(folder.path().join("data"));
    command.envs(variables.iter().copied());
    let output = match first {
        Some(first) => behind(first, &command).output(),
        None => command.output(),
    };
    let found: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    let mut checks = found["checks"].as_array().unwrap().iter();
    let check = checks
        .find(|check| check["name"] == "certificates")
        .unwrap();
    let text = |name: &str| check[name].as_str().unwrap();
    format!("{} {}", text("state"), text("finding"))
}

#[test]
fn doctor_tells_whom_a_town_trusts() {
    let server = HttpsServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = authority(&server, &folder);
    let file = file.to_str().unwrap();
    assert_eq!(
        told(None, &[("SSL_CERT_FILE", file)]),
        "ok 1 authorities, named by SSL_CERT_FILE or SSL_CERT_DIR"
    );
    let missing = folder.path().join("nothing");
    let found = told(None, &[("SSL_CERT_FILE", missing.to_str().unwrap())]);
    assert!(
        found.starts_with("failed SSL_CERT_FILE or SSL_CERT_DIR name no authorities: "),
        "{found}"
    );
}

/// A machine without the files where systems have their authorities.
#[test]
fn a_system_without_authorities_has_those_that_come_along() {
    let mut bare = Command::new("unshare");
    let hidden = "for folder in /etc/ssl /etc/pki /etc/ca-certificates /usr/share/ca-certificates /usr/lib/ssl \
                  /usr/local/share/certs /usr/local/ssl /var/ssl /usr/local/etc; do \
                  [ ! -d $folder ] || mount -t tmpfs none $folder || exit 1; done; exec \"$@\"";
    bare.args(["-Urm", "sh", "-c", hidden, "sh"]);
    let found = told(Some(bare), &[]);
    assert!(
        found.starts_with("ok the system has no authorities; Thorp brings 1"),
        "{found}"
    );
}

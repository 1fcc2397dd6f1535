//! Bad input gets a status, a code and advice. Snapshots keep what users read.

use insta::assert_snapshot;
use thorp_testkit::{Reply, TestTown};

const JSON: &str = "application/json";

fn send(town: &TestTown, path: &str, media: Option<&str>, body: impl Into<Vec<u8>>) -> Reply {
    let ask = town.ask("POST", path).token(town.token()).body(body);
    media.into_iter().fold(ask, |ask, media| ask.header("content-type", media)).send()
}

fn code_of(reply: &Reply) -> String {
    reply.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn bodies() {
    let town = TestTown::start();
    let show = |name: &str, reply: Reply| assert_snapshot!(name, town.shown(&reply));
    show("eval of nothing", send(&town, "/v1/eval", None, ""));
    show("eval of wrong json", send(&town, "/v1/eval", Some(JSON), "{\n  \"code\": 1 +\n}"));
    show("eval of wrong json without a type", send(&town, "/v1/eval", None, "{\"code\": \"1 + 1\""));
    show("eval of json without code", send(&town, "/v1/eval", Some(JSON), r#"{"args": []}"#));
    show("eval with a mistyped field", send(&town, "/v1/eval", Some(JSON), r#"{"code": "1", "arg": []}"#));
    show("eval with args that are no array", send(&town, "/v1/eval", Some(JSON), r#"{"code": "1", "args": {"a": 1}}"#));
    show("eval of bytes", send(&town, "/v1/eval", None, b"1 + \xff".to_vec()));
    show("eval of a picture", send(&town, "/v1/eval", Some("image/png"), "x"));
    show("eval address of bytes", town.get("/v1/eval/%ff", ""));
    show("eval address with wrong args", town.get("/v1/eval/1?args=%5B1", ""));
    show("eval address with nothing", town.get("/v1/eval/", ""));
    show("val of nothing", send(&town, "/v1/vals", None, ""));
    show("val of json without code", send(&town, "/v1/vals", Some(JSON), "{}"));
    show("val of bytes", send(&town, "/v1/vals", Some("text/plain"), b"\xc3\x28".to_vec()));
    show("run with a wrong body", send(&town, "/v1/run/a.b", None, "hello"));
    show("run with an object", send(&town, "/v1/run/a.b", None, r#"{"name": "Ada"}"#));
    show("run of no target", send(&town, "/v1/run/hello", None, ""));
}

#[test]
fn too_large() {
    let town = TestTown::start();
    let show = |name: &str, reply: Reply| assert_snapshot!(name, town.shown(&reply));
    let code = format!("export default 1 //{}", "x".repeat(10 << 20));
    show("val of 10 MiB", send(&town, "/v1/vals", Some("text/plain"), code.clone()));
    show("eval of 10 MiB", send(&town, "/v1/eval", Some("text/plain"), code));
    show("eval of 2 MiB", send(&town, "/v1/eval", Some("text/plain"), format!("1 //{}", "x".repeat(2 << 20))));
    let args = format!("[\"{}\"]", "x".repeat(3 << 20));
    show("run with huge args", send(&town, "/v1/run/a.b", Some(JSON), args.clone()));
    show("eval with huge args", send(&town, "/v1/eval", Some(JSON), format!(r#"{{"code": "1", "args": {args}}}"#)));
}

#[test]
fn names_tokens_and_unknown_things() {
    let town = TestTown::start();
    let show = |name: &str, reply: Reply| assert_snapshot!(name, town.shown(&reply));
    let id = town.add_val(town.token(), "hello", "public", "export default 1");
    show("a wrong token", town.get("/v1/me", "thorp_wrong"));
    show("no token", town.get("/v1/me", ""));
    show("an unknown val", town.get("/v1/vals/01890a5d-ac96-774b-bcce-b302099a8057", ""));
    show("a val by something else", town.get("/v1/vals/hello", ""));
    show("an unknown version", town.get(&format!("/v1/vals/{id}/versions/7"), ""));
    show("an unknown target", send(&town, "/v1/run/nobody.nothing", None, ""));
    show("a name that is taken", send(&town, "/v1/vals", None, r#"{"name": "hello", "code": "1"}"#));
    show("a name that is none", send(&town, "/v1/vals", None, r#"{"name": "hello world", "code": "1"}"#));
    show("a privacy that is none", send(&town, "/v1/vals", None, r#"{"privacy": "secret", "code": "1"}"#));
    show("a page that is too large", town.get("/v1/vals?limit=1000", town.token()));
    assert_eq!(town.delete(&format!("/v1/vals/{id}"), town.token()).status, 204);
    show("a deleted val", town.get(&format!("/v1/vals/{id}"), town.token()));
    show("a deleted vals new version", send(&town, &format!("/v1/vals/{id}/versions"), None, "export default 2"));
}

#[test]
fn results_that_json_cannot_hold() {
    let town = TestTown::start();
    let show = |name: &str, code: &str| assert_snapshot!(name, town.shown(&send(&town, "/v1/eval", Some("text/plain"), code)));
    show("a cycle", "(() => { const a = { b: [] as unknown[] }; a.b.push(a); return a })()");
    show("a big integer", "({ a: [1, 2n] })");
    show("a syntax error", "1 +* 2");
    show("an error without a stack", "(() => { throw 'text' })()");
}

/// Programs that would overflow a stack somewhere must be refused, not end the town.
#[test]
fn deeply_nested_programs() {
    let town = TestTown::start();
    let programs = [
        ("parentheses", "(".repeat(4096)),
        ("closed parentheses", format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000))),
        ("brackets", "[".repeat(20_000)),
        ("closed brackets", format!("{}{}", "[".repeat(20_000), "]".repeat(20_000))),
        ("negations", format!("{}1", "!".repeat(20_000))),
        ("calls", format!("f{}", "()".repeat(20_000))),
        ("else if", format!("(() => {{ {}if (1) {{}} }})()", "if (0) {} else ".repeat(20_000))),
        ("templates", format!("{}1{}", "`${".repeat(20_000), "}`".repeat(20_000))),
    ];
    for (name, program) in programs {
        let reply = send(&town, "/v1/eval", Some("text/plain"), program.clone());
        assert_eq!(reply.status, 400, "eval of {name}: {}", reply.body);
        assert!(["TOO_COMPLEX", "SYNTAX_ERROR"].contains(&code_of(&reply).as_str()), "eval of {name}: {}", reply.body);
        let code = format!("export default {program}");
        let reply = send(&town, "/v1/vals", Some("text/plain"), code);
        let saved = reply.status == 200 || (reply.status == 422 && code_of(&reply) == "TOO_COMPLEX");
        assert!(saved, "save of {name}: {} {}", reply.status, reply.body.chars().take(500).collect::<String>());
    }
    assert_snapshot!("too complex", town.shown(&send(&town, "/v1/eval", Some("text/plain"), "!".repeat(20_000) + "1")));
    assert_eq!(town.get("/v1/eval/1%2B1", "").body, "2");
}

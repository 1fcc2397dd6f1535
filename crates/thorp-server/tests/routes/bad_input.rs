//! Bad input gets a status, a code and advice. Snapshots keep what users read.

use insta::assert_snapshot;
use thorp_testkit::{Reply, TestTown};

const JSON: &str = "application/json";

fn send(town: &TestTown, path: &str, media: Option<&str>, body: impl Into<Vec<u8>>) -> Reply {
    let ask = town.ask("POST", path).token(town.token()).body(body);
    media
        .into_iter()
        .fold(ask, |ask, media| ask.header("content-type", media))
        .send()
}

/// Names and answers, for one snapshot.
struct Table<'a>(&'a TestTown, String);

impl<'a> Table<'a> {
    fn new(town: &'a TestTown) -> Self {
        Self(town, String::new())
    }

    fn row(&mut self, name: &str, reply: Reply) {
        self.1 += &format!("## {name}\n{}\n\n", self.0.shown(&reply));
    }
}

fn code_of(reply: &Reply) -> String {
    reply.json()["error"]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn bodies() {
    let town = TestTown::start();
    let mut table = Table::new(&town);
    table.row("eval of nothing", send(&town, "/v1/eval", None, ""));
    table.row(
        "eval of wrong json",
        send(&town, "/v1/eval", Some(JSON), "{\n  \"code\": 1 +\n}"),
    );
    table.row(
        "eval of wrong json without a type",
        send(&town, "/v1/eval", None, "{\"code\": \"1 + 1\""),
    );
    table.row(
        "eval of json without code",
        send(&town, "/v1/eval", Some(JSON), r#"{"args": []}"#),
    );
    table.row(
        "eval with a mistyped field",
        send(&town, "/v1/eval", Some(JSON), r#"{"code": "1", "arg": []}"#),
    );
    table.row(
        "eval with args that are no array",
        send(
            &town,
            "/v1/eval",
            Some(JSON),
            r#"{"code": "1", "args": {"a": 1}}"#,
        ),
    );
    table.row(
        "eval of bytes",
        send(&town, "/v1/eval", None, b"1 + \xff".to_vec()),
    );
    table.row(
        "eval of a picture",
        send(&town, "/v1/eval", Some("image/png"), "x"),
    );
    table.row("eval address of bytes", town.get("/v1/eval/%ff", ""));
    table.row(
        "eval address with wrong args",
        town.get("/v1/eval/1?args=%5B1", ""),
    );
    table.row("eval address with nothing", town.get("/v1/eval/", ""));
    table.row("val of nothing", send(&town, "/v1/vals", None, ""));
    table.row(
        "val of json without code",
        send(&town, "/v1/vals", Some(JSON), "{}"),
    );
    table.row(
        "val of bytes",
        send(&town, "/v1/vals", Some("text/plain"), b"\xc3\x28".to_vec()),
    );
    table.row(
        "run with a wrong body",
        send(&town, "/v1/run/a.b", None, "hello"),
    );
    table.row(
        "run with an object",
        send(&town, "/v1/run/a.b", None, r#"{"name": "Ada"}"#),
    );
    table.row("run of no target", send(&town, "/v1/run/hello", None, ""));
    assert_snapshot!(table.1);
}

#[test]
fn too_large() {
    let town = TestTown::start();
    let mut table = Table::new(&town);
    let code = format!("export default 1 //{}", "x".repeat(10 << 20));
    table.row(
        "val of 10 MiB",
        send(&town, "/v1/vals", Some("text/plain"), code.clone()),
    );
    table.row(
        "eval of 10 MiB",
        send(&town, "/v1/eval", Some("text/plain"), code),
    );
    table.row(
        "eval of 2 MiB",
        send(
            &town,
            "/v1/eval",
            Some("text/plain"),
            format!("1 //{}", "x".repeat(2 << 20)),
        ),
    );
    let args = format!("[\"{}\"]", "x".repeat(3 << 20));
    table.row(
        "run with huge args",
        send(&town, "/v1/run/a.b", Some(JSON), args.clone()),
    );
    table.row(
        "eval with huge args",
        send(
            &town,
            "/v1/eval",
            Some(JSON),
            format!(r#"{{"code": "1", "args": {args}}}"#),
        ),
    );
    assert_snapshot!(table.1);
}

#[test]
fn names_tokens_and_unknown_things() {
    let town = TestTown::start();
    let mut table = Table::new(&town);
    let id = town.add_val(town.token(), "hello", "public", "export default 1");
    table.row("a wrong token", town.get("/v1/me", "thorp_wrong"));
    table.row("no token", town.get("/v1/me", ""));
    table.row(
        "an unknown val",
        town.get("/v1/vals/01890a5d-ac96-774b-bcce-b302099a8057", ""),
    );
    table.row("a val by something else", town.get("/v1/vals/hello", ""));
    table.row(
        "an unknown version",
        town.get(&format!("/v1/vals/{id}/versions/7"), ""),
    );
    table.row(
        "an unknown target",
        send(&town, "/v1/run/nobody.nothing", None, ""),
    );
    table.row(
        "a name that is taken",
        send(&town, "/v1/vals", None, r#"{"name": "hello", "code": "1"}"#),
    );
    table.row(
        "a name that is none",
        send(
            &town,
            "/v1/vals",
            None,
            r#"{"name": "hello world", "code": "1"}"#,
        ),
    );
    table.row(
        "a privacy that is none",
        send(
            &town,
            "/v1/vals",
            None,
            r#"{"privacy": "secret", "code": "1"}"#,
        ),
    );
    table.row(
        "a page that is too large",
        town.get("/v1/vals?limit=1000", town.token()),
    );
    assert_eq!(
        town.delete(&format!("/v1/vals/{id}"), town.token()).status,
        204
    );
    table.row(
        "a deleted val",
        town.get(&format!("/v1/vals/{id}"), town.token()),
    );
    table.row(
        "a deleted vals new version",
        send(
            &town,
            &format!("/v1/vals/{id}/versions"),
            None,
            "export default 2",
        ),
    );
    assert_snapshot!(table.1);
}

#[test]
fn secrets() {
    let town = TestTown::start();
    let put = |name: &str, body: &str| {
        let ask = town.ask("PUT", &format!("/v1/secrets/{name}"));
        ask.token(town.token()).json(body).send()
    };
    let mut table = Table::new(&town);
    let value = r#"{"value": "x"}"#;
    table.row("a name that is none", put("my-key", value));
    table.row("a name that is not ASCII", put("%C3%A9", value));
    table.row("nothing", put("KEY", ""));
    table.row("an empty object", put("KEY", "{}"));
    table.row("a value that is no text", put("KEY", r#"{"value": 1}"#));
    table.row("an empty value", put("KEY", r#"{"value": ""}"#));
    table.row("a value with NUL", put("KEY", r#"{"value": "\u0000"}"#));
    let large = format!(r#"{{"value": "{}"}}"#, "x".repeat(70_000));
    table.row("a value that is too large", put("KEY", &large));
    table.row(
        "a mistyped field",
        put("KEY", r#"{"value": "x", "package": true}"#),
    );
    table.row(
        "one that is not there, shared",
        put("KEY", r#"{"packages": true}"#),
    );
    let shared = r#"{"value": "x", "packages": true}"#;
    table.row("one that steers the runtime, shared", put("PATH", shared));
    table.row(
        "one that is not there, deleted",
        town.delete("/v1/secrets/KEY", town.token()),
    );
    assert_snapshot!(table.1);
}

#[test]
fn results_that_json_cannot_hold() {
    let town = TestTown::start();
    let mut table = Table::new(&town);
    let mut show =
        |name: &str, code: &str| table.row(name, send(&town, "/v1/eval", Some("text/plain"), code));
    show(
        "a cycle",
        "(() => { const a = { b: [] as unknown[] }; a.b.push(a); return a })()",
    );
    show("a big integer", "({ a: [1, 2n] })");
    show("a syntax error", "1 +* 2");
    show("an error without a stack", "(() => { throw 'text' })()");
    assert_snapshot!(table.1);
}

/// Programs that would overflow a stack somewhere must be refused, not end the town.
#[test]
fn deeply_nested_programs() {
    let town = TestTown::start();
    let programs = [
        ("parentheses", "(".repeat(4096)),
        (
            "closed parentheses",
            format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000)),
        ),
        ("brackets", "[".repeat(20_000)),
        (
            "closed brackets",
            format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)),
        ),
        ("negations", format!("{}1", "!".repeat(20_000))),
        ("calls", format!("f{}", "()".repeat(20_000))),
        (
            "else if",
            format!(
                "(() => {{ {}if (1) {{}} }})()",
                "if (0) {} else ".repeat(20_000)
            ),
        ),
        (
            "templates",
            format!("{}1{}", "`${".repeat(20_000), "}`".repeat(20_000)),
        ),
    ];
    for (name, program) in programs {
        let eval = send(&town, "/v1/eval", Some("text/plain"), program.clone());
        assert!(
            eval.status == 400 && code_of(&eval) == "TOO_COMPLEX",
            "eval of {name}: {} {}",
            eval.status,
            eval.body
        );
        let save = send(
            &town,
            "/v1/vals",
            Some("text/plain"),
            format!("export default {program}"),
        );
        let run = send(
            &town,
            &format!("/v1/run/owner.{}", save.text("name")),
            None,
            "",
        );
        assert!(
            run.status == 422 && code_of(&run) == "TOO_COMPLEX",
            "run of {name}: {} {}",
            run.status,
            run.body
        );
    }
    let reply = send(&town, "/v1/eval", Some("text/plain"), "[".repeat(20_000));
    assert_snapshot!(town.shown(&reply), @r#"
    400 {
      "error": {
        "code": "TOO_COMPLEX",
        "diagnostics": [
          {
            "code": "TOO_COMPLEX",
            "column": 1,
            "endColumn": 1,
            "endLine": 1,
            "file": "eval",
            "hint": "split it into smaller functions, or move data that is nested deeply into JSON text",
            "line": 1,
            "message": "the program is too complex to compile",
            "severity": "error"
          }
        ],
        "message": "the program is too complex to compile"
      }
    }
    "#);
    assert_eq!(town.get("/v1/eval/1%2B1", "").body, "2");
}

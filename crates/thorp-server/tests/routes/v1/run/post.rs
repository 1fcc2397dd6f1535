use thorp_testkit::TestTown;

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn args_come_in_every_form() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(
        &alice,
        "all",
        "public",
        "export default (...args: unknown[]) => args",
    );
    let check = |media: Option<&str>, body: &str, expected: &str| {
        let ask = town.ask("POST", "/v1/run/alice.all").body(body);
        let reply = media
            .into_iter()
            .fold(ask, |ask, media| ask.header("content-type", media))
            .send();
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, expected),
            "{media:?} {body}"
        );
    };
    for media in [
        Some("application/json"),
        Some(FORM),
        Some("text/plain"),
        None,
    ] {
        check(
            media,
            r#"{"args": ["Ada", {"b": [1]}]}"#,
            r#"["Ada",{"b":[1]}]"#,
        );
        check(media, r#" ["Ada"]"#, r#"["Ada"]"#);
        check(media, "{}", "[]");
        check(media, "", "[]");
    }
    let reply = town.ask("POST", "/v1/run/alice.all?args=%5B1%5D").send();
    assert_eq!(reply.body, "[1]");
}

#[test]
fn vals_run_as_their_author() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let id = town.add_val(
        &alice,
        "hello",
        "public",
        "export default (name: string) => `Hello, ${name}!`",
    );
    let reply = town.post("/v1/run/alice.hello", &bob, r#"["Bob"]"#);
    assert_eq!(reply.body, r#""Hello, Bob!""#);
    let run = town
        .get(&format!("/v1/runs/{}", reply.header("x-thorp-run")), &alice)
        .expect(200);
    assert_eq!(run["runAs"]["username"], "@alice");
    assert_eq!(run["caller"]["username"], "@bob");
    assert_eq!(run["valId"], id);
    assert_eq!(run["name"], "hello");
}

#[test]
fn a_version_with_errors_does_not_run() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(&alice, "broken", "public", "export default (");
    insta::assert_snapshot!(town.shown(&town.post("/v1/run/alice.broken", "", "")), @r#"
    422 {
      "error": {
        "code": "DOES_NOT_COMPILE",
        "diagnostics": [
          {
            "code": "SYNTAX_ERROR",
            "column": 17,
            "endColumn": 17,
            "endLine": 1,
            "file": "main.tsx",
            "hint": "the text ends too early; look for a bracket or quote that is not closed",
            "line": 1,
            "message": "Expected `)` but found `EOF`",
            "severity": "error"
          }
        ],
        "message": "Expected `)` but found `EOF`"
      }
    }
    "#);
}

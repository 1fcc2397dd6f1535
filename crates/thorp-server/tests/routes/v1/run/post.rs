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

#[test]
fn a_caller_who_may_not_read_a_val_learns_nothing_of_its_code() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    for (name, code) in [
        (
            "broken",
            "const hushHush = 1; const hushHush = 2; export default 1",
        ),
        ("two", "export const hushHush = 1, other = 2"),
        ("lacks", "import './hushHush.ts'; export default 1"),
    ] {
        let id = town.add_val(&alice, name, "private", code);
        let patch = format!("/v1/vals/{id}");
        assert_eq!(
            town.patch(&patch, &alice, r#"{"endpoint": "public"}"#)
                .status,
            200
        );
        let run = format!("/v1/run/alice.{name}");
        assert!(town.post(&run, &alice, "").body.contains("hushHush"));
        for token in ["", &bob] {
            let reply = town.post(&run, token, "");
            assert_eq!(
                (reply.status, reply.body.as_str()),
                (
                    422,
                    r#"{"error":{"code":"DOES_NOT_COMPILE","message":"the val does not compile","hint":"whoever may read it is told why"}}"#
                )
            );
        }
        let made = town.post("/v1/tokens", &alice, r#"{"scopes": ["run"]}"#);
        let reply = town.post(&run, &made.text("token"), "");
        assert!(!reply.body.contains("hushHush"), "{}", reply.body);
    }
}

#[test]
fn a_name_that_leads_to_a_private_val_tells_nothing_of_it() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let id = town.add_val(&alice, "before", "private", "export default 1");
    let patch = format!("/v1/vals/{id}");
    assert_eq!(
        town.patch(&patch, &alice, r#"{"name": "HushHush"}"#).status,
        200
    );
    for name in ["before", "hushhush", "nothing"] {
        let reply = town.post(&format!("/v1/run/alice.{name}"), &bob, "");
        assert_eq!(
            (reply.status, reply.expect(404)["error"]["message"].as_str()),
            (
                404,
                Some(format!("there is no val `@alice/{name}`").as_str())
            )
        );
    }
}

#[test]
fn a_val_that_is_called_again_is_loaded_and_a_new_version_counts_at_once() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let code = "let calls = 0; export default () => ++calls";
    let id = town.add_val(&alice, "count", "public", code);
    let run = |target: &str, token: &str| {
        town.post(&format!("/v1/run/alice.{target}"), token, "[]")
            .body
    };
    assert_eq!(run("count", &alice), "1");
    assert_eq!(run("count", &bob), "2");
    let versions = format!("/v1/vals/{id}/versions");
    let code = "let calls = 100; export default () => ++calls";
    let saved = serde_json::json!({ "code": code }).to_string();
    let _ = town.post(&versions, &alice, &saved).expect(201);
    assert_eq!(run("count", &bob), "101");
    assert_eq!(run("count@0", &alice), "3");
    // Records have what each call used and nothing of the others.
    let runs = town.get(&format!("/v1/vals/{id}/runs"), &alice).expect(200);
    assert_eq!(runs["data"].as_array().map(Vec::len), Some(4));
}

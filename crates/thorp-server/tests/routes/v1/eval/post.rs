use serde_json::json;
use thorp_testkit::TestTown;

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn bodies_are_json_or_code() {
    let town = TestTown::start();
    let check = |media: Option<&str>, body: &str, expected: &str| {
        let ask = town.ask("POST", "/v1/eval").token(town.token()).body(body);
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
    let json = r#"{"code": "(a, b) => a + b", "args": [1, 2]}"#;
    check(Some("application/json"), json, "3");
    check(Some("application/json; charset=utf-8"), json, "3");
    check(Some(FORM), json, "3");
    check(None, json, "3");
    check(None, "1 + 1", "2");
    check(Some(FORM), "[1,2,3].map((x) => x * 2)", "[2,4,6]");
    check(Some("text/plain"), "({ a: 1 })", r#"{"a":1}"#);
    check(Some("application/typescript"), "(1 as number) + 1", "2");
    check(
        None,
        r#"{"code": "'\u00e4\n'"}"#.replace("\\n", "\\\\n").as_str(),
        "\"ä\\n\"",
    );
    check(
        None,
        r#"{"code": "(a) => a.length", "args": null}"#.replace("(a) => a.length", "7").as_str(),
        "7",
    );
}

#[test]
fn the_run_of_an_answer_can_be_read() {
    let town = TestTown::start();
    let reply = town.post(
        "/v1/eval",
        town.token(),
        r#"{"code": "(a) => { console.log('hi', a); return a }", "args": [{"b": 1}]}"#,
    );
    assert_eq!(reply.expect(200)["b"], 1);
    let run = town.get(
        &format!("/v1/runs/{}", reply.header("x-thorp-run")),
        town.token(),
    );
    insta::assert_snapshot!(town.shown(&run), @r#"
    200 {
      "args": [
        {
          "b": 1
        }
      ],
      "author": {
        "id": "[id]",
        "username": "@owner"
      },
      "caller": {
        "id": "[id]",
        "username": "@owner"
      },
      "childIds": [],
      "code": "(a) => { console.log('hi', a); return a }",
      "denied": [],
      "egress": {
        "bytesIn": 0,
        "bytesOut": 0,
        "dropped": 0,
        "requests": []
      },
      "emails": [],
      "error": null,
      "id": "[id]",
      "logs": [
        {
          "at": "[time]",
          "level": "log",
          "text": "hi { b: 1 }"
        }
      ],
      "logsTruncated": false,
      "name": null,
      "parentId": null,
      "returnUndefined": false,
      "returnValue": {
        "b": 1
      },
      "runAs": {
        "id": "[id]",
        "username": "@owner"
      },
      "runEndAt": "[time]",
      "runStartAt": "[time]",
      "status": "ok",
      "trigger": "eval",
      "usage": {
        "cpuMicros": "[measured]",
        "memoryBytes": "[measured]",
        "queueMicros": "[measured]",
        "runMicros": "[measured]",
        "startMicros": "[measured]"
      },
      "valId": null,
      "version": null
    }
    "#);
}

#[test]
fn failures_name_their_run_and_show_the_stack_to_their_user() {
    let town = TestTown::start();
    let code = r#"{"code": "(() => { throw new TypeError('no') })()"}"#;
    let reply = town.post("/v1/eval", town.token(), code);
    let body = reply.expect(502);
    assert_eq!(body["error"]["code"], "USER_ERROR");
    assert_eq!(
        (&body["error"]["name"], &body["error"]["message"]),
        (&"TypeError".into(), &"no".into())
    );
    assert!(
        body["error"]["stack"]
            .as_str()
            .is_some_and(|stack| stack.contains("TypeError: no")),
        "{body}"
    );
    assert_eq!(body["runId"], reply.header("x-thorp-run"));
}

#[test]
fn imports_of_anonymous_callers_are_refused() {
    let town = TestTown::start();
    let code = "import { z } from 'npm:zod@4'; export default z.email().safeParse('x').success";
    let reply = town.ask("POST", "/v1/eval").body(code).send();
    insta::assert_snapshot!(town.shown(&reply), @r#"
    401 {
      "error": {
        "code": "UNAUTHORIZED",
        "hint": "send `Authorization: Bearer <token>`",
        "message": "packages need a token"
      }
    }
    "#);
}

#[test]
fn raw_connections_that_lead_nowhere_fail_with_a_hint() {
    let town = TestTown::start();
    for code in [
        "Deno.connect({ hostname: '1.1.1.1', port: 4 })",
        "new Promise(async (ok, no) => (await import('node:http')).get('http://1.1.1.1:4/', ok).on('error', no))",
        "Deno.listen({ port: 0 })",
    ] {
        let body = json!({ "code": code }).to_string();
        let error = &town.post("/v1/eval", town.token(), &body).expect(502)["error"];
        assert!(
            error["hint"]
                .as_str()
                .is_some_and(|hint| hint.starts_with("`fetch`")),
            "{error}"
        );
    }
}

#[test]
fn callers_without_a_token_have_so_many_evaluations_at_a_time() {
    const PLACES: usize = thorp_town::limits::ANONYMOUS_RUNS_MAX;
    let town = TestTown::start();
    let wait = r#"{"code": "new Promise((done) => setTimeout(done, 5000))"}"#;
    let quick = r#"{"code": "2"}"#;
    std::thread::scope(|scope| {
        for _ in 0..PLACES {
            // The quick one may be in its place for a moment.
            scope.spawn(|| while town.post("/v1/eval", "", wait).status == 429 {});
        }
        let refused = (0..1000)
            .map(|_| town.post("/v1/eval", "", quick))
            .find(|reply| reply.status != 200)
            .expect("all places are taken");
        assert_eq!(refused.expect(429)["error"]["code"], "RATE_LIMITED");
        assert!(!refused.header("retry-after").is_empty());
        // Who has a token waits for nobody.
        assert_eq!(town.post("/v1/eval", town.token(), quick).body, "2");
    });
}

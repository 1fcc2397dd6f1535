use thorp_testkit::TestTown;

#[test]
fn a_new_val_is_answered_whole() {
    let town = TestTown::start();
    let body = r##"{"name": "hello", "code": "export default () => 1", "readme": "# Hello"}"##;
    let reply = town.post("/v1/vals", town.token(), body);
    assert_eq!(reply.header("etag"), "\"0\"");
    insta::assert_snapshot!(town.shown(&reply), @r##"
    200 {
      "author": {
        "id": "[id]",
        "username": "@owner"
      },
      "code": "export default () => 1",
      "createdAt": "[time]",
      "deletedAt": null,
      "dependencies": [],
      "diagnostics": [],
      "endpoint": "private",
      "entry": "main.tsx",
      "error": null,
      "files": [
        {
          "path": "main.tsx",
          "text": "export default () => 1"
        }
      ],
      "hash": "[hash]",
      "id": "[id]",
      "isolation": "warm",
      "likeCount": 0,
      "liveVersion": 0,
      "logs": [],
      "name": "hello",
      "output": null,
      "privacy": "private",
      "public": false,
      "readme": "# Hello",
      "referenceCount": 0,
      "runEndAt": null,
      "runStartAt": null,
      "runnable": true,
      "updatedAt": "[time]",
      "url": "http://owner-hello.[vals]/",
      "version": 0,
      "versionCreatedAt": "[time]"
    }
    "##);
}

#[test]
fn bodies_are_json_or_code() {
    let town = TestTown::start();
    let check = |media: Option<&str>, body: &str| {
        let ask = town.ask("POST", "/v1/vals").token(town.token()).body(body);
        let val = media
            .into_iter()
            .fold(ask, |ask, media| ask.header("content-type", media))
            .send()
            .expect(200);
        assert_eq!(val["code"], "export default 1", "{media:?} {body}");
        assert_eq!(val["privacy"], "private");
    };
    for media in [
        "text/plain",
        "text/javascript",
        "application/javascript",
        "application/x-www-form-urlencoded",
    ] {
        check(Some(media), "export default 1");
    }
    check(None, "export default 1");
    check(None, r#"{"code": "export default 1"}"#);
    check(
        None,
        r#"{"files": [{"path": "main.tsx", "text": "export default 1"}]}"#,
    );
    check(
        Some("application/x-www-form-urlencoded"),
        r#"{"code": "export default 1"}"#,
    );
}

#[test]
fn several_files_make_one_val() {
    let town = TestTown::start();
    let body = r#"{"name": "greet", "privacy": "public", "entry": "main.ts", "files": [
        {"path": "main.ts", "text": "import { hi } from './hi.ts'; export default (name: string) => hi(name)"},
        {"path": "hi.ts", "text": "export const hi = (name: string) => `Hi, ${name}!`"}]}"#;
    let val = town.post("/v1/vals", town.token(), body).expect(200);
    assert_eq!(val["entry"], "main.ts");
    let owner = val["author"]["username"].as_str().unwrap().to_owned();
    assert_eq!(
        town.post(&format!("/v1/run/{owner}.greet"), "", r#"["Ada"]"#)
            .body,
        r#""Hi, Ada!""#
    );
}

#[test]
fn saves_tell_of_their_steps() {
    let town = TestTown::start();
    let save = |body: &str| {
        let ask = town
            .ask("POST", "/v1/vals")
            .token(town.token())
            .header("accept", "application/x-ndjson");
        let reply = ask.json(body).send();
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, "application/x-ndjson")
        );
        let lines = reply
            .body
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<serde_json::Value>>()
    };
    let lines = save(r#"{"name": "hello", "code": "export default 1"}"#);
    let (last, steps) = lines.split_last().unwrap();
    assert!(
        steps
            .iter()
            .any(|line| line["progress"]["step"] == "compile"),
        "{steps:?}"
    );
    assert_eq!(last["val"]["name"], "hello");
    let lines = save(r#"{"name": "hello", "code": "export default 2"}"#);
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["status"], &last["error"]["code"]),
        (&409.into(), &"NAME_TAKEN".into())
    );
}

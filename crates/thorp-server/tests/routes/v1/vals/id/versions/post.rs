use thorp_testkit::TestTown;

#[test]
fn saves_that_met_are_refused_with_both_texts() {
    let town = TestTown::start();
    let id = town.add_val(town.token(), "hello", "public", "export default 0");
    let path = format!("/v1/vals/{id}/versions");
    let first = town.post(
        &path,
        town.token(),
        r#"{"code": "export default 1", "base": 0}"#,
    );
    assert_eq!((first.status, first.header("etag")), (201, "\"1\""));
    let second = town.post(
        &path,
        town.token(),
        r#"{"code": "export default 2", "base": 0}"#,
    );
    insta::assert_snapshot!(town.shown(&second), @r#"
    409 {
      "error": {
        "code": "CONFLICT",
        "hint": "merge both and save again with `base` 1",
        "message": "version 1 was saved after the one you began with",
        "theirs": {
          "files": [
            {
              "path": "main.tsx",
              "text": "export default 1"
            }
          ],
          "version": 1
        },
        "yours": {
          "base": 0,
          "files": [
            {
              "path": "main.tsx",
              "text": "export default 2"
            }
          ]
        }
      }
    }
    "#);
    let tagged = |tag: &str| {
        let ask = town
            .ask("POST", &path)
            .token(town.token())
            .header("if-match", tag);
        ask.body("export default 3").send().status
    };
    assert_eq!(tagged("\"0\""), 409);
    assert_eq!(tagged("\"1\""), 201);
    assert_eq!(tagged("W/\"2\""), 201);
    assert_eq!(tagged("*"), 201);
    assert_eq!(tagged("\"x\""), 400);
}

#[test]
fn old_clients_save_without_a_base() {
    let town = TestTown::start();
    let id = town.add_val(town.token(), "hello", "public", "export default 0");
    for (version, body) in [
        (1, r#"{"code": "export default 1"}"#),
        (2, "export default 2"),
    ] {
        let ask = town
            .ask("POST", &format!("/v1/vals/{id}/versions"))
            .token(town.token());
        assert_eq!(ask.body(body).send().expect(201)["version"], version);
    }
}

#[test]
fn refusals() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let id = town.add_val(&alice, "hello", "public", "export default 0");
    let path = format!("/v1/vals/{id}/versions");
    let check = |token: &str, body: &str, status: u16, code: &str| {
        assert_eq!(
            town.post(&path, token, body).expect(status)["error"]["code"],
            code,
            "{body}"
        );
    };
    check(
        &alice,
        r#"{"code": "1", "name": "other"}"#,
        400,
        "BAD_REQUEST",
    );
    check(&alice, r#"{"code": "1", "files": []}"#, 400, "BAD_REQUEST");
    check(&alice, r#"{"files": []}"#, 400, "BAD_REQUEST");
    check(
        &alice,
        r#"{"files": [{"path": "../x.ts", "text": ""}]}"#,
        400,
        "BAD_REQUEST",
    );
    check(&bob, r#"{"code": "export default 1"}"#, 403, "FORBIDDEN");
    check("", r#"{"code": "export default 1"}"#, 401, "UNAUTHORIZED");
}

//! `GET /v1/vals/{id}/check`, `POST /v1/check`, and the warning of a save that everyone may do something as the author.

use serde_json::{Value, json};
use thorp_testkit::TestTown;

/// Bob's function of the seed: it spends a key of his, by way of another function of his.
fn town() -> (TestTown, String, String) {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town.add_val(&bob, "config", "private", "let config = { key: 'k' }");
    let _ = town.add_val(
        &bob,
        "ask",
        "public",
        "let ask = (text: string) =>\n  `${@me.config.key} ${text}`",
    );
    let _ = town.add_val(
        &bob,
        "gpt3",
        "public",
        "// a wrapper\nlet gpt3 = (text: string) => @me.ask(text)",
    );
    let _ = town.add_val(&bob, "twice", "public", "let twice = (n: number) => 2 * n");
    (town, alice, bob)
}

fn check(town: &TestTown, token: &str, val: &str) -> Value {
    town.get(&format!("/v1/vals/{val}/check"), token)
        .expect(200)
}

#[test]
fn calls_that_would_be_denied_are_found_with_what_to_write_instead() {
    let (town, alice, bob) = town();
    let fine = town.add_val(
        &alice,
        "fine",
        "private",
        "let fine = () => @bob.twice(api(@bob.gpt3, 'hi'))",
    );
    assert_eq!(
        check(&town, &alice, &fine),
        json!({ "vals": ["@alice/fine"], "findings": [] })
    );
    let _ = town.add_val(
        &alice,
        "inner",
        "private",
        "let inner = () => @bob.ask('x')",
    );
    let report = town.add_val(
        &alice,
        "report",
        "private",
        "let report = () => {\n  @me.inner();\n  return @bob.gpt3('hi', [1]);\n}",
    );
    let found = check(&town, &alice, &report);
    assert_eq!(found["vals"], json!(["@alice/report", "@alice/inner"]));
    let findings = found["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2, "{found}");
    assert_eq!(
        findings[0],
        json!({
            "val": "@alice/report",
            "file": "main.tsx",
            "line": 3,
            "column": 10,
            "target": "@bob/gpt3",
            "version": 0,
            "reasons": [{
                "kind": "private",
                "message": "reads `@bob/config`, which is private or is not there",
                "chain": [
                    { "val": "@bob/gpt3", "version": 0, "file": "main.tsx", "line": 2 },
                    { "val": "@bob/ask", "version": 0, "file": "main.tsx", "line": 2 },
                ],
            }],
            "instead": "await api(@bob.gpt3, 'hi', [1])",
            "hint": null,
        })
    );
    assert_eq!(findings[1]["val"], "@alice/inner");
    // For the owner alone, and for whoever may know of it.
    let path = format!("/v1/vals/{report}/check");
    assert_eq!(town.get(&path, "").status, 401);
    assert_eq!(town.get(&path, &bob).status, 404);
    let open = town.add_val(&alice, "open", "public", "let open = 1");
    assert_eq!(
        town.get(&format!("/v1/vals/{open}/check"), &bob).status,
        403
    );
}

#[test]
fn code_is_looked_at_as_it_was_when_it_was_named() {
    let (town, alice, bob) = town();
    let report = town.add_val(
        &alice,
        "report",
        "private",
        "let report = () => @bob.gpt3('hi')",
    );
    let gpt3 = town.get("/v1/alias/bob/gpt3", &bob).expect(200);
    let path = format!("/v1/vals/{}/versions", gpt3["id"].as_str().unwrap());
    let harmless = json!({ "code": "let gpt3 = (text: string) => text" }).to_string();
    let _ = town.post(&path, &bob, &harmless).expect(201);
    let found = check(&town, &alice, &report);
    assert_eq!(found["findings"][0]["version"], 0, "{found}");
    let again = json!({ "code": "let report = () => @bob.gpt3('hello')" }).to_string();
    let saved = town.post(&format!("/v1/vals/{report}/versions"), &alice, &again);
    let _ = saved.expect(201);
    assert_eq!(check(&town, &alice, &report)["findings"], json!([]));
}

#[test]
fn a_text_is_checked_without_being_saved() {
    let (town, alice, bob) = town();
    let _ = town
        .patch(
            &format!(
                "/v1/vals/{}",
                town.get("/v1/alias/bob/gpt3", &bob)
                    .expect(200)
                    .as_object()
                    .unwrap()["id"]
                    .as_str()
                    .unwrap()
            ),
            &bob,
            r#"{"endpoint": "private"}"#,
        )
        .expect(200);
    let code = "import gpt3 from 'val:bob/gpt3';\nexport default () => gpt3('hi')";
    let found = town
        .post("/v1/check", &alice, &json!({ "code": code }).to_string())
        .expect(200);
    let finding = &found["findings"][0];
    assert_eq!(
        (&finding["val"], &finding["line"]),
        (&Value::Null, &json!(1))
    );
    assert_eq!(
        finding["instead"],
        "import { api } from \"thorp:std\"; await api(\"@bob/gpt3\", …)"
    );
    let hint = finding["hint"].as_str().unwrap();
    assert!(
        hint.starts_with("only its owner may call `@bob/gpt3`"),
        "{hint}"
    );
    // To its author, it is no foreign function.
    let own = town
        .post("/v1/check", &bob, &json!({ "code": code }).to_string())
        .expect(200);
    assert_eq!(own["findings"], json!([]));
    assert_eq!(town.get("/v1/vals", &alice).expect(200)["data"], json!([]));
    let broken = town
        .post("/v1/check", &alice, r#"{"code": "let = 1 +"}"#)
        .expect(422);
    assert_eq!(broken["error"]["code"], "DOES_NOT_COMPILE");
    assert_eq!(
        town.post("/v1/check", &alice, r#"{"code": "1", "name": "x"}"#)
            .status,
        400
    );
    assert_eq!(town.post("/v1/check", "", r#"{"code": "1"}"#).status, 401);
}

fn warnings(val: &Value) -> Vec<&str> {
    val["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["code"] == "PUBLIC_ENDPOINT")
        .map(|found| found["message"].as_str().unwrap())
        .collect()
}

#[test]
fn who_opens_a_val_that_does_things_as_its_author_is_warned() {
    let (town, alice, _) = town();
    let save = |name: &str, privacy: &str, code: &str| {
        let body = json!({ "name": name, "privacy": privacy, "code": code });
        town.post("/v1/vals", &alice, &body.to_string()).expect(200)
    };
    let helper = save("helper", "private", "let helper = () => @me.secrets.openai");
    assert_eq!(warnings(&helper), [""; 0]);
    let code = "export default () => Deno.env.get('TOKEN')";
    let opened = save("opened", "public", code);
    assert_eq!(
        warnings(&opened),
        ["everyone may call `@alice/opened`, and it runs as you: it names the secret `TOKEN`"]
    );
    let all = save(
        "all",
        "unlisted",
        "let all = () => { @me.count = 1; return @me.helper() }",
    );
    assert_eq!(
        warnings(&all),
        [
            "everyone may call `@alice/all`, and it runs as you: it writes `@alice/count`, reads the private val `@alice/helper`, names the secret `openai` (in `@alice/helper`)"
        ]
    );
    for (name, code) in [
        ("f", "let f = (n: number) => @bob.twice + n"),
        ("data", "let data = 1"),
    ] {
        assert_eq!(warnings(&save(name, "public", code)), [""; 0], "{name}");
    }
    // Whoever opens it later is warned then, and who closes it is not.
    let path = format!("/v1/vals/{}", helper["id"].as_str().unwrap());
    let public = town
        .patch(&path, &alice, r#"{"privacy": "public"}"#)
        .expect(200);
    assert_eq!(warnings(&public).len(), 1, "{public}");
    let closed = town
        .patch(&path, &alice, r#"{"endpoint": "private"}"#)
        .expect(200);
    assert_eq!(warnings(&closed), [""; 0]);
    let body = json!({ "code": "let helper = () => @me.secrets.other" }).to_string();
    let saved = town
        .post(&format!("{path}/versions"), &alice, &body)
        .expect(201);
    assert_eq!(warnings(&saved), [""; 0]);
}

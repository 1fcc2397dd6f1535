//! The document, and what clients of the API that Thorp follows (1.5.1) rely on: `reference.json` has its operations
//! and the fields of its answers.

use serde_json::Value;
use std::fs;
use std::path::Path;
use thorp_testkit::TestTown;

fn document() -> Value {
    serde_json::from_str(&thorp_server::openapi_document().unwrap()).unwrap()
}

fn reference() -> Value {
    serde_json::from_str(include_str!("reference.json")).unwrap()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[test]
fn the_checked_in_document_is_the_real_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let document = thorp_server::openapi_document().unwrap() + "\n";
    if std::env::var_os("THORP_UPDATE").is_some() {
        fs::write(&file, &document).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == document,
        "`openapi.json` is not what the routes say: run this test with THORP_UPDATE=1"
    );
}

#[test]
fn every_operation_is_described() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{name} has no success"
            );
            let refused = responses
                .iter()
                .filter(|(status, _)| status.as_str() >= "400" && path != "/healthz");
            for (status, response) in refused {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Error", "{name} {status}");
            }
        }
    }
}

#[test]
fn the_references_operations_are_there() {
    let (document, reference) = (document(), reference());
    for wanted in list(&reference["operations"]) {
        let (path, method) = (
            wanted["path"].as_str().unwrap(),
            wanted["method"].as_str().unwrap(),
        );
        let operation = &document["paths"][path][method];
        let name = format!("{method} {path}");
        assert!(operation.is_object(), "{name} is missing");
        let success = &operation["responses"][wanted["success"].as_str().unwrap()];
        assert!(success.is_object(), "{name} has another success");
        for media in list(&wanted["media"]).filter_map(Value::as_str) {
            assert!(
                operation["requestBody"]["content"][media].is_object(),
                "{name} does not take {media}"
            );
        }
        for parameter in list(&wanted["parameters"]).filter_map(Value::as_str) {
            let is_it =
                |own: &Value| parameter == format!("{} {}", text(&own["in"]), text(&own["name"]));
            assert!(
                list(&operation["parameters"]).any(is_it),
                "{name} has no parameter {parameter}"
            );
        }
        if let Some(schema) = wanted["schema"].as_str() {
            let own = &success["content"]["application/json"]["schema"];
            for field in reference["schemas"][schema].as_object().unwrap().keys() {
                assert!(
                    has_field(&document, own, field),
                    "{name} answers without `{field}`"
                );
            }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether a schema, or one that it is made of, has a property.
fn has_field(document: &Value, schema: &Value, field: &str) -> bool {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        return has_field(document, &document["components"]["schemas"][name], field);
    }
    schema["properties"].get(field).is_some()
        || list(&schema["allOf"]).any(|part| has_field(document, part, field))
}

#[test]
fn answers_have_the_references_fields_and_types() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let code = "export default (name: string) => { console.log(name); return `Hello, ${name}!` }";
    let body = serde_json::json!({"name": "hello", "code": code, "privacy": "public", "readme": "# Hello"});
    let made = town.post("/v1/vals", &alice, &body.to_string()).expect(200);
    let run = town.post("/v1/run/alice.hello", "", r#"{"args": ["Ada"]}"#);
    let run = run.header("x-thorp-run").to_owned();
    let (user, val) = (text(&made["author"]["id"]), text(&made["id"]));
    let check = |schema: &str, path: &str| {
        let answer = town.get(path, &alice).expect(200);
        check_fields(schema, &answer);
        answer
    };
    for path in ["/v1/me", &format!("/v1/users/{user}"), "/v1/alias/alice"] {
        assert_eq!(check("User", path)["username"], "@alice");
    }
    for path in [
        format!("/v1/vals/{val}"),
        "/v1/alias/alice/hello".to_owned(),
    ] {
        let val = check("FullVal", &path);
        assert_eq!(
            (&val["public"], &val["author"]["username"]),
            (&true.into(), &"@alice".into())
        );
        assert_eq!(
            val["output"],
            serde_json::json!({"type": "string", "value": "Hello, Ada!"})
        );
    }
    let run = check("FullRun", &format!("/v1/runs/{run}"));
    assert_eq!(
        (&run["args"], &run["returnValue"]),
        (&serde_json::json!(["Ada"]), &"Hello, Ada!".into())
    );
    for path in ["/v1/me/runs", &format!("/v1/vals/{val}/runs")] {
        check_fields("BaseRun", &check("RunList", path)["data"][0]);
    }
    for path in [
        "/v1/vals",
        &format!("/v1/users/{user}/vals"),
        "/v1/search/vals?query=hello",
    ] {
        check_fields("BaseVal", &check("ValList", path)["data"][0]);
    }
}

/// `null` is of every type: the reference's own example has it for `error`.
fn check_fields(schema: &str, answer: &Value) {
    for (field, expected) in reference()["schemas"][schema].as_object().unwrap() {
        let value = answer
            .get(field)
            .unwrap_or_else(|| panic!("{schema} has no `{field}`: {answer}"));
        let allowed: Vec<&str> = expected
            .as_array()
            .map_or(vec![text(expected)], |all| all.iter().map(text).collect());
        let fits = allowed.iter().any(|kind| {
            value.is_null() || *kind == "any" || *kind == kind_of(value) || is_integer(kind, value)
        });
        assert!(fits, "`{field}` of {schema} is {value}, not {expected}");
    }
}

fn is_integer(kind: &str, value: &Value) -> bool {
    kind == "integer" && value.is_i64()
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

//! What happened to people when functions of others lost the use of one's keys, as it is told of the town that this one follows.

use crate::server::Service;
use crate::{eval, record, save, save_again};
use serde_json::{Value, json};
use thorp_testkit::TestTown;
use thorp_town::Rules;

const FREE_KEY: &str = "sk-free-usage-of-patrick";
const OWN_KEY: &str = "sk-own-key-of-alice";
const COMPLETION: &str = r#"{"choices":[{"text":"Hello there"}]}"#;

/// `@stevekrouse.fetchJSON`: a true library function.
const FETCH_JSON: &str = r#"
export const fetchJSON = async (url: string | URL, options: RequestInit = {}) => {
  const headers = new Headers(options.headers);
  headers.set("accept", "application/json");
  const response = await fetch(url, { ...options, headers });
  return await response.json();
};"#;

/// `@patrickjm.gpt3`: free to use, with a key that is private to its author.
const GPT3: &str = r#"
let gpt3 = async (prompt: string, openAiKey?: string) => {
  const key = openAiKey ?? @me.openAiFreeUsageConfig.key;
  const response = await @stevekrouse.fetchJSON("$URL/completions", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: "text-davinci-003", prompt }),
  });
  return response.choices[0].text;
}"#;

/// A town with the people of the story.
struct Story {
    town: TestTown,
    service: Service,
    steve: String,
    patrick: String,
    alice: String,
}

impl Story {
    fn begin() -> Self {
        let service = Service::start(COMPLETION);
        // The service is on this machine, which vals reach only where the operator says so.
        let town = TestTown::start_with(|config| {
            config.egress = Rules::parse(&["127.0.0.1"], &[]).unwrap();
        });
        let [steve, patrick, alice] =
            ["stevekrouse", "patrickjm", "alice"].map(|name| town.add_user(name));
        let _ = save(&town, &steve, "fetchJSON", "public", FETCH_JSON);
        let config = format!("let openAiFreeUsageConfig = {{ key: \"{FREE_KEY}\" }}");
        let _ = save(&town, &patrick, "openAiFreeUsageConfig", "private", &config);
        let gpt3 = GPT3.replace("$URL", &service.url());
        let saved = save(&town, &patrick, "gpt3", "public", &gpt3);
        assert!(is_without_errors(&saved), "{saved:#}");
        let put = town.ask("PUT", "/v1/secrets/openai").token(&alice);
        let _ = put
            .json(&json!({ "value": OWN_KEY }).to_string())
            .send()
            .expect(200);
        Self {
            town,
            service,
            steve,
            patrick,
            alice,
        }
    }

    fn eval(&self, code: &str) -> thorp_testkit::Reply {
        eval(&self.town, &self.alice, code)
    }

    fn is_asked_with(&self, key: &str) -> bool {
        let head = self.service.heads().pop().unwrap_or_default();
        head.contains(&format!("authorization: bearer {key}"))
    }
}

fn is_without_errors(saved: &Value) -> bool {
    saved["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .all(|one| one["severity"] != "error")
}

#[test]
fn a_function_that_lives_on_its_authors_private_val_fails_as_a_library_and_says_why() {
    let story = Story::begin();
    let reply = story.eval(r#"@patrickjm.gpt3("hi")"#);
    let error = reply.expect(502)["error"].clone();
    assert_eq!(error["name"], "TypeError", "{error}");
    assert_eq!(
        story.service.heads(),
        [""; 0],
        "nothing was asked of the service"
    );
    // Silent to the code, and told to whose run it is.
    let kept = record(&story.town, &story.alice, &reply);
    let told = "`@patrickjm/gpt3` line 3 asked for `@patrickjm.openAiFreeUsageConfig`: denied";
    assert_eq!(kept["denied"][0]["message"], told, "{kept:#}");
    assert!(!kept.to_string().contains(FREE_KEY), "{kept:#}");
    // Seen by alice alone.
    let of_patrick = story.town.get("/v1/me/runs", &story.patrick).expect(200);
    assert_eq!(of_patrick["data"], json!([]));
}

#[test]
fn the_same_function_works_by_api() {
    let story = Story::begin();
    let reply = story.eval(r#"api(@patrickjm.gpt3, "hi")"#);
    assert_eq!(reply.expect(200), json!("Hello there"));
    assert!(story.is_asked_with(FREE_KEY), "{:?}", story.service.heads());
    let kept = record(&story.town, &story.alice, &reply).to_string();
    assert!(!kept.contains(FREE_KEY), "{kept}");
    // What happened inside is its author's to see.
    let runs = story
        .town
        .get("/v1/me/runs?trigger=api", &story.patrick)
        .expect(200);
    assert_eq!(runs["data"][0]["caller"]["username"], "@alice");
    let path = format!("/v1/runs/{}", runs["data"][0]["id"].as_str().unwrap());
    let _ = story.town.get(&path, &story.alice).expect(404);
    // The same over HTTP, also without a token.
    for token in [story.alice.as_str(), ""] {
        let reply = story
            .town
            .post("/v1/run/patrickjm.gpt3", token, r#"["hi"]"#);
        assert_eq!(reply.expect(200), json!("Hello there"));
    }
}

#[test]
fn a_secret_is_passed_as_an_argument() {
    let story = Story::begin();
    let reply = story.eval(r#"@patrickjm.gpt3("hi", @me.secrets.openai)"#);
    assert_eq!(reply.expect(200), json!("Hello there"));
    assert!(story.is_asked_with(OWN_KEY), "{:?}", story.service.heads());
    let kept = record(&story.town, &story.alice, &reply);
    assert!(!kept.to_string().contains(OWN_KEY), "{kept:#}");
    assert_eq!(kept["denied"], json!([]));
    let reply = story.eval(
        r#"import { gpt3 } from "val:patrickjm/gpt3"; export default () => gpt3("hi", Deno.env.get("openai"));"#,
    );
    assert_eq!(reply.expect(200), json!("Hello there"));
    assert!(story.is_asked_with(OWN_KEY), "{:?}", story.service.heads());
}

#[test]
fn a_true_library_function_works_as_one() {
    let story = Story::begin();
    let url = story.service.url();
    for code in [
        format!("@stevekrouse.fetchJSON(\"{url}\")"),
        format!(
            "import {{ fetchJSON }} from \"val:stevekrouse/fetchJSON\"; export default await fetchJSON(new URL(\"{url}\"))"
        ),
        format!("@stevekrouse.fetchJSON(\"{url}\", {{ headers: {{ \"x-of-alice\": \"1\" }} }})"),
    ] {
        let reply = story.eval(&code);
        assert_eq!(
            reply.expect(200),
            serde_json::from_str::<Value>(COMPLETION).unwrap(),
            "{code}"
        );
        let kept = record(&story.town, &story.alice, &reply);
        assert_eq!(kept["denied"], json!([]));
        assert_eq!(
            kept["egress"]["requests"].as_array().map(Vec::len),
            Some(1),
            "{kept:#}"
        );
    }
    let heads = story.service.heads();
    assert!(heads[2].contains("x-of-alice: 1") && heads[2].contains("accept: application/json"));
    // Nothing tells the service whose code asked.
    assert!(
        heads.iter().all(|head| !head.contains("thorp")),
        "{heads:?}"
    );
}

#[test]
fn a_fork_is_a_pin_and_runs_as_whose_it_is() {
    let story = Story::begin();
    let town = &story.town;
    // A fork is a val of one's own with the same text: `@me` in it is whoever has it.
    let text = town
        .get("/v1/alias/patrickjm/gpt3", &story.alice)
        .text("code");
    let fork = save(town, &story.alice, "gpt3", "private", &text);
    assert!(is_without_errors(&fork), "{fork:#}");
    let config = format!("let openAiFreeUsageConfig = {{ key: \"{OWN_KEY}\" }}");
    let _ = save(
        town,
        &story.alice,
        "openAiFreeUsageConfig",
        "private",
        &config,
    );
    assert_eq!(
        story.eval(r#"@me.gpt3("hi")"#).expect(200),
        json!("Hello there")
    );
    assert!(story.is_asked_with(OWN_KEY), "{:?}", story.service.heads());
    // Whoever wrote what it names changes it: the fork was saved with the version before.
    let val = town
        .get("/v1/alias/stevekrouse/fetchJSON", &story.steve)
        .expect(200);
    save_again(
        town,
        &story.steve,
        &val,
        "export const fetchJSON = async () => ({ choices: [{ text: 'changed' }] });",
    );
    assert_eq!(
        story.eval(r#"@me.gpt3("hi")"#).expect(200),
        json!("Hello there")
    );
    assert_eq!(
        story
            .eval(r#"@stevekrouse.fetchJSON("").then((all) => all.choices[0].text)"#)
            .expect(200),
        json!("changed")
    );
    // So is what was saved with an import, until it is saved again.
    let reply = town.post("/v1/run/alice.gpt3", &story.alice, r#"["hi"]"#);
    assert_eq!(reply.expect(200), json!("Hello there"));
    save_again(town, &story.alice, &fork, &text);
    assert_eq!(
        story.eval(r#"@me.gpt3("hi")"#).expect(200),
        json!("changed")
    );
}

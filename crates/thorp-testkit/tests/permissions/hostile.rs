//! Code of somebody else that is out to get what is A's, called through the town. The realm itself is tried by `guest/attack`.

use crate::{eval, record, save};
use serde_json::json;
use thorp_testkit::TestTown;

const LIB: &str = include_str!("hostile/lib.js");
const OWNER: &str = include_str!("hostile/owner.ts");
const SECRET: &str = "the-secret-foo-of-alice";

#[test]
fn hostile_code_of_somebody_else_gets_nothing_by_what_it_is_passed() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let put = town.ask("PUT", "/v1/secrets/foo").token(&alice);
    let _ = put
        .json(&json!({ "value": SECRET }).to_string())
        .send()
        .expect(200);
    let saved = save(&town, &bob, "hostile", "public", LIB);
    // It names a secret, and everybody may call it.
    assert_eq!(saved["diagnostics"][0]["code"], "PUBLIC_ENDPOINT");
    assert_eq!(saved["diagnostics"].as_array().map(Vec::len), Some(1));
    let reply = eval(&town, &alice, OWNER);
    let found = reply.expect(200);
    assert_eq!(found["got"], json!({}));
    assert_eq!(found["changed"], json!([]));
    assert_eq!(found["responded"], json!({ "a": 1 }));
    assert!(found["count"].as_u64() >= Some(28), "{found:#}");
    // Called by the guest, when the run's result becomes JSON.
    let answer = found["answer"].to_string();
    assert!(
        !answer.contains("file:") && !answer.contains("guest") && !answer.contains("Deno"),
        "{answer}"
    );
    // Nothing of it is in the answer, nor in what is kept.
    assert!(!reply.body.contains(SECRET), "{}", reply.body);
    let kept = record(&town, &alice, &reply);
    assert!(!kept.to_string().contains(SECRET), "{kept:#}");
    assert_ne!(kept["denied"], json!([]));
    let of_bob = town.get("/v1/me/runs", &bob).expect(200);
    assert_eq!(of_bob["data"], json!([]));
}

/// What makes code in A's realm from a name, or asks the town as A, is not there for B.
#[test]
fn calls_of_the_town_by_somebody_elses_code_have_nobodys_permissions() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = save(
        &town,
        &alice,
        "mine",
        "private",
        "export default () => 'private of alice'",
    );
    let _ = save(&town, &alice, "kept", "private", "let kept = 'kept'");
    let _ = save(&town, &bob, "open", "public", "export default () => 'open'");
    let lib = r#"import { api, me, val } from "thorp:std";
        const failed = (work) => work().then((value) => ({ value }), (error) => error.code ?? error.message);
        export default () => Promise.all([
            failed(() => api("@bob/open")),
            failed(() => api("@alice/mine")),
            failed(() => val("@alice/kept")),
            failed(() => val("@alice/mine")),
            failed(() => me.delete("kept")),
            failed(() => me.update("kept", () => "changed")),
        ]);"#;
    let _ = save(&town, &bob, "lib", "public", lib);
    let code = r#"import lib from "val:bob/lib"; import kept from "val:alice/kept"; export default async () => [await lib(), kept];"#;
    let found = eval(&town, &alice, code).expect(200);
    assert_eq!(
        found,
        json!([[{ "value": "open" }, "NOT_FOUND", {}, {}, {}, { "value": "changed" }], "kept"])
    );
    let kept = town.get("/v1/alias/alice/kept", &alice).expect(200);
    assert_eq!(
        (&kept["version"], &kept["code"]),
        (&json!(0), &json!("let kept = 'kept'"))
    );
    assert_eq!(town.get("/v1/alias/bob/kept", &bob).status, 404);
    // Another user's private val is not to be had by anybody's import.
    for code in [
        r#"import x from "val:alice/mine"; export default x"#,
        r#"import x from "val:alice/kept"; export default x"#,
    ] {
        let _ = eval(&town, &bob, code).expect(422);
    }
}

//! Vals that use each other: imports, values, and what is somebody else's.

use serde_json::json;
use thorp_testkit::TestTown;

fn save(town: &TestTown, token: &str, id: &str, code: &str) {
    let body = json!({ "code": code }).to_string();
    let path = format!("/v1/vals/{id}/versions");
    let _ = town.post(&path, token, &body).expect(201);
}

#[test]
fn a_val_imports_another_of_its_author() {
    let town = TestTown::start();
    let alice = town.add_user("Alice");
    let lib = town.add_val(
        &alice,
        "Lib",
        "private",
        "export const twice = (n: number) => 2 * n; export default class Point {}",
    );
    let _ = town.add_val(
        &alice,
        "middle",
        "private",
        "import { twice } from 'val:alice/lib'; export default (n: number) => twice(n) + 1",
    );
    let _ = town.add_val(
        &alice,
        "main",
        "private",
        "import middle from 'val:@Alice/Middle'; import Point, { twice } from 'val:alice/Lib';
        export default (n: number) => [middle(n), twice(n), new Point() instanceof Point]",
    );
    let run = || town.post("/v1/run/alice.main", &alice, "[20]");
    assert_eq!(run().body, "[41,40,true]");
    assert_eq!(run().body, "[41,40,true]");
    // Own vals are followed, also by a worker that has loaded them.
    save(
        &town,
        &alice,
        &lib,
        "export const twice = (n: number) => 3 * n; export default class {}",
    );
    assert_eq!(run().body, "[61,60,true]");
    // A version that the text names stays.
    let pinned = town.post(
        "/v1/eval",
        &alice,
        r#"{"code": "import { twice as old } from 'val:alice/lib@0'; import { twice } from 'val:alice/lib'; export default [old(1), twice(1)]"}"#,
    );
    assert_eq!(pinned.body, "[2,3]");
}

#[test]
fn vals_may_import_each_other_in_a_circle() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let even = town.add_val(&alice, "even", "private", "export const even = () => true");
    let _ = town.add_val(
        &alice,
        "odd",
        "private",
        "import { even } from 'val:alice/even'; export const odd = (n: number): boolean => n !== 0 && even(n - 1)",
    );
    save(
        &town,
        &alice,
        &even,
        "import { odd } from 'val:alice/odd'; export const even = (n: number): boolean => n === 0 || odd(n - 1)",
    );
    assert_eq!(town.post("/v1/run/alice.even", &alice, "[10]").body, "true");
    assert_eq!(town.post("/v1/run/alice.odd", &alice, "[10]").body, "false");
}

#[test]
fn files_and_stacks_of_several_vals_keep_apart() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let body = json!({
        "name": "lib",
        "entry": "main.tsx",
        "files": [
            { "path": "main.tsx", "text": "export { fail } from './deep/fail.ts'" },
            { "path": "deep/fail.ts", "text": "\n\nexport const fail = () => {\n  throw new RangeError('here') }" },
        ],
    });
    let _ = town.post("/v1/vals", &alice, &body.to_string()).expect(200);
    let _ = town.add_val(
        &alice,
        "user",
        "private",
        "import { fail } from 'val:alice/lib'; export default () => fail()",
    );
    let reply = town.post("/v1/run/alice.user", &alice, "[]").expect(502);
    let stack = reply["error"]["stack"].as_str().unwrap();
    assert!(stack.contains("@alice/lib/deep/fail.ts:4:9"), "{stack}");
    assert!(stack.contains("@alice/user/main.tsx:1:60"), "{stack}");
    let part = town.post(
        "/v1/eval",
        &alice,
        r#"{"code": "import { fail } from 'val:alice/lib/deep/fail.ts'; export default typeof fail"}"#,
    );
    assert_eq!(part.body, r#""function""#);
}

#[test]
fn what_a_val_holds_is_evaluated_when_it_is_saved() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let rate = town.add_val(
        &alice,
        "rate",
        "public",
        "let rate = await Promise.resolve({ usd: 2 })",
    );
    let dice = town.add_val(&alice, "dice", "private", "let dice = Math.random()");
    let use_them = "import rate from 'val:alice/rate'; import dice from 'val:alice/dice'; export default () => [rate.usd, dice]";
    let _ = town.add_val(&alice, "use", "private", use_them);
    let run = || town.post("/v1/run/alice.use", &alice, "[]").body;
    let first = run();
    assert!(first.starts_with("[2,0."), "{first}");
    assert_eq!(run(), first, "it was evaluated once");
    save(&town, &alice, &dice, "let dice = 6");
    assert_eq!(run(), "[2,6]");
    // Another user reads it too: it is public, and no program.
    let bob = town.add_user("bob");
    let eval = |token: &str, name: &str| {
        let code = format!("import x from 'val:alice/{name}'; export default x");
        town.post("/v1/eval", token, &json!({ "code": code }).to_string())
    };
    assert_eq!(eval(&bob, "rate").body, r#"{"usd":2}"#);
    assert_eq!(eval("", "rate").body, r#"{"usd":2}"#);
    for (token, name) in [
        (&bob, "dice"),
        (&bob, "use"),
        (&bob, "none"),
        (&alice, "none"),
    ] {
        let refused = eval(token, name).expect(422);
        let message = refused["error"]["message"].as_str().unwrap();
        let expected = format!("eval:1 names `@alice/{name}`, and there is no such val");
        assert_eq!(message, expected);
    }
    // What is frozen cannot be changed through an import.
    let frozen = town.post(
        "/v1/eval",
        &alice,
        r#"{"code": "import rate from 'val:alice/rate'; export default () => { rate.usd = 3 }"}"#,
    );
    let message = frozen.expect(502)["error"]["message"].clone();
    assert!(message.as_str().unwrap().contains("read only"), "{message}");
    save(
        &town,
        &alice,
        &rate,
        "let rate = await fetch('http://127.0.0.1:1/')",
    );
    let versions = town.get(&format!("/v1/vals/{rate}"), &alice).expect(200);
    let warning = versions["diagnostics"][0].clone();
    assert_eq!(warning["code"], "NOT_EVALUATED", "{versions}");
}

#[test]
fn a_program_names_so_many_vals() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let naming = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("@alice.v{at}")).collect();
        json!({ "code": format!("[{}].length", names.join(", ")) }).to_string()
    };
    let many = town.post("/v1/eval", &alice, &naming(257));
    assert!(
        many.body.contains("a program names at most 256 vals"),
        "{} {}",
        many.status,
        many.body
    );
    let fits = town.post("/v1/eval", &alice, &naming(256));
    assert!(!fits.body.contains("at most"), "{}", fits.body);
}

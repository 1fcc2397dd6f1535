//! A program's own behaviour is the same beside a function of somebody else.

use crate::{eval, record, save};
use serde_json::{Value, json};
use thorp_testkit::TestTown;

/// A program that says how the language behaves. `$IMPORT` is its first line.
const SNAPSHOT: &str = include_str!("alone/snapshot.ts");
const WITH: &str = r#"import { nothing } from "val:bob/nothing"; void nothing;"#;
const WITHOUT: &str = "const nothing = null; void nothing;";

#[test]
fn importing_a_function_of_somebody_else_changes_nothing_of_ones_own() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = save(
        &town,
        &bob,
        "nothing",
        "public",
        "export const nothing = () => undefined;",
    );
    let of = |line: &str| -> Value {
        let reply = eval(&town, &alice, &SNAPSHOT.replace("\"$IMPORT\";", line));
        let kept = record(&town, &alice, &reply);
        let value = reply.expect(200);
        let texts: Vec<&Value> = kept["logs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| &line["text"])
            .collect();
        json!({ "value": value, "logs": texts })
    };
    let (without, with) = (of(WITHOUT), of(WITH));
    let names: Vec<&String> = without["value"].as_object().unwrap().keys().collect();
    assert!(names.len() >= 20, "{names:?}");
    let differ = names
        .into_iter()
        .filter(|name| with["value"][*name] != without["value"][*name]);
    let differ: Vec<String> = differ
        .map(|name| {
            format!(
                "{name}: {} alone, {} beside it",
                without["value"][name], with["value"][name]
            )
        })
        .collect();
    // `docs/reference/std.md` has these two, and that a table is a list.
    assert_eq!(
        differ,
        [
            "a stack is a text that begins with the error: [\"string\",\"RangeError: here\"] alone, [\"string\",\"\"] beside it",
            "functions over inherited names: [\"mine\",3] alone, \"TypeError: Cannot assign to read only property 'call' of function '() => 1'\" beside it",
        ]
    );
    assert_eq!(with["logs"][0], without["logs"][0]);
    assert!(
        without["logs"][1].as_str().unwrap().starts_with('┌'),
        "{without:#}"
    );
    assert_eq!(with["logs"][1], "[ { a: 1 } ]");
}

/// Clocks and chance are the real ones.
#[test]
fn clocks_and_randomness_are_real_beside_a_function_of_somebody_else() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let lib = "export const seen = () => [Date.now(), new Date().getTime(), Math.random(), crypto.randomUUID(), performance.now()];";
    let _ = save(&town, &bob, "seen", "public", lib);
    let code = r#"import { seen } from "val:bob/seen";
        const own = () => [Date.now(), new Date().getTime(), Math.random(), crypto.randomUUID(), performance.now()];
        export default async () => {
            const first = [own(), seen()];
            await new Promise((resolve) => setTimeout(resolve, 5));
            return [first, [own(), seen()]];
        };"#;
    let before = jiff::Timestamp::now().as_millisecond();
    let found = eval(&town, &alice, code).expect(200);
    let after = jiff::Timestamp::now().as_millisecond();
    for who in 0..2 {
        let (first, then) = (&found[0][who], &found[1][who]);
        for clock in [0, 1] {
            let (first, then) = (
                first[clock].as_i64().unwrap(),
                then[clock].as_i64().unwrap(),
            );
            assert!(
                before <= first && first < then && then <= after,
                "{found:#}"
            );
        }
        let chance = first[2].as_f64().unwrap();
        assert!(
            (0.0..1.0).contains(&chance) && first[2] != then[2] && first[3] != then[3],
            "{found:#}"
        );
        assert!(first[4].as_f64() < then[4].as_f64(), "{found:#}");
    }
}

/// What is told of an error shows the same lines of one's own text.
#[test]
fn the_stack_of_a_failure_is_the_same() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = save(
        &town,
        &bob,
        "nothing",
        "public",
        "export const nothing = () => undefined;",
    );
    let of = |line: &str| {
        let code = format!(
            "{line}\nconst inner = () => {{\n  throw new RangeError(\"mine\");\n}};\nexport default function outer() {{\n  inner();\n}}\n"
        );
        let reply = eval(&town, &alice, &code);
        reply.expect(502)["error"].clone()
    };
    let (without, with) = (of(WITHOUT), of(WITH));
    assert!(
        without["stack"].as_str().unwrap().contains(":3:9"),
        "{without:#}"
    );
    assert_eq!(with, without);
}

//! Own modules see the secrets that they name, of whom they run as.

use super::{eval, run, save, set};
use serde_json::json;
use thorp_testkit::TestTown;

const KEY: &str = "sk-value-of-alice";

#[test]
fn own_modules_see_what_they_name_in_every_way_to_name_it() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    for name in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        set(&town, &alice, name, &format!("{KEY}-{name}"));
    }
    let entry = r#"
        import nodeProcess, { env } from "node:process";
        import { f } from "./lib.ts";
        const { E } = process.env;
        export default () => [
            Deno.env.get("A"), Deno.env.has("B"), process.env.C, process.env["D"], E, f(), env.G,
            nodeProcess.env.H, Deno.env.toObject().A, Object.keys(process.env).includes("C"), "D" in process.env,
        ];"#;
    let lib = r#"export const f = () => Deno.env.get("F");"#;
    save(
        &town,
        &alice,
        "all",
        &[("main.tsx", entry), ("lib.ts", lib)],
    );
    let of = |name: &str| format!("{KEY}-{name}");
    assert_eq!(
        run(&town, &alice, "alice.all"),
        json!([
            of("A"),
            true,
            of("C"),
            of("D"),
            of("E"),
            of("F"),
            of("G"),
            of("H"),
            of("A"),
            true,
            true
        ])
    );
    let code =
        r#"[Deno.env.get("A"), process.env.B, ((process) => process.env.C)({ env: { C: 1 } })]"#;
    assert_eq!(eval(&town, &alice, code), json!([of("A"), of("B"), 1]));
    let code = r#"import { env } from "node:process"; export default [Deno.env.get("A"), env.B];"#;
    assert_eq!(eval(&town, &alice, code), json!([of("A"), of("B")]));
}

#[test]
fn what_is_not_named_is_not_given() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    set(&town, &alice, "NAMED", KEY);
    set(&town, &alice, "OTHER", "another-value");
    let code = r#"[Deno.env.get("NAMED"), Deno.env.get(["OTHER"][0]) ?? null, Object.keys(process.env).sort()]"#;
    assert_eq!(
        eval(&town, &alice, code),
        json!([KEY, null, ["HOME", "LANG", "NAMED"]])
    );
}

#[test]
fn a_program_keeps_its_own_names_and_the_rest_of_deno_and_process() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    set(&town, &alice, "KEY", KEY);
    let code = r#"
        const key = Deno.env.get("KEY");
        const { cwd, pid } = process;
        process.env.MINE = "1"; Deno.env.set("ALSO", "2"); delete process.env.KEY;
        process.on("exit", () => {});
        export default () => [
            key.length, typeof cwd(), typeof pid, Deno.env.get("MINE"), process.env.ALSO, process.env.KEY ?? null,
            typeof Deno.serve, Deno.version.deno === globalThis.Deno.version.deno, process.listenerCount("exit") > 0,
            process instanceof Object, "nextTick" in process, Deno instanceof Object,
        ];"#;
    save(&town, &alice, "rest", &[("main.tsx", code)]);
    assert_eq!(
        run(&town, &alice, "alice.rest"),
        json!([
            KEY.len(),
            "string",
            "number",
            "1",
            "2",
            null,
            "function",
            true,
            true,
            true,
            true,
            true
        ])
    );
    let code = r#"
        const process = { env: { KEY: "mine" } };
        class Deno { static env = { get: (name) => name }; }
        export default () => [process.env.KEY, Deno.env.get("KEY")];"#;
    save(&town, &alice, "declared", &[("main.tsx", code)]);
    assert_eq!(run(&town, &alice, "alice.declared"), json!(["mine", "KEY"]));
}

#[test]
fn nobody_sees_what_is_another_users() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    set(&town, &alice, "KEY", KEY);
    let code = r#"export default () => Deno.env.get("KEY") ?? process.env.KEY ?? "nothing";"#;
    save(&town, &alice, "shows", &[("main.tsx", code)]);
    save(&town, &bob, "shows", &[("main.tsx", code)]);
    // A val runs as its author, whoever calls it.
    for token in ["", &bob, &alice, town.token()] {
        assert_eq!(run(&town, token, "alice.shows"), json!(KEY));
        assert_eq!(run(&town, token, "bob.shows"), json!("nothing"));
    }
    for token in ["", &bob, town.token()] {
        let code = r#"[Deno.env.get("KEY") ?? null, process.env.KEY ?? null]"#;
        assert_eq!(eval(&town, token, code), json!([null, null]));
    }
    for token in [&bob, town.token()] {
        let list = town.get("/v1/secrets", token).expect(200);
        assert_eq!(list["data"], json!([]));
        assert_eq!(town.delete("/v1/secrets/KEY", token).status, 404);
    }
    assert_eq!(town.get("/v1/secrets", "").status, 401);
    assert_eq!(run(&town, &alice, "alice.shows"), json!(KEY));
}

#[test]
fn names_of_prototypes_are_names() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let names = [
        "__proto__",
        "constructor",
        "toString",
        "hasOwnProperty",
        "prototype",
    ];
    for name in names {
        set(&town, &alice, name, &format!("{KEY}-{name}"));
    }
    let code = r#"[
        Deno.env.get("__proto__"), process.env.__proto__, process.env.constructor, Deno.env.get("toString"),
        process.env["hasOwnProperty"], Deno.env.has("prototype"), Object.keys(Deno.env.toObject()).includes("__proto__"),
        ({}).polluted === undefined && typeof ({}).toString === "function",
    ]"#;
    let of = |name: &str| format!("{KEY}-{name}");
    assert_eq!(
        eval(&town, &alice, code),
        json!([
            of("__proto__"),
            of("__proto__"),
            of("constructor"),
            of("toString"),
            of("hasOwnProperty"),
            true,
            true,
            true
        ])
    );
    // Without secrets, they are what they always were.
    let code = r#"[typeof process.env.constructor, Deno.env.get("toString") ?? null]"#;
    assert_eq!(eval(&town, town.token(), code), json!(["function", null]));
}

#[test]
fn values_of_all_kinds_arrive_as_they_are() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let values = [
        (
            "LINES",
            "-----BEGIN-----\r\nüñí\n-----END-----\n".to_owned(),
        ),
        ("LARGE", "é\"\\\u{1}".repeat((64 << 10) / 5)),
        ("EMOJI", "🔑\u{2028}\u{feff}x".to_owned()),
    ];
    for (name, value) in &values {
        set(&town, &alice, name, value);
    }
    let code = r#"[Deno.env.get("LINES"), process.env.LARGE, Deno.env.get("EMOJI")]"#;
    let expected: Vec<_> = values.iter().map(|(_, value)| value).collect();
    assert_eq!(eval(&town, &alice, code), json!(expected));
}

#[test]
fn a_change_reaches_a_warm_worker_with_its_next_call() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let code = r#"let calls = 0; export default () => [++calls, Deno.env.get("KEY") ?? null];"#;
    save(&town, &alice, "warm", &[("main.tsx", code)]);
    let call = || run(&town, "", "alice.warm");
    assert_eq!((call(), call()), (json!([1, null]), json!([2, null])));
    set(&town, &alice, "KEY", "first value");
    assert_eq!(
        (call(), call()),
        (json!([1, "first value"]), json!([2, "first value"]))
    );
    set(&town, &alice, "KEY", "second value");
    assert_eq!(
        (call(), call()),
        (json!([1, "second value"]), json!([2, "second value"]))
    );
    assert_eq!(town.delete("/v1/secrets/KEY", &alice).status, 204);
    assert_eq!(call(), json!([1, null]));
}

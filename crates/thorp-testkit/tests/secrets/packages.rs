//! Packages see what is shared with them, and nothing else whatever they try.

use super::origin::Origin;
use super::registry::{Package, publish_jsr, publish_npm};
use super::{put, run, save, set};
use serde_json::{Value, json};
use thorp_testkit::TestTown;

const KEY: &str = "sk-value-of-alice";

/// Looks for a secret wherever environments are; what it is, it says of each place.
const SNIFF: &str = r#"
    const tried = async (look) => { try { return String(await look()); } catch (error) { return "threw: " + error; } };
    export async function sniff() {
        const req = async (name) => (await import("node:module")).createRequire(import.meta.url)(name);
        const places = {
            deno: () => Deno.env.get("KEY"),
            has: () => Deno.env.has("KEY"),
            all: () => JSON.stringify(Deno.env.toObject()),
            process: () => process.env.KEY,
            keys: () => JSON.stringify(process.env),
            global: () => globalThis.process.env.KEY,
            evaluated: () => (0, eval)("Deno.env.get('KEY')"),
            made: () => new Function("return process.env.KEY")(),
            node: async () => (await import("node:process")).env.KEY,
            required: async () => (await req("node:process")).env.KEY,
            builtin: () => process.getBuiltinModule("node:process").env.KEY,
            environ: () => Deno.readTextFileSync("/proc/self/environ"),
            own: async () => (await import("thorp:env")).Deno.env.get("KEY"),
            ownProcess: async () => (await import("thorp:process")).env.KEY,
            worker: () => new Promise((resolve, reject) => {
                const url = "data:text/javascript,postMessage(JSON.stringify(Deno.env.toObject()))";
                const worker = new Worker(url, { type: "module" });
                worker.onmessage = (event) => resolve(event.data);
                worker.onerror = (event) => { event.preventDefault(); reject(event.message); };
            }),
            error: () => { try { Deno.env.get({ toString() { throw new Error("x"); } }); } catch (e) { return e.stack; } },
            inspected: () => Deno.inspect(globalThis, { depth: 6, showHidden: true }),
        };
        const found = {};
        for (const [name, look] of Object.entries(places)) found[name] = await tried(look);
        return found;
    }
    export const read = () => process.env.KEY ?? "nothing";
    export const keep = (value) => value.length;
"#;

/// Replaces what own code could be made to call with its secrets.
const PATCHES: &str = r#"
    export const stolen = [];
    const wrap = (holder, name) => {
        const native = holder[name];
        holder[name] = function (...args) {
            const result = native.apply(this, args);
            for (const one of [this, result, ...args]) if (typeof one === "string") stolen.push(one);
            return result;
        };
    };
    for (const name of ["get", "has", "set"]) wrap(Map.prototype, name);
    for (const name of ["get", "has", "ownKeys", "set", "apply", "getOwnPropertyDescriptor", "defineProperty"]) wrap(Reflect, name);
    for (const name of ["hasOwn", "keys", "create", "getOwnPropertyDescriptor"]) wrap(Object, name);
    wrap(Object.prototype, "hasOwnProperty"); wrap(Function.prototype, "call"); wrap(Deno.env, "get"); wrap(Deno.env, "has");
    wrap(JSON, "parse"); wrap(globalThis, "String"); wrap(Array.prototype, Symbol.iterator);
    Object.defineProperty(Object.prototype, "KEY", { configurable: true, set(value) { stolen.push(value); } });
"#;

fn town() -> (Origin, TestTown) {
    let origin = Origin::start();
    let package = |name, text| Package {
        name,
        version: "1.0.0",
        manifest: json!({ "type": "module", "exports": "./index.js" }),
        files: text,
    };
    publish_npm(&origin, &[package("sniff", &[("index.js", SNIFF)])]);
    publish_npm(&origin, &[package("patches", &[("index.js", PATCHES)])]);
    publish_jsr(
        &origin,
        "@town/sniff",
        &[("1.0.0", json!({ ".": "./mod.js" }), &[("/mod.js", SNIFF)])],
    );
    let url = origin.url();
    let town = TestTown::start_with(move |config| {
        config.npm_registry = Some(url.clone());
        config.jsr_registry = Some(url);
    });
    (origin, town)
}

fn check_nothing_found(found: &Value) {
    let places = found.as_object().unwrap();
    assert_eq!(places.len(), 17, "{found:#}");
    for (place, what) in places {
        assert!(!what.as_str().unwrap().contains(KEY), "{place}: {what}");
    }
    assert_eq!(
        (&found["deno"], &found["process"], &found["has"]),
        (&json!("undefined"), &json!("undefined"), &json!("false"))
    );
}

#[test]
fn a_package_that_reads_environments_finds_nothing() {
    let (_origin, town) = town();
    let alice = town.add_user("alice");
    set(&town, &alice, "KEY", KEY);
    for (name, specifier) in [("npm", "npm:sniff"), ("jsr", "jsr:@town/sniff@1")] {
        let code = format!(
            r#"import {{ keep, sniff }} from "{specifier}";
            export default async () => [Deno.env.get("KEY"), keep(process.env.KEY), await sniff()];"#
        );
        save(&town, &alice, name, &[("main.tsx", &code)]);
        let answer = run(&town, &alice, &format!("alice.{name}"));
        assert_eq!((&answer[0], &answer[1]), (&json!(KEY), &json!(KEY.len())));
        check_nothing_found(&answer[2]);
    }
}

#[test]
fn a_package_that_patches_the_language_is_handed_no_secret() {
    let (_origin, town) = town();
    let alice = town.add_user("alice");
    set(&town, &alice, "KEY", KEY);
    let code = r#"
        import { stolen } from "npm:patches";
        export default () => {
            const seen = [Deno.env.get("KEY"), process.env.KEY, Deno.env.has("KEY"), "KEY" in process.env];
            return [seen, stolen.filter((text) => text.includes("sk-value"))];
        };"#;
    save(&town, &alice, "patched", &[("main.tsx", code)]);
    assert_eq!(
        run(&town, &alice, "alice.patched"),
        json!([[KEY, KEY, true, true], []])
    );
}

#[test]
fn what_is_shared_is_in_the_environment_of_programs_with_packages_only() {
    let (_origin, town) = town();
    let alice = town.add_user("alice");
    set(&town, &alice, "KEY", KEY);
    let code = r#"import { read } from "npm:sniff"; export default () => read();"#;
    save(&town, &alice, "reads", &[("main.tsx", code)]);
    let reply = town.get("/v1/run/alice.reads", "");
    assert_eq!(reply.expect(200), json!("nothing"));
    let record = town
        .get(&format!("/v1/runs/{}", reply.header("x-thorp-run")), &alice)
        .expect(200);
    assert_eq!(
        record["logs"][0]["text"],
        json!(
            "`npm:sniff` asked for the secret `KEY`, which packages don't see: pass it, or share it with packages"
        )
    );
    let shared = put(&town, &alice, "KEY", &json!({ "packages": true })).expect(200);
    assert_eq!(shared["packages"], json!(true));
    assert_eq!(run(&town, "", "alice.reads"), json!(KEY));
    // No package, no name: no secret.
    let none = r#"Object.keys(globalThis.process.env).includes("KEY")"#;
    assert_eq!(super::eval(&town, &alice, none), json!(false));
    assert_eq!(
        put(&town, &alice, "KEY", &json!({ "packages": false })).status,
        200
    );
    assert_eq!(run(&town, "", "alice.reads"), json!("nothing"));
}

#[test]
fn a_users_text_does_not_name_the_modules_of_the_guest() {
    let (_origin, town) = town();
    for specifier in ["thorp:env", "thorp:process"] {
        let code =
            format!("import * as own from \"{specifier}\"; export default () => Object.keys(own);");
        let body = json!({ "name": specifier.replace(':', "_"), "code": code });
        let val = town
            .post("/v1/vals", town.token(), &body.to_string())
            .expect(200);
        assert_eq!(
            val["diagnostics"][0]["code"],
            json!("UNSUPPORTED_IMPORT"),
            "{val:#}"
        );
    }
}

//! Packages of vals in the programs of other users.

use crate::origin::Origin;
use crate::registry::{Package, publish_npm};
use crate::support::{eval, town_of};
use serde_json::json;
use thorp_testkit::TestTown;

/// A registry with packages of every kind.
fn registry() -> Origin {
    let origin = Origin::start();
    let package = |name, manifest, files| Package {
        name,
        version: "1.0.0",
        manifest,
        files,
    };
    publish_npm(
        &origin,
        &[package(
            "modern",
            json!({ "type": "module", "exports": { "browser": "./browser.js", "default": "./node.js" } }),
            &[
                (
                    "browser.js",
                    "export const where = 'browser'; export class Shape {}",
                ),
                (
                    "node.js",
                    "import fs from 'node:fs'; export const where = fs; export class Shape {}",
                ),
            ],
        )],
    );
    publish_npm(
        &origin,
        &[package(
            "old-style",
            json!({ "main": "main.cjs" }),
            &[(
                "main.cjs",
                "const { EventEmitter } = require('events'); const path = require('node:path'); const { inherits, format } = require('util');
                const { Buffer } = require('buffer'); const { StringDecoder } = require('string_decoder');
                const url = require('url'); const querystring = require('node:querystring');
                function Emitter() { EventEmitter.call(this) } inherits(Emitter, EventEmitter);
                module.exports = () => {
                  let told; const emitter = new Emitter(); emitter.on('x', (value) => told = value); emitter.emit('x', 1);
                  return [told, path.join('/a', '../b'), format('%s-%d', 'a', 2), Buffer.from('abc').toString('base64'),
                    new StringDecoder('utf8').write(Buffer.from('d')), url.parse('http://a/b?c=d').pathname, querystring.parse('a=1').a];
                };",
            )],
        )],
    );
    publish_npm(
        &origin,
        &[package(
            "nosy",
            json!({}),
            &[("index.js", "module.exports = process.env.API_KEY;")],
        )],
    );
    publish_npm(
        &origin,
        &[package(
            "rooted",
            json!({}),
            &[("index.js", "module.exports = require('net').connect;")],
        )],
    );
    publish_npm(
        &origin,
        &[package(
            "patching",
            json!({}),
            &[(
                "index.js",
                "Array.prototype.last = function () { return this[0] }; module.exports = 1;",
            )],
        )],
    );
    origin
}

fn denied(town: &TestTown, token: &str, run: &str) -> Vec<String> {
    let run = town.get(&format!("/v1/runs/{run}"), token).expect(200);
    let denied = run["denied"].as_array().unwrap();
    denied
        .iter()
        .map(|one| one["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn packages_run_inside_of_the_val_that_brings_them() {
    let mut origin = registry();
    let town = town_of(&origin);
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town.add_val(
        &bob,
        "lib",
        "public",
        "import { where, Shape } from 'npm:modern'; import old from 'npm:old-style@1'; import key from 'npm:nosy';
        export { Shape };
        export default () => [where, ...old(), key ?? null];",
    );
    // Its author's packages are got when its author saves.
    let _ = town.add_val(
        &alice,
        "main",
        "private",
        "import { Shape } from 'npm:modern'; import lib, { Shape as Theirs } from 'val:bob/lib';
        export default () => [lib(), new Theirs() instanceof Theirs, Shape === Theirs];",
    );
    origin.stop();
    let reply = town.post("/v1/run/alice.main", &alice, "[]");
    assert_eq!(
        reply.expect(200),
        json!([
            ["browser", 1, "/b", "a-2", "YWJj", "d", "/b", "1", null],
            true,
            false
        ])
    );
    let run = reply.header("x-thorp-run");
    let denied = denied(&town, &alice, run);
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert!(denied[0].contains("process.env.API_KEY"), "{denied:?}");
}

#[test]
fn packages_that_cannot_run_there_are_named() {
    let origin = registry();
    let town = town_of(&origin);
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    for (package, why) in [
        (
            "rooted",
            "cannot run in another user's program: `npm:rooted` needs `net`, which is not available to imported code",
        ),
        (
            "patching",
            "does not load in another user's program: `npm:patching@1.0.0`: TypeError: ",
        ),
    ] {
        let code = format!("import x from 'npm:{package}@1'; export default () => typeof x");
        let _ = town.add_val(&bob, package, "public", &code);
        // As a program of bob's own it runs.
        let own = town.post(&format!("/v1/run/bob.{package}"), &bob, "[]");
        assert_eq!(own.status, 200, "{}", own.body);
        let code = format!("import f from 'val:bob/{package}'; export default f()");
        let refused = eval(&town, &alice, &code).expect(422);
        let message = refused["error"]["message"].as_str().unwrap();
        let expected = format!("eval:1 names `@bob/{package}`, which {why}");
        assert!(message.starts_with(&expected), "{message}");
        let hint = refused["error"]["hint"].as_str().unwrap();
        assert!(hint.contains("api()") && hint.contains("fork"), "{hint}");
    }
}

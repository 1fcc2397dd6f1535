//! `thorp:std`: what programs ask of the town while they run.

use serde_json::json;
use std::thread;
use thorp_testkit::TestTown;

fn eval(town: &TestTown, token: &str, code: &str) -> thorp_testkit::Reply {
    town.post("/v1/eval", token, &json!({ "code": code }).to_string())
}

#[test]
fn a_program_calls_another_users_as_its_author() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town.add_val(
        &bob,
        "translate",
        "public",
        "export default (text: string, to: string) => { console.log('inside'); return { text, to } }",
    );
    let _ = town.add_val(
        &alice,
        "greet",
        "private",
        "import { api } from 'thorp:std'; export default async (to: string) => await api('@Bob/translate', 'hi', to)",
    );
    let reply = town.post("/v1/run/alice.greet", &alice, r#"["fr"]"#);
    assert_eq!(reply.body, r#"{"text":"hi","to":"fr"}"#);
    let outer = reply.header("x-thorp-run").to_owned();
    // The author's record shows the inside, and who called.
    let runs = town.get("/v1/me/runs?trigger=api", &bob).expect(200);
    let inner = runs["data"][0]["id"].as_str().unwrap().to_owned();
    let inner = town.get(&format!("/v1/runs/{inner}"), &bob).expect(200);
    assert_eq!(inner["parentId"], outer);
    assert_eq!(inner["caller"]["username"], "@alice");
    assert_eq!(inner["runAs"]["username"], "@bob");
    assert_eq!(inner["logs"][0]["text"], "inside");
    let path = format!("/v1/runs/{}", inner["id"].as_str().unwrap());
    let _ = town.get(&path, &alice).expect(404);
}

#[test]
fn what_fails_there_fails_here_without_its_inside() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town.add_val(
        &bob,
        "broken",
        "public",
        "export default () => { throw new RangeError('no more') }",
    );
    let _ = town.add_val(&bob, "hidden", "private", "export default () => 1");
    let code = |target: &str| {
        format!(
            "import {{ api }} from 'thorp:std'; export default await api('{target}').catch((e) => [e instanceof Error, e.name, e.message, e.code, /bob|main/.test(e.stack)])"
        )
    };
    for (target, expected) in [
        (
            "@bob/broken",
            json!([true, "RangeError", "no more", "USER_ERROR", false]),
        ),
        (
            "@bob/hidden",
            json!([
                true,
                "Error",
                "there is no val `@bob/hidden`",
                "NOT_FOUND",
                true
            ]),
        ),
        (
            "@bob/none",
            json!([
                true,
                "Error",
                "there is no val `@bob/none`",
                "NOT_FOUND",
                true
            ]),
        ),
        (
            "none",
            json!([true, "Error", "`none` names no val", "BAD_REQUEST", false]),
        ),
    ] {
        let found = eval(&town, &alice, &code(target)).expect(200);
        let [found, expected] =
            [found, expected].map(|value| value.as_array().unwrap()[..4].to_vec());
        assert_eq!(found, expected, "{target}");
    }
    let arguments = "import { api } from 'thorp:std'; export default await api('@bob/broken', 1n).catch((e) => e.message)";
    let functions = arguments.replace("1n", "() => 1");
    assert_eq!(
        eval(&town, &alice, &functions).body,
        "\"The arguments are not JSON: $[0]: it is a function\""
    );
    assert_eq!(
        eval(&town, &alice, arguments).body,
        "\"The arguments are not JSON: $[0]: it is a BigInt; use a string or a number\""
    );
}

#[test]
fn calls_have_a_depth() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(
        &alice,
        "deeper",
        "private",
        "import { api } from 'thorp:std'; export default async (n: number) => await api('@alice/deeper', n + 1).catch((e) => [n, e.code])",
    );
    let reply = town.post("/v1/run/alice.deeper", &alice, "[0]");
    assert_eq!(reply.body, r#"[8,"CALL_DEPTH"]"#);
}

#[test]
fn values_are_read_and_set_by_name() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let _ = town.add_val(&bob, "rate", "public", "let rate = 2");
    let _ = town.add_val(&bob, "own", "private", "let own = 3");
    let code = "import { me, val } from 'thorp:std'; const name = 'dailyCount';
        export default async () => {
            await me.set(name, { n: 1 });
            const changed = await me.update(name, (value) => ({ n: value.n + 1 }));
            return [await me.get(name), changed, await val('@bob/rate'), await val('@bob/own') ?? null, await me.get('none' + '') ?? null];
        }";
    assert_eq!(
        eval(&town, &alice, code).body,
        r#"[{"n":2},{"n":2},2,null,null]"#
    );
    let kept = town.get("/v1/alias/alice/dailyCount", &alice).expect(200);
    let text = kept["code"].as_str().unwrap();
    assert!(text.starts_with("// set by an evaluation at 20"), "{text}");
    assert!(text.ends_with("Z\nlet dailyCount = {\"n\":2}\n"), "{text}");
    assert_eq!(kept["privacy"], "private");
    let errors = "import { me } from 'thorp:std';
        export default async () => {
            const failed = async (work) => { try { await work() } catch (e) { return e.code ?? e.message } };
            const name = ['total', 'f', 'a/b', 'x'];
            return [
                await failed(() => me.set(name[0], () => 1)),
                await failed(() => me.update(name[0], () => { throw new Error('mine') })),
                await failed(() => me.update(name[0], () => me.set(name[0], 1))),
                await failed(() => me.set(name[1], 1)),
                await failed(() => me.set(name[2], 1)),
                await failed(() => me.set(name[3], 'x'.repeat(300_000))),
            ];
        }";
    let _ = town.add_val(&alice, "f", "private", "export default () => 1");
    let found = eval(&town, &alice, errors).body;
    assert_eq!(
        found,
        r#"["@alice/total cannot be set to what is not JSON: $: it is a function","mine","STATE_DEADLOCK","NOT_DATA","NAME_INVALID","TOO_LARGE"]"#
    );
}

#[test]
fn no_update_is_lost() {
    let town = TestTown::start();
    let alice = town.add_user("alice");
    let _ = town.add_val(&alice, "n", "private", "let n = 0");
    let code =
        "import { me } from 'thorp:std'; export default () => me.update('n' + '', (n) => n + 1)";
    let _ = town.add_val(&alice, "count", "private", code);
    thread::scope(|scope| {
        for _ in 0..4 {
            let _ = scope.spawn(|| {
                for _ in 0..25 {
                    let _ = town.post("/v1/run/alice.count", &alice, "[]").expect(200);
                }
            });
        }
    });
    let reply = eval(
        &town,
        &alice,
        "import n from 'val:alice/n'; export default n",
    );
    assert_eq!(reply.body, "100");
    // The newest of them are kept.
    let kept = town.get("/v1/alias/alice/n", &alice).expect(200);
    assert_eq!(kept["version"], 100);
}

#[test]
fn nobody_has_no_vals_and_calls_what_is_public() {
    let town = TestTown::start();
    let bob = town.add_user("bob");
    let _ = town.add_val(&bob, "open", "public", "export default () => 'yes'");
    let code = "import { api, me } from 'thorp:std'; const name = 'x';
        export default [await api('@bob/open'), await me.set(name, 1).catch((e) => e.message)]";
    assert_eq!(
        eval(&town, "", code).body,
        r#"["yes","A program without an author has no vals of its own"]"#
    );
}

#[test]
fn programs_send_mail_to_whom_they_run_as() {
    let town = TestTown::start();
    let (alice, bob) = (town.add_user("alice"), town.add_user("bob"));
    let refused = eval(
        &town,
        &alice,
        "import { email } from 'thorp:std'; export default await email('hi').catch((e) => e.code)",
    );
    assert_eq!(refused.body, "\"NO_EMAIL_ADDRESS\"");
    let _ = town
        .patch("/v1/me", &alice, r#"{"email": "alice@example.com"}"#)
        .expect(200);
    let _ = town.add_val(
        &alice,
        "report",
        "public",
        "import { email } from 'thorp:std';
        export default async () => {
            // Nobody waits for the first one.
            console.email({ total: 3 }, 'Totals');
            await email({ text: 'Hello', subject: 'A subject', replyTo: 'x@example.com' });
            return 'sent';
        }",
    );
    let reply = town.post("/v1/run/alice.report", &bob, "[]");
    assert_eq!(reply.body, "\"sent\"");
    let mails = town.get("/v1/me/emails", &alice).expect(200);
    let mut subjects: Vec<&str> = mails["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| mail["subject"].as_str().unwrap())
        .collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["A subject", "Totals"], "{mails}");
    assert_eq!(mails["data"][0]["to"], "alice@example.com");
    assert_eq!(mails["data"][0]["runId"], reply.header("x-thorp-run"));
    assert_eq!(
        town.get("/v1/me/emails", &bob).expect(200)["data"],
        json!([])
    );
    let bad = eval(
        &town,
        &alice,
        "(() => { console.email({ text: 'x', subject: 'a\\nBcc: b@example.com' }); return 1 })()",
    )
    .expect(502);
    assert!(
        bad["error"]["message"]
            .as_str()
            .unwrap()
            .contains("subject"),
        "{bad}"
    );
    let nobody = "(async () => await console.email('x').catch((e) => e.code))";
    assert_eq!(eval(&town, "", nobody).body, "\"FORBIDDEN\"");
}

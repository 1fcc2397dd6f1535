//! Workers: sandboxes that keep their program, and what they keep besides it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use support::{Town, call, logs, show};
use thorp_runtime::{Failure, Job, RunLimits};
use uuid::Uuid;

/// Counts its calls.
const COUNTER: &str = "let calls = 0; export default () => ++calls";

async fn shown(town: &Town, job: Job) -> String {
    show(&town.runtime.run(job).await)
}

async fn holds(condition: impl Fn() -> bool) -> bool {
    for _ in 0..1000 {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn a_program_is_loaded_once_and_called_many_times() {
    let town = Town::start().await;
    for expected in ["1", "2", "3"] {
        assert_eq!(shown(&town, call(COUNTER, "[]")).await, expected);
    }
    let status = town.runtime.status();
    assert_eq!((status.running, status.idle_workers), (0, 1));
    // The pool has another one for it.
    assert!(holds(|| town.runtime.status().ready == 1).await);
    town.stop().await;
}

#[tokio::test]
async fn nobody_gets_the_worker_of_another_user_or_program_or_limit() {
    let town = Town::start().await;
    assert_eq!(shown(&town, call(COUNTER, "[]")).await, "1");
    let limits = RunLimits {
        memory_bytes: 100 << 20,
        ..RunLimits::default()
    };
    let others = [
        Job {
            user: Uuid::from_u128(2),
            ..call(COUNTER, "[]")
        },
        Job {
            worker: Some("another".into()),
            ..call(COUNTER, "[]")
        },
        Job {
            limits,
            ..call(COUNTER, "[]")
        },
        Job {
            worker: None,
            ..call(COUNTER, "[]")
        },
    ];
    for job in others {
        assert_eq!(shown(&town, job.clone()).await, "1", "{job:?}");
    }
    assert_eq!(shown(&town, call(COUNTER, "[]")).await, "2");
    town.stop().await;
}

#[tokio::test]
async fn arguments_results_logs_and_errors_are_of_one_call() {
    let town = Town::start().await;
    let code = "export default async (what, value) => {
        console.log(what);
        await new Promise((done) => setTimeout(done, 1));
        if (what === 'throw') throw new RangeError(value);
        return value;
    }";
    for (args, expected, log) in [
        (r#"["give", {"a": [1, "ü"]}]"#, r#"{"a":[1,"ü"]}"#, "give"),
        (r#"["throw", "no"]"#, "! RangeError: no", "throw"),
        (r#"["none"]"#, "undefined", "none"),
        (r#"["after"]"#, "undefined", "after"),
    ] {
        let outcome = town.call(code, args).await;
        assert_eq!(show(&outcome), expected);
        assert_eq!(logs(&outcome), format!("log: {log}\n"));
    }
    let big = format!(r#"["big", "{}"]"#, "x".repeat(3 << 20));
    let outcome = town.call(code, &big).await;
    assert_eq!(outcome.result.unwrap().json.len(), (3 << 20) + 2);
    assert_eq!(town.runtime.status().idle_workers, 1);
    town.stop().await;
}

#[tokio::test]
async fn a_value_that_is_no_function_is_made_anew() {
    let town = Town::start().await;
    let code = "export default crypto.randomUUID()";
    let (one, other) = (town.call(code, "[]").await, town.call(code, "[]").await);
    assert!(one.result.is_ok() && one.result != other.result);
    assert_eq!(town.runtime.status().idle_workers, 0);
    town.stop().await;
}

#[tokio::test]
async fn a_program_that_does_not_load_is_loaded_again() {
    let town = Town::start().await;
    for _ in 0..2 {
        let outcome = town
            .call("console.log('loading'); throw new Error('no')", "[]")
            .await;
        assert_eq!(show(&outcome), "! Error: no");
        assert_eq!(logs(&outcome), "log: loading\n");
    }
    assert_eq!(town.runtime.status().idle_workers, 0);
    town.stop().await;
}

/// A counter that does something bad in its second call.
fn spoiled(how: &str) -> String {
    format!(
        "let calls = 0; export default async () => {{ if (++calls === 2) {{ {how} }} return calls }}"
    )
}

#[tokio::test]
async fn a_worker_that_broke_a_limit_or_itself_has_no_next_call() {
    let town = Town::start().await;
    let limits = RunLimits {
        wall: Duration::from_secs(2),
        cpu: Duration::from_millis(300),
        ..RunLimits::default()
    };
    for (how, expected) in [
        (
            "for (;;);",
            "! the run used more than 300 ms of processor time",
        ),
        (
            "await new Promise((done) => setTimeout(done, 60_000))",
            "! the run took longer than 2000 ms",
        ),
        (
            "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))",
            "! the run needs more than 128 MiB of memory",
        ),
        (
            "Deno.exit(3)",
            "! the sandbox was lost: the program ended its process with code 3",
        ),
        (
            "Promise.reject(new Error('late')); await new Promise((done) => setTimeout(done, 60_000))",
            "! Error: late",
        ),
        (
            "setTimeout(() => { throw new Error('later') }); await new Promise((done) => setTimeout(done, 60_000))",
            "! Error: later",
        ),
    ] {
        let code = spoiled(how);
        let run = || {
            shown(
                &town,
                Job {
                    limits,
                    ..call(&code, "[]")
                },
            )
        };
        assert_eq!(run().await, "1", "{how}");
        assert_eq!(run().await, expected, "{how}");
        assert_eq!(run().await, "1", "{how}");
    }
    town.stop().await;
}

#[tokio::test]
async fn what_a_call_leaves_behind_does_not_reach_the_next() {
    let town = Town::start().await;
    for left in [
        // It goes on computing.
        "setTimeout(() => { const end = Date.now() + 400; while (Date.now() < end); }, 20)",
        // It prints: a little, and without end, for which nobody waits.
        "setTimeout(() => Deno.stdout.writeSync(new TextEncoder().encode('late')), 20)",
        "setTimeout(() => { for (;;) Deno.stdout.writeSync(new Uint8Array(1 << 20).fill(10)) }, 20)",
        // It asks for the network.
        "setTimeout(() => Deno.connect({ hostname: '127.0.0.1', port: 80 }).catch(() => {}), 20)",
        // It fills memory.
        "setTimeout(() => { globalThis.held = new Uint8Array(100 << 20).fill(1) }, 20)",
        // It ends the process.
        "setTimeout(() => Deno.exit(0), 20)",
        // An error that nobody catches.
        "setTimeout(() => { throw new Error('late') }, 20)",
    ] {
        let code = format!("let calls = 0; export default () => {{ {left}; return ++calls }}");
        assert_eq!(show(&town.call(&code, "[]").await), "1", "{left}");
        tokio::time::sleep(Duration::from_millis(600)).await;
        let outcome = town.call(&code, "[]").await;
        assert_eq!(show(&outcome), "1", "{left}");
        assert_eq!(logs(&outcome), "", "{left}");
    }
    let code = "let calls = 0; export default () => { if (++calls === 1) setTimeout(() => console.log('late'), 20); return calls }";
    assert_eq!(show(&town.call(code, "[]").await), "1");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let outcome = town.call(code, "[]").await;
    assert_eq!(
        (show(&outcome), logs(&outcome)),
        ("2".to_owned(), String::new())
    );
    town.stop().await;
}

#[tokio::test]
async fn a_worker_that_holds_much_memory_is_not_called_again() {
    let town = Town::start().await;
    let code = "let calls = 0; let held; export default (mib) => { held = new Uint8Array(mib << 20).fill(1); return ++calls }";
    for (mib, expected) in [("[99]", "1"), ("[1]", "1"), ("[1]", "2")] {
        assert_eq!(show(&town.call(code, mib).await), expected);
    }
    town.stop().await;
}

/// Nothing is read while the thread stands still.
#[tokio::test]
async fn a_request_that_is_not_read_has_the_limits_of_a_run() {
    let town = Town::start().await;
    let code = "let calls = 0; export default () => {
        if (++calls === 1) setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000), 20);
        return calls;
    }";
    assert_eq!(show(&town.call(code, "[]").await), "1");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let limits = RunLimits {
        wall: Duration::from_secs(1),
        ..RunLimits::default()
    };
    let args = format!("[\"{}\"]", "x".repeat(4 << 20));
    let job = Job {
        limits,
        ..call(code, &args)
    };
    assert_eq!(
        shown(&town, job).await,
        "! the run took longer than 1000 ms"
    );
    town.stop().await;
}

#[tokio::test]
async fn calls_at_once_have_workers_of_their_own() {
    let town = Arc::new(Town::start().await);
    let code = "let busy = 0; export default async () => { busy++; await new Promise((done) => setTimeout(done, 100)); return busy-- }";
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let town = Arc::clone(&town);
            tokio::spawn(async move { show(&town.call(code, "[]").await) })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), "1");
    }
    let status = town.runtime.status();
    assert!((1..=4).contains(&status.idle_workers));
    town.runtime.shutdown(Duration::ZERO).await;
    assert_eq!(town.runtime.status().idle_workers, 0);
}

#[tokio::test]
async fn a_worker_without_calls_ends() {
    let town = Town::with(|config| config.pool.worker_idle = Duration::from_millis(200)).await;
    assert_eq!(shown(&town, call(COUNTER, "[]")).await, "1");
    assert!(holds(|| town.runtime.status().idle_workers == 0).await);
    assert_eq!(shown(&town, call(COUNTER, "[]")).await, "1");
    town.stop().await;
}

#[tokio::test]
async fn workers_without_calls_make_room() {
    let town = Town::with(|config| {
        config.pool.floor = 0;
        config.pool.ceiling = 0;
        config.pool.sandboxes_max = 1;
    })
    .await;
    assert_eq!(shown(&town, call(COUNTER, "[]")).await, "1");
    assert_eq!(town.runtime.status().idle_workers, 1);
    assert_eq!(show(&town.body("return 5").await), "5");
    assert_eq!(town.runtime.status().idle_workers, 0);
    town.stop().await;
}

#[tokio::test]
async fn there_are_so_many_workers_without_calls_and_no_more() {
    let town = Town::with(|config| config.pool.sandboxes_max = 8).await;
    for number in 0..4 {
        let code = format!("{COUNTER} // {number}");
        assert_eq!(shown(&town, call(&code, "[]")).await, "1");
    }
    assert_eq!(town.runtime.status().idle_workers, 2);
    // The oldest had to go.
    assert_eq!(
        shown(&town, call(&format!("{COUNTER} // 3"), "[]")).await,
        "2"
    );
    assert_eq!(
        shown(&town, call(&format!("{COUNTER} // 0"), "[]")).await,
        "1"
    );
    town.stop().await;
}

#[tokio::test]
async fn requests_to_the_network_are_of_one_call() {
    let town = Town::start().await;
    let code = "export default async (path) => { await fetch(`http://127.0.0.1:4444/${path}`).catch(() => {}); return path }";
    for path in ["\"a\"", "\"b\""] {
        let outcome = town.call(code, &format!("[{path}]")).await;
        assert_eq!(show(&outcome), path);
        assert_eq!(outcome.egress.requests.len(), 1);
    }
    town.stop().await;
}

#[tokio::test]
async fn patched_prototypes_break_no_call() {
    let town = Town::start().await;
    for patch in [
        "JSON.stringify = () => '\"forged\"'",
        "JSON.parse = () => { throw 1 }",
        "Object.defineProperty(Object.prototype, 'value', { value: 1 })",
        "Object.prototype.status = 500; Object.prototype.headers = 1; Object.prototype.body = null",
        "Array.prototype.map = Array.prototype.push = Array.prototype[Symbol.iterator] = () => { throw 1 }",
        "Promise.prototype.then = function () { return 'forged' }",
        "Uint8Array.prototype.set = Uint8Array.prototype.subarray = () => { throw 1 }",
        "TextEncoder.prototype.encode = TextDecoder.prototype.decode = () => 'forged'",
        "globalThis.Response = class { constructor() { throw 1 } }; globalThis.Request = class {}",
        "Request.prototype.bytes = () => new Uint8Array(20); Response.prototype.constructor = null",
        "Object.defineProperty(Response.prototype, 'status', { get() { return 500 } })",
        "Headers.prototype.get = Headers.prototype.set = Headers.prototype.append = () => { throw 1 }",
        "ReadableStream.prototype.getReader = () => { throw 1 }",
        "Reflect.apply = Reflect.defineProperty = Reflect.get = () => 'forged'",
        "delete globalThis.console; delete globalThis.Deno",
    ] {
        let code = format!(
            "export default (call) => {{ console?.log('before'); {patch}; return {{ call }} }}"
        );
        let code = code.replace("console?.log", "globalThis.console?.log");
        for number in [1, 2] {
            let outcome = town.call(&code, &format!("[{number}]")).await;
            let expected = format!("{{\"call\":{number}}}");
            assert_eq!(show(&outcome), expected, "{patch}\n{}", logs(&outcome));
        }
    }
    town.stop().await;
}

#[tokio::test]
async fn what_breaks_deno_itself_loses_only_its_own_call() {
    let town = Town::start().await;
    let code = "export default () => { Object.defineProperty(Promise.prototype, 'constructor', { get() { throw 1 }, configurable: true }); return 1 }";
    for _ in 0..3 {
        let outcome = town.call(code, "[]").await;
        assert!(
            matches!(outcome.result, Ok(_) | Err(Failure::WorkerLost { .. })),
            "{}",
            show(&outcome)
        );
    }
    assert_eq!(shown(&town, call(COUNTER, "[]")).await, "1");
    town.stop().await;
}

/// What it writes to its descriptors ends up in the connections to the host.
#[tokio::test]
async fn a_program_that_answers_in_the_guests_place_loses_only_its_own_run() {
    let town = Town::start().await;
    let mut calls = 0;
    for forged in [
        // A frame without the key: a length, a kind, and nothing like what follows.
        format!(r"\x21\0\0\0\x16{}", r"\0".repeat(32)),
        r"\xff\xff\xff\xff".to_owned(),
        "nonsense".to_owned(),
    ] {
        let code = format!(
            "import {{ Socket }} from 'node:net';
            export default async () => {{
              for (let fd = 3; fd < 40; fd++) {{
                try {{ new Socket({{ fd }}).on('error', () => {{}}).write('{forged}', 'latin1', () => {{}}) }} catch {{ /* not a socket */ }}
              }}
              await new Promise((done) => setTimeout(done, 50));
              return 'its own';
            }}"
        );
        let outcome = town.call(&code, "[]").await;
        assert!(
            matches!(
                outcome.result,
                Ok(_) | Err(Failure::WorkerLost { .. } | Failure::Thrown { .. })
            ),
            "{forged}: {}",
            show(&outcome)
        );
        // Others go on.
        calls += 1;
        assert_eq!(shown(&town, call(COUNTER, "[]")).await, calls.to_string());
    }
    town.stop().await;
}

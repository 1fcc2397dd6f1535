//! What a run may use, and what becomes of it when it wants more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests"
)]

mod support;

use std::time::{Duration, Instant};

use support::{Town, logs, show};
use thorp_jail::{GroupLimits, Groups};
use thorp_runtime::limits::ERROR_TEXT_BYTES_MAX;
use thorp_runtime::{Failure, RunLimits};

const MEMORY: &str = "! the run needs more than 128 MiB of memory";

#[tokio::test]
async fn a_busy_loop_meets_the_cpu_limit_and_its_log_is_kept() {
    let town = Town::start().await;
    let limits = RunLimits {
        cpu: Duration::from_millis(200),
        ..RunLimits::default()
    };
    for code in [
        "console.log('one'); console.log('two'); while (true) {}",
        "console.log('one'); console.log('two'); (function f() { Promise.resolve().then(f) })(); await new Promise(() => {})",
        "console.log('one'); console.log('two'); /(a+)+$/.test('a'.repeat(40) + 'b')",
    ] {
        let outcome = town.body_with(code, "[]", limits).await;
        assert_eq!(
            outcome.result,
            Err(Failure::CpuLimit { limit: limits.cpu }),
            "{code}"
        );
        assert_eq!(logs(&outcome), "log: one\nlog: two\n", "{code}");
        assert!(outcome.usage.cpu_micros >= 200_000);
    }
    town.stop().await;
}

#[tokio::test]
async fn waiting_meets_the_time_limit() {
    let town = Town::start().await;
    let limits = RunLimits {
        wall: Duration::from_millis(150),
        ..RunLimits::default()
    };
    for code in [
        "await new Promise((r) => setTimeout(r, 60_000))",
        "while (true) {}",
    ] {
        let outcome = town.body_with(code, "[]", limits).await;
        assert_eq!(
            outcome.result,
            Err(Failure::TimeLimit { limit: limits.wall }),
            "{code}"
        );
        assert!(outcome.usage.run_micros >= 150_000);
    }
    town.stop().await;
}

/// Ways to fill memory.
const BOMBS: [&str; 9] = [
    "const a = []; while (true) a.push(new Array(1000).fill(1.5))",
    "const a = []; for (let i = 0; i < 100; i++) a.push(new Uint8Array(10 << 20).fill(1)); return a.length",
    "return new Array(1 << 28).fill(1).length",
    "let s = 'x'; while (true) s += s",
    "let s = 'x'; for (let i = 0; i < 30; i++) s = (s + s).split('').join(''); return s.length",
    "const m = new Map(); for (let i = 0; ; i++) m.set(i, 'x' + i)",
    "const m = new WebAssembly.Memory({ initial: 1 }); m.grow(16384); new Uint8Array(m.buffer).fill(1); return 1",
    "return structuredClone(new Array(1 << 24).fill('abc')).length",
    "return new Uint8Array(1 << 30).fill(1).length",
];

/// Ways to map memory that is never filled.
const RESERVING: [&str; 3] = [
    "return new ArrayBuffer(1 << 30).byteLength",
    "const a = []; for (;;) a.push(new ArrayBuffer(1 << 30))",
    "return new ArrayBuffer(2 ** 45).byteLength",
];

/// What workers do together.
const WORKERS: [&str; 4] = [
    "for (;;) worker('onmessage = () => {}')",
    "for (;;) { worker('onmessage = () => {}'); await new Promise((r) => setTimeout(r, 1)) }",
    "worker('const a = []; while (true) a.push(new Array(1000).fill(1.5))'); await never",
    "for (let i = 0; i < 4; i++) worker('const a = []; while (true) a.push(new Uint8Array(1 << 20).fill(1))'); await never",
];

const WORKER: &str = "const never = new Promise((r) => setTimeout(r, 1e6));
    const worker = (code) => new Worker('data:text/javascript,' + encodeURIComponent(code), { type: 'module' });";

async fn check_memory(town: &Town, programs: impl IntoIterator<Item = String>) {
    for code in programs {
        let outcome = town.body(&code).await;
        assert_eq!(show(&outcome), MEMORY, "{code}\n{}", logs(&outcome));
    }
}

fn of_workers() -> impl Iterator<Item = String> {
    WORKERS.iter().map(|code| format!("{WORKER} {code}"))
}

fn plain(programs: &[&str]) -> Vec<String> {
    programs.iter().map(|code| (*code).to_owned()).collect()
}

/// Whether the kernel bounds memory here by control groups.
fn has_groups() -> bool {
    let groups = Groups::open(GroupLimits {
        memory_bytes: 1 << 30,
        memory_percent_all: 50,
        threads: 100,
    });
    let has = groups.held().contains(&"memory");
    if !has {
        println!(
            "skipped: no control groups for memory: {:?}",
            groups.refused()
        );
    }
    has
}

#[tokio::test]
async fn memory_is_limited_in_every_form() {
    let town = Town::start().await;
    check_memory(&town, plain(&BOMBS)).await;
    check_memory(&town, plain(&RESERVING)).await;
    check_memory(&town, of_workers()).await;
    town.stop().await;
}

#[tokio::test]
async fn memory_is_limited_without_control_groups() {
    let town = Town::with(|config| config.groups = false).await;
    check_memory(&town, plain(&BOMBS)).await;
    check_memory(&town, plain(&RESERVING)).await;
    check_memory(&town, of_workers()).await;
    town.stop().await;
}

#[tokio::test]
async fn a_worker_fits_into_the_memory_of_a_run() {
    if !has_groups() {
        return;
    }
    let town = Town::start().await;
    let code = "
        const twice = () => {
            const one = worker('onmessage = ({ data }) => postMessage(data * 2)');
            return new Promise((r) => { one.onmessage = ({ data }) => r(data); one.postMessage(21) });
        };
        return await twice()";
    let outcome = town.body(&format!("{WORKER} {code}")).await;
    assert_eq!(show(&outcome), "42", "{}", logs(&outcome));
    let node = "const { Worker } = await import('node:worker_threads');
        const one = new Worker('require(\"node:worker_threads\").parentPort.postMessage(7)', { eval: true });
        return await new Promise((r, e) => { one.on('message', r); one.on('error', e) })";
    assert_eq!(show(&town.body(node).await), "7");
    town.stop().await;
}

#[tokio::test]
async fn the_kernel_ends_a_run_that_nobody_looks_at() {
    if !has_groups() {
        return;
    }
    let town = Town::start().await;
    // The meter would let it go on for long.
    let limits = RunLimits {
        memory_bytes: 8 << 30,
        ..RunLimits::default()
    };
    let code = "const a = []; for (;;) a.push(new Uint8Array(10 << 20).fill(1))";
    let outcome = town.body_with(code, "[]", limits).await;
    let limit_bytes = limits.memory_bytes;
    assert_eq!(outcome.result, Err(Failure::MemoryLimit { limit_bytes }));
    town.stop().await;
}

#[tokio::test]
async fn neighbours_of_bombs_go_on() {
    let town = Town::with(|config| config.pool.floor = 3).await;
    let mut bombs = plain(&["while (true) {}", BOMBS[0], BOMBS[1]]);
    bombs.extend(of_workers().take(1));
    for bomb in bombs {
        let limits = RunLimits {
            cpu: Duration::from_secs(1),
            ..RunLimits::default()
        };
        let patient = "await new Promise((r) => setTimeout(r, 300)); return 'patient'";
        let (ended, patient, quick) = tokio::join!(
            town.body_with(&bomb, "[]", limits),
            town.body(patient),
            async {
                for _ in 0..5 {
                    assert_eq!(show(&town.body("return 1 + 1").await), "2");
                }
            }
        );
        assert!(ended.result.is_err(), "{bomb}: {}", show(&ended));
        assert_eq!(show(&patient), "\"patient\"", "{bomb}");
        let () = quick;
    }
    town.stop().await;
}

#[tokio::test]
async fn what_fits_is_left_alone() {
    let town = Town::start().await;
    let outcome = town.body("const a = new Uint8Array(60 << 20).fill(1); await new Promise((r) => setTimeout(r, 50)); return a.length").await;
    assert_eq!(show(&outcome), (60 << 20).to_string());
    assert!(outcome.usage.memory_bytes > 60 << 20, "{:?}", outcome.usage);
    town.stop().await;
}

#[tokio::test]
async fn a_flood_of_output_does_not_hide_the_clock() {
    let town = Town::start().await;
    let limits = RunLimits {
        wall: Duration::from_millis(500),
        ..RunLimits::default()
    };
    let flood = "const b = new Uint8Array(65536).fill(97); while (true) Deno.stdout.writeSync(b)";
    for code in ["while (true) console.log('x'.repeat(1000))", flood] {
        let start = Instant::now();
        let outcome = town.body_with(code, "[]", limits).await;
        assert_eq!(
            outcome.result,
            Err(Failure::TimeLimit { limit: limits.wall }),
            "{code}"
        );
        assert!(!outcome.logs.is_empty(), "{code}");
        assert!(start.elapsed() < Duration::from_secs(30));
    }
    town.stop().await;
}

#[tokio::test]
async fn the_texts_of_an_error_are_cut() {
    let town = Town::start().await;
    let code = "const error = new Error('m'.repeat(1e6)); error.name = 'n'.repeat(1e6); error.stack = 's'.repeat(1e6); throw error";
    let Err(Failure::Thrown {
        name,
        message,
        stack,
    }) = town.body(code).await.result
    else {
        panic!("it was not thrown");
    };
    for text in [name, message, stack.unwrap_or_default()] {
        assert!(
            (1..=ERROR_TEXT_BYTES_MAX).contains(&text.len()),
            "{}",
            text.len()
        );
    }
    town.stop().await;
}

#[tokio::test]
async fn trials_of_the_jail_are_bounded() {
    let town = Town::start().await;
    let loud = "for (let i = 0; i < 1_000; i++) console.log('x'.repeat(1_000));";
    let attempt = async |script: &str, wall| town.runtime.try_jail(script, "", wall).await.unwrap();
    let trial = attempt(loud, Duration::from_secs(60)).await;
    let most = usize::try_from(thorp_runtime::limits::TRIAL_OUTPUT_BYTES_MAX).unwrap();
    assert_eq!(trial.stdout.len(), most);
    let trial = attempt("for (;;);", Duration::from_millis(300)).await;
    assert_eq!(trial.exit, None);
    town.stop().await;
}

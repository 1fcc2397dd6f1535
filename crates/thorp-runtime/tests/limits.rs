//! What a run may use, and what becomes of it when it wants more.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use support::{Town, logs, show};
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

#[tokio::test]
async fn memory_is_limited_in_every_form() {
    let town = Town::start().await;
    for code in [
        "const a = []; while (true) a.push(new Array(1000).fill(1.5))",
        "return new ArrayBuffer(1 << 30).byteLength",
        "const a = []; for (let i = 0; i < 100; i++) a.push(new Uint8Array(10 << 20).fill(1)); return a.length",
        "return new Array(1 << 28).fill(1).length",
        "let s = 'x'; while (true) s += s",
        "let s = 'x'; for (let i = 0; i < 30; i++) s = (s + s).split('').join(''); return s.length",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, 'x' + i)",
        "const m = new WebAssembly.Memory({ initial: 1 }); m.grow(16384); new Uint8Array(m.buffer).fill(1); return 1",
        "return structuredClone(new Array(1 << 24).fill('abc')).length",
    ] {
        let outcome = town.body(code).await;
        assert_eq!(show(&outcome), MEMORY, "{code}\n{}", logs(&outcome));
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

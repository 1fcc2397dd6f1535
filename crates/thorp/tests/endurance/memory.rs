//! Programs that want more memory than there is for them.

use super::caller::Caller;
use super::support::{Town, descendants, eventually};
use serde_json::json;

/// What ends in `MEMORY_LIMIT`, whoever says so: the engine, the kernel or the town's own scales.
const GREEDY: [&str; 11] = [
    "new ArrayBuffer(2 ** 30).byteLength",
    "new Uint8Array(2 ** 30).fill(1).length",
    "new Uint8Array(new SharedArrayBuffer(2 ** 30)).fill(1).length",
    "new ArrayBuffer(1, { maxByteLength: 2 ** 30 }).resize(2 ** 30)",
    "(() => { const all = []; for (;;) all.push(new Uint8Array(2 ** 20).fill(1)) })()",
    "(() => { const all = []; for (;;) all.push(new Array(1000).fill([])) })()",
    "(() => { let text = 'x'; for (;;) text += text + Math.random() })()",
    "(() => { const memory = new WebAssembly.Memory({ initial: 1 }); for (;;) { memory.grow(256); new Uint8Array(memory.buffer).fill(1) } })()",
    "(() => { const all = []; for (;;) { const { buffer } = new WebAssembly.Memory({ initial: 256 }); all.push(new Uint8Array(buffer).fill(1)) } })()",
    "(() => { const all = []; for (;;) all.push(Promise.resolve(all)) })()",
    "console.log('x'.repeat(2 ** 28))",
];

const WORKERS: &str = "(async () => {
    const url = URL.createObjectURL(new Blob(['setInterval(() => {}, 1000)'], { type: 'text/javascript' }));
    const all = Array.from({ length: 64 }, () => new Worker(url, { type: 'module' }));
    await new Promise((done) => setTimeout(done, 3000));
    return all.length;
})()";

#[test]
fn too_much_memory_ends_a_run_and_nothing_else() {
    let town = Town::start();
    let caller = Caller::owner(&town);
    for greedy in GREEDY {
        let answer = caller.eval(greedy);
        assert_eq!(
            (answer.status, answer.code()),
            (507, "MEMORY_LIMIT"),
            "{greedy}: {answer:?}"
        );
        let kept = caller.run(answer.body["runId"].as_str().unwrap());
        assert_eq!(kept["error"]["code"], "MEMORY_LIMIT");
    }
    assert_eq!(caller.value("1 + 1"), json!(2));
    assert!(town.stop().status.success());
}

#[test]
fn a_flood_of_workers_ends_with_its_run() {
    let town = Town::start();
    let caller = Caller::owner(&town);
    let answer = caller.eval(WORKERS);
    assert_ne!(answer.status, 200, "{answer:?}");
    assert!(
        ["MEMORY_LIMIT", "USER_ERROR", "WORKER_LOST", "CPU_LIMIT"].contains(&answer.code()),
        "{answer:?}"
    );
    assert_eq!(caller.value("1 + 1"), json!(2));
    let threads = |process: &u32| {
        std::fs::read_dir(format!("/proc/{process}/task")).map_or(0, Iterator::count)
    };
    eventually("no worker is left", || {
        descendants(town.id())
            .iter()
            .all(|process| threads(process) < 32)
    });
    assert!(town.stop().status.success());
}

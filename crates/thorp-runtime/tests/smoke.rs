//! x
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
use std::time::Duration;
use thorp_runtime::*;
#[tokio::test]
async fn body() {
    let t = tempfile::tempdir().unwrap();
    let rt = Runtime::start(RuntimeConfig {
        deno: "/work/main/node_modules/@deno/linux-x64-glibc/deno".into(),
        confine: env!("CARGO_BIN_EXE_thorp-runtime-confine").into(),
        state_dir: t.path().join("state"),
        scratch_dir: t.path().join("s"),
        readable: vec![],
        pool: PoolLimits::default(),
        clock: || 0,
    })
    .await
    .unwrap();
    for code in [
        "return [1,2,3].map(x=>x*2)",
        "return (a)=>{console.log('hi', {a}); return a+1}",
        "throw new TypeError('x')",
        "while(true){}",
    ] {
        let o = rt
            .run(Job {
                run: uuid::Uuid::now_v7(),
                program: Program::Body { code: code.into() },
                args: "[1]".into(),
                limits: RunLimits {
                    cpu: Duration::from_millis(300),
                    ..RunLimits::default()
                },
            })
            .await;
        println!("{o:#?}");
    }
    println!("{:?}", rt.status());
    rt.shutdown(Duration::from_secs(1)).await;
}

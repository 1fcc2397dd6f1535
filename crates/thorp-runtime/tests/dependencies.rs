//! Programs with packages and with modules from the web.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Town, show};
use thorp_runtime::Export;

fn dependencies(town: &Town) -> PathBuf {
    let folder = town.folder.path().join("deps/one");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[tokio::test]
async fn packages_come_from_the_linked_folder() {
    let town = Town::start().await;
    let folder = dependencies(&town);
    let package = folder.join("node_modules/.store/zod@4.0.0/node_modules/zod");
    write(
        &package.join("package.json"),
        r#"{"name":"zod","version":"4.0.0","type":"module","exports":{".":"./index.js","./mini":"./mini.js"}}"#,
    );
    write(
        &package.join("index.js"),
        "import dep from 'dep'; export const z = 'zod+' + dep;",
    );
    write(&package.join("mini.js"), "export default 'mini';");
    write(
        &folder.join("node_modules/.store/zod@4.0.0/node_modules/dep/package.json"),
        r#"{"name":"dep","version":"1.0.0","main":"main.cjs"}"#,
    );
    write(
        &folder.join("node_modules/.store/zod@4.0.0/node_modules/dep/main.cjs"),
        "module.exports = 'dep';",
    );
    std::os::unix::fs::symlink(
        ".store/zod@4.0.0/node_modules/zod",
        folder.join("node_modules/zod__4"),
    )
    .unwrap();
    let code = "import { z } from 'zod__4'; import mini from 'zod__4/mini'; export default [z, mini, (await import('zod__4')).z]";
    let files = [("sub/main.ts", code)];
    let outcome = town
        .module_with(&files, Export::Default, Some(folder))
        .await;
    assert_eq!(show(&outcome), r#"["zod+dep","mini","zod+dep"]"#);
    let outcome = town.module(&files, Export::Default).await;
    assert!(show(&outcome).contains("zod__4"), "{}", show(&outcome));
    town.stop().await;
}

/// Answers every request with a module, until the test ends.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            let inner = String::from_utf8_lossy(&request[..length]).contains("/inner.ts");
            let body = if inner {
                "export const a: number = 41;"
            } else {
                "import { a } from './inner.ts'; export default a + 1;"
            };
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/typescript\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
        }
    });
    port
}

#[tokio::test]
async fn modules_of_the_web_come_from_the_linked_cache_only() {
    let town = Town::start().await;
    let folder = dependencies(&town);
    let port = serve();
    let url = format!("http://127.0.0.1:{port}/mod.ts");
    let cached = Command::new(support::deno())
        .args(["cache", "--no-config", "--no-lock", &url])
        .env("DENO_DIR", folder.join("deno-dir"))
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(cached.success());
    let code = format!(
        "import answer from '{url}'; export default [answer, (await import('{url}')).default]"
    );
    let files = [("main.ts", code.as_str())];
    let outcome = town
        .module_with(&files, Export::Default, Some(folder))
        .await;
    assert_eq!(show(&outcome), "[42,42]");
    let outcome = town.module(&files, Export::Default).await;
    assert!(
        show(&outcome).contains("--cached-only"),
        "{}",
        show(&outcome)
    );
    town.stop().await;
}

#[tokio::test]
async fn every_kind_of_source_file_runs() {
    let town = Town::start().await;
    let files = [
        ("main.tsx", "import { a } from './a.ts'; import b from './b.json' with { type: 'json' }; import { join } from 'node:path';
          enum E { A = 1 } export default [a, b, join('x', 'y'), E.A] as const;"),
        ("a.ts", "export const a: string = 'a';"),
        ("b.json", "{\"b\":2}"),
    ];
    assert_eq!(
        show(&town.module(&files, Export::Default).await),
        r#"["a",{"b":2},"x/y",1]"#
    );
    town.stop().await;
}

//! Limits that take long or much to meet, here with smaller ones.

use crate::origin::{Origin, Page};
use crate::registry::{Package, publish_npm};
use crate::support::{diagnostics, run, save, value};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use thorp_testkit::TestTown;
use thorp_town::limits::Bounds;

/// A town whose packages come from here, with such limits.
fn bounded(origin: &Origin, change: impl FnOnce(&mut Bounds) + Send + 'static) -> TestTown {
    let url = origin.url();
    TestTown::start_with(move |config| {
        config.esbuild = thorp_town::esbuild_beside(&config.deno);
        config.npm_registry = Some(url.clone());
        config.jsr_registry = Some(url);
        change(&mut config.bounds);
    })
}

/// What a val's first diagnostic says.
fn message(val: &Value) -> &str {
    val["diagnostics"][0]["message"].as_str().unwrap()
}

/// A package of this text alone.
fn publish(origin: &Origin, text: &str) {
    publish_npm(
        origin,
        &[Package {
            name: "thing",
            version: "1.0.0",
            manifest: json!({ "type": "module" }),
            files: &[("index.js", text)],
        }],
    );
}

const IMPORT: &str = "import thing from \"npm:thing@1\";\nexport default () => thing.length;";

/// Whether what a val imports was bundled: then the packages themselves are not there.
fn is_bundled(town: &TestTown) -> bool {
    let folders = town.data().join("dependencies");
    let mut found = std::fs::read_dir(folders).unwrap().map(Result::unwrap);
    let folder = found.find(|entry| entry.file_name() != "work").unwrap();
    !folder.path().join("node_modules/.deno").exists()
}

#[test]
fn what_takes_too_long_to_compile_is_too_complex() {
    let town = TestTown::start_with(|config| config.bounds.compile_wall = Duration::ZERO);
    let val = save(&town, "slow", "export default 1;");
    assert_eq!(diagnostics(&val), [(1, "TOO_COMPLEX".to_owned())]);
}

#[test]
fn a_value_that_takes_too_long_has_none() {
    let wall = Duration::from_millis(300);
    let town = TestTown::start_with(move |config| config.bounds.value_wall = wall);
    let code = "export default await new Promise((done) => setTimeout(done, 3_600_000));";
    let val = save(&town, "slow", code);
    assert_eq!(diagnostics(&val), [(1, "NOT_EVALUATED".to_owned())]);
    assert!(
        message(&val).contains("300 ms") || message(&val).contains("longer"),
        "{val:#}"
    );
    let val = save(&town, "quick", "export default 1 + 1;");
    assert_eq!(value(&town, &val), json!(2));
}

#[test]
fn a_registry_that_does_not_answer_is_given_up() {
    let origin = Origin::start();
    origin.put("/thing", Page::Never);
    let wall = Duration::from_secs(4);
    let town = bounded(&origin, move |bounds| bounds.resolve_wall = wall);
    let val = save(&town, "waits", IMPORT);
    assert_eq!(
        diagnostics(&val),
        [(1, "DEPENDENCY_UNAVAILABLE".to_owned())]
    );
    assert_eq!(
        message(&val),
        "`npm:thing@1` cannot be had: it took longer than 4 s"
    );
}

#[test]
fn what_a_resolution_sends_is_bounded() {
    let origin = Origin::start();
    origin.put_typescript("/part.ts", "export {};");
    let url = origin.url();
    let long = "x".repeat(15_000);
    let of = |count: usize| -> String {
        let imports = (0..count).map(|at| format!("import \"./part.ts?{at}{long}\";\n"));
        imports.collect()
    };
    origin.put_typescript("/wide.ts", &of(1_200));
    origin.put_typescript("/narrow.ts", &of(50));
    let town = bounded(&origin, |_| ());
    let save = |name: &str| {
        let code = format!("import \"{url}/{name}.ts\";\nexport default 1;");
        save(&town, name, &code)
    };
    assert_eq!(diagnostics(&save("narrow")), []);
    let wide = save("wide");
    assert_eq!(diagnostics(&wide), [(1, "DEPENDENCY_TOO_LARGE".to_owned())]);
    assert!(
        message(&wide).ends_with("needs to send more than 16 MiB"),
        "{wide:#}"
    );
}

#[test]
fn so_many_resolutions_go_on_at_a_time() {
    let origin = Origin::start();
    let names = ["one", "two", "three"];
    for name in names {
        origin.put(&format!("/{name}"), Page::Never);
    }
    let town = bounded(&origin, |_| ());
    let waits = |count: usize| {
        let until = Instant::now() + Duration::from_secs(60);
        while origin.waited_for().len() < count && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        origin.waited_for()
    };
    std::thread::scope(|scope| {
        for name in names {
            let code = format!("import \"npm:{name}@1\";\nexport default 1;");
            let town = &town;
            scope.spawn(move || save(town, name, &code));
        }
        let first = waits(2);
        assert_eq!(first.len(), 2);
        // As long as the first two had for it, more or less, the third does not begin.
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(origin.waited_for(), first);
        origin.give_up(first.first().unwrap());
        let second = waits(2);
        assert!(second.len() == 2 && second != first, "{second:?}");
        for name in names {
            origin.give_up(&format!("/{name}"));
        }
    });
}

#[test]
fn what_takes_too_long_to_bundle_stays_as_it_was_installed() {
    let origin = Origin::start();
    publish(&origin, "export default 'four';");
    for (wall, bundled) in [(Duration::ZERO, false), (Duration::from_secs(30), true)] {
        let town = bounded(&origin, move |bounds| bounds.bundle_wall = wall);
        let val = save(&town, "bundled", IMPORT);
        assert_eq!(value(&town, &val), json!(4));
        assert_eq!(is_bundled(&town), bundled);
    }
}

#[test]
fn bundles_are_bounded() {
    let origin = Origin::start();
    publish(
        &origin,
        &format!("export default {:?};", "x".repeat(200_000)),
    );
    for (bytes, bundled) in [(100_000, false), (300_000, true)] {
        let town = bounded(&origin, move |bounds| bounds.bundle_bytes_max = bytes);
        let val = save(&town, "large", IMPORT);
        assert_eq!(value(&town, &val), json!(200_000));
        assert_eq!(is_bundled(&town), bundled, "{bytes}");
    }
}

#[test]
fn what_needs_too_much_memory_to_bundle_stays_as_it_was_installed() {
    let origin = Origin::start();
    let many: Vec<String> = (0..15_000)
        .map(|at| format!("f{at}(x => [x, {at}])"))
        .collect();
    let text = format!(
        "const all = () => [{}]; export default 'four'; export {{ all }};",
        many.join(",")
    );
    publish(&origin, &text);
    for (memory, bundled) in [(1 << 20, false), (1 << 30, true)] {
        let town = bounded(&origin, move |bounds| bounds.bundle_memory_bytes = memory);
        let val = save(&town, "large", IMPORT);
        assert_eq!(value(&town, &val), json!(4));
        assert_eq!(is_bundled(&town), bundled, "{memory}");
    }
}

#[test]
fn what_needs_too_much_memory_to_get_is_too_large() {
    let origin = Origin::start();
    origin.put("/large.js", Page::Endless("text/javascript"));
    let url = origin.url();
    let town = bounded(&origin, |bounds| bounds.resolve_memory_bytes = 400 << 20);
    let code = format!("import \"{url}/large.js\";\nexport default 1;");
    let val = save(&town, "large", &code);
    assert_eq!(diagnostics(&val), [(1, "DEPENDENCY_TOO_LARGE".to_owned())]);
    assert!(
        message(&val).ends_with("getting it needs more than 400 MiB of memory"),
        "{val:#}"
    );
    let val = save(&town, "small", "export default 1;");
    assert_eq!(value(&town, &val), json!(1));
}

#[test]
fn what_needs_too_much_memory_to_compile_is_too_complex() {
    let memory = 32 << 20;
    let town = TestTown::start_with(move |config| config.bounds.compile_memory_bytes = memory);
    // Elsewhere what it maps is bounded, which is more than it fills.
    if !has_groups() {
        return;
    }
    let large = format!("export default () => [{}];", "a(b=>b),".repeat(200_000));
    let val = save(&town, "large", &large);
    assert_eq!(diagnostics(&val), [(1, "TOO_COMPLEX".to_owned())]);
    assert_eq!(
        message(&val),
        "the program needs more than 32 MiB of memory to be compiled"
    );
    let val = save(&town, "small", "export default 1;");
    assert_eq!(value(&town, &val), json!(1));
    assert_eq!(run(&town, &val).status, 200);
}

/// What the kernel says of the control groups of a process.
fn groups(pid: &str) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let own = format!("-{}-", std::process::id());
    let is_own =
        |line: &&str| line.contains("thorp-") && line.contains(&own) && !line.ends_with(".town");
    text.lines().filter(is_own).map(str::to_owned).collect()
}

/// The processes that a town in this process has started, with the words that they were started with.
fn started() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let pid = entry.file_name().into_string().unwrap();
        let read = |name: &str| std::fs::read_to_string(Path::new("/proc").join(&pid).join(name));
        let stat = read("stat").unwrap_or_default();
        let parent = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1));
        if parent == Some(std::process::id().to_string().as_str()) {
            let words = read("cmdline").unwrap_or_default().replace('\0', " ");
            found.push((pid, words));
        }
    }
    found
}

/// Whether a sandbox of a town in this process is in a group of its own: then whoever else is started can be.
fn has_groups() -> bool {
    let is_in_one = || started().iter().any(|(pid, _)| !groups(pid).is_empty());
    let mut looks = (0..100).map(|_| std::thread::sleep(Duration::from_millis(20)));
    let found = looks.any(|()| is_in_one());
    if !found {
        eprintln!("skipped: this user of this machine may make no control groups");
    }
    found
}

#[test]
fn who_works_on_users_texts_is_in_a_group_of_its_own() {
    let origin = Origin::start();
    origin.put("/thing", Page::Never);
    let wall = Duration::from_secs(10);
    let town = bounded(&origin, move |bounds| bounds.resolve_wall = wall);
    if !has_groups() {
        return;
    }
    std::thread::scope(|scope| {
        scope.spawn(|| save(&town, "waits", IMPORT));
        for word in ["__compile", "install"] {
            let mut seen = None;
            for _ in 0..1_000 {
                let found = started()
                    .into_iter()
                    .find(|(_, words)| words.contains(word));
                let all = found
                    .map(|(pid, _)| groups(&pid))
                    .filter(|all| !all.is_empty());
                if all.is_some() {
                    seen = all;
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            let seen = seen.unwrap_or_else(|| panic!("`{word}` is in no group"));
            let sandboxes = started();
            let same = sandboxes.iter().filter(|(pid, _)| groups(pid) == seen);
            assert_eq!(same.count(), 1, "{seen:?}");
        }
    });
}

//! A runtime with real Deno, for the tests.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use thorp_runtime::confined::Layers;
use thorp_runtime::gateway::{Gateway, GatewayConfig};
use thorp_runtime::{
    Export, Failure, ForeignBundle, Job, ModuleProgram, Outcome, PoolLimits, Program, RunLimits,
    Runtime, RuntimeConfig,
};
use uuid::Uuid;

/// Whose permissions the runs have.
const USER: Uuid = Uuid::from_u128(1);

/// A runtime and the folders that it works in.
pub struct Town {
    pub runtime: Runtime,
    pub folder: TempDir,
}

/// Deno: `THORP_DENO`, or that of the nearest `node_modules`.
pub fn deno() -> PathBuf {
    if let Some(path) = std::env::var_os("THORP_DENO") {
        return path.into();
    }
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .flat_map(|folder| {
            std::fs::read_dir(folder.join("node_modules/@deno"))
                .into_iter()
                .flatten()
                .flatten()
        })
        .map(|entry| entry.path().join("deno"))
        .find(|path| path.exists())
        .expect("Deno is installed by `npm ci`")
}

pub fn config(folder: &Path) -> RuntimeConfig {
    std::fs::create_dir_all(folder.join("deps")).unwrap();
    RuntimeConfig {
        deno: deno(),
        confine: env!("CARGO_BIN_EXE_thorp-runtime-confine").into(),
        // One cache for all tests: its name says what it fits, and filling it takes a second.
        state_dir: Path::new(env!("CARGO_TARGET_TMPDIR")).join("state"),
        scratch_dir: folder.join("s"),
        readable: vec![folder.join("deps")],
        jsr_registry: None,
        layers: Layers::full(),
        groups: true,
        gateway: Gateway::new(GatewayConfig::default()).unwrap(),
        pool: PoolLimits {
            floor: 1,
            ceiling: 2,
            wait_max: Duration::from_secs(60),
            ..PoolLimits::default()
        },
        clock: || 1_000_000,
    }
}

impl Town {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut RuntimeConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        change(&mut config);
        Self {
            runtime: Runtime::start(config).await.unwrap(),
            folder,
        }
    }

    pub async fn body(&self, code: &str) -> Outcome {
        self.body_with(code, "[]", RunLimits::default()).await
    }

    pub async fn body_with(&self, code: &str, args: &str, limits: RunLimits) -> Outcome {
        let program = Program::Body { code: code.into() };
        self.runtime
            .run(Job {
                run: Uuid::now_v7(),
                user: USER,
                program,
                args: args.to_owned(),
                limits,
                sight: thorp_runtime::Sight::default(),
                host: None,
                worker: None,
                secrets: Vec::new(),
                withheld: Vec::new(),
            })
            .await
    }

    pub async fn module(&self, files: &[(&str, &str)], export: Export) -> Outcome {
        self.module_with(files, export, None).await
    }

    pub async fn module_with(
        &self,
        files: &[(&str, &str)],
        export: Export,
        dependencies: Option<PathBuf>,
    ) -> Outcome {
        let entry = files[0].0.to_owned();
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect();
        let program = Program::Module(Arc::new(ModuleProgram {
            files,
            entry,
            export,
            dependencies,
            ..ModuleProgram::default()
        }));
        self.runtime
            .run(Job {
                args: r#"["a",2]"#.to_owned(),
                ..job(program)
            })
            .await
    }

    /// A file that imports foreign vals, each of a name, a script and the names of its exports.
    pub async fn with_foreign(&self, code: &str, foreign: &[(&str, &str, &[&str])]) -> Outcome {
        self.runtime.run(foreign_job(code, foreign)).await
    }

    /// A call of a file that a worker may have loaded for an earlier one.
    pub async fn call(&self, code: &str, args: &str) -> Outcome {
        self.runtime.run(call(code, args)).await
    }

    pub async fn stop(self) {
        self.runtime.shutdown(Duration::ZERO).await;
    }
}

fn job(program: Program) -> Job {
    Job {
        run: Uuid::now_v7(),
        user: USER,
        program,
        args: "[]".to_owned(),
        limits: RunLimits::default(),
        sight: thorp_runtime::Sight::default(),
        host: None,
        worker: None,
        secrets: Vec::new(),
        withheld: Vec::new(),
    }
}

/// A run of a file that imports foreign vals.
pub fn foreign_job(code: &str, foreign: &[(&str, &str, &[&str])]) -> Job {
    let foreign = foreign
        .iter()
        .map(|(name, script, exports)| ForeignBundle {
            name: (*name).to_owned(),
            script: (*script).to_owned(),
            exports: exports.iter().map(|name| (*name).to_owned()).collect(),
        })
        .collect();
    let program = ModuleProgram {
        files: vec![("main.js".to_owned(), code.to_owned())],
        entry: "main.js".to_owned(),
        foreign,
        ..ModuleProgram::default()
    };
    Job {
        limits: RunLimits {
            memory_bytes: u64::MAX,
            ..RunLimits::default()
        },
        ..job(Program::Module(Arc::new(program)))
    }
}

/// A run of another user.
pub fn body_of(user: Uuid, code: &str) -> Job {
    Job {
        user,
        ..job(Program::Body { code: code.into() })
    }
}

/// Another user.
pub const HOARDER: Uuid = Uuid::from_u128(2);

/// The key of the worker is the code.
pub fn call(code: &str, args: &str) -> Job {
    let program = ModuleProgram {
        files: vec![("main.js".to_owned(), code.to_owned())],
        entry: "main.js".to_owned(),
        ..ModuleProgram::default()
    };
    Job {
        args: args.to_owned(),
        worker: Some(code.into()),
        secrets: Vec::new(),
        withheld: Vec::new(),
        ..job(Program::Module(Arc::new(program)))
    }
}

/// The result in a line: JSON, `undefined`, or the failure.
pub fn show(outcome: &Outcome) -> String {
    match &outcome.result {
        Ok(value) if value.undefined => "undefined".to_owned(),
        Ok(value) => value.json.clone(),
        Err(Failure::Thrown { name, message, .. }) => format!("! {name}: {message}"),
        Err(failure) => format!("! {failure}"),
    }
}

/// The log in a text, with levels.
pub fn logs(outcome: &Outcome) -> String {
    outcome
        .logs
        .iter()
        .map(|line| format!("{}: {}\n", line.level.as_str(), line.text))
        .collect()
}

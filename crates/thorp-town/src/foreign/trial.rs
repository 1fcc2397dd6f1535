//! A bundle is loaded once before anybody has it: that tells what it exports, and whether a Compartment bears it.

use super::{Bundle, Unusable};
use crate::error::TownError;
use crate::limits::{BUNDLE_WALL, FOREIGN_EXPORTS_MAX};
use crate::town::Town;
use std::sync::Arc;
use thorp_lang::StackMapper;
use thorp_runtime::{
    Export, Failure, ForeignBundle, Job, MODULE_ROOT_URL, ModuleProgram, Program, RunLimits, Sight,
    foreign_path,
};
use uuid::Uuid;

const NAME: &str = "@thorp/trial";

impl Town {
    /// The names of what a bundle exports. It is loaded for nobody, with nothing of anybody's.
    pub(super) async fn exports_of(&self, bundle: &Bundle) -> Result<Vec<String>, Unusable> {
        let outcome = self.0.runtime.run(job(bundle)).await;
        let value = match outcome.result {
            Ok(value) => value,
            Err(failure) => return Err(refusal(&failure, bundle)),
        };
        let names: Vec<String> = serde_json::from_str(&value.json).map_err(Unusable::internal)?;
        if names.len() > FOREIGN_EXPORTS_MAX {
            return Err(Unusable::not(format!(
                "exports more than {FOREIGN_EXPORTS_MAX} names"
            )));
        }
        Ok(names)
    }
}

fn job(bundle: &Bundle) -> Job {
    let names = "thorpExports = { names: Object.keys(thorpExports).filter((name) => \
                 name !== \"default\" || thorpExports.default !== undefined) };";
    let foreign = ForeignBundle {
        name: NAME.to_owned(),
        script: format!("{}\n{names}", bundle.script),
        exports: vec!["names".to_owned()],
    };
    let from = foreign_path(NAME);
    let program = ModuleProgram {
        files: vec![(
            "main.mjs".to_owned(),
            format!("export {{ names as default }} from \"./{from}\";\n"),
        )],
        entry: "main.mjs".to_owned(),
        export: Export::Default,
        foreign: vec![foreign],
        ..ModuleProgram::default()
    };
    Job {
        run: Uuid::now_v7(),
        user: Uuid::nil(),
        program: Program::Module(Arc::new(program)),
        args: "[]".to_owned(),
        limits: RunLimits {
            wall: BUNDLE_WALL,
            ..RunLimits::default()
        },
        sight: Sight::default(),
        host: None,
        worker: None,
        secrets: Vec::new(),
        withheld: Vec::new(),
    }
}

fn refusal(failure: &Failure, bundle: &Bundle) -> Unusable {
    match failure {
        Failure::PoolFull { retry_after_secs } => Unusable::Town(TownError::PoolFull {
            retry_after_seconds: u32::try_from(*retry_after_secs).unwrap_or(u32::MAX),
        }),
        Failure::ShuttingDown => Unusable::Town(TownError::PoolFull {
            retry_after_seconds: 5,
        }),
        Failure::WorkerLost { .. } | Failure::BadProgram { .. } => Unusable::internal(failure),
        Failure::Thrown { stack, .. } => {
            let package = stack.as_deref().and_then(|stack| package(stack, bundle));
            let of = package.map_or(String::new(), |package| format!("`{package}`: "));
            Unusable::not(format!(
                "does not load in another user's program: {of}{failure}"
            ))
        }
        _ => Unusable::not(format!(
            "does not load in another user's program: {failure}"
        )),
    }
}

/// The package that the innermost frame with a place is in, if it is in one: functions of the language have none.
fn package(stack: &str, bundle: &Bundle) -> Option<String> {
    let mapper = StackMapper::modules(&[], MODULE_ROOT_URL).with_bundle(NAME, bundle.map.clone());
    let mapped = mapper.map(stack);
    let frame = mapped
        .lines()
        .find(|line| line.trim_start().starts_with("at ") && !line.contains("<anonymous>"))?;
    let at = frame.find("npm:")?;
    let path = &frame[at..];
    let parts = if path.starts_with("npm:@") { 2 } else { 1 };
    let end = path
        .match_indices('/')
        .nth(parts - 1)
        .map_or(path.len(), |(at, _)| at);
    Some(path[..end].to_owned())
}

//! The value of a val that is data: evaluated once, when it is saved.

use std::collections::BTreeSet;
use std::sync::Arc;

use thorp_lang::Compiled;
use thorp_runtime::{Job, NOT_CALLED, RunLimits};
use uuid::Uuid;

use crate::error::TownError;
use crate::limits::{RUN_CPU, RUN_MEMORY_BYTES, VALUE_BYTES_MAX};
use crate::programs::Ready;
use crate::state::{Assembled, Author};
use crate::town::Town;
use crate::view::DiagnosticView;

/// Where its files are if it names other vals.
const SAVE_FOLDER: &str = "~/save";

impl Town {
    /// The value as JSON; `None` if it is a program, or has none. Why it has none is a warning.
    pub(crate) async fn value_of(
        &self,
        author: &Author,
        compiled: &Compiled,
        ready: Ready,
        found: &mut Vec<DiagnosticView>,
    ) -> Option<String> {
        let evaluated = self.evaluated(author, Arc::new(ready)).await;
        evaluated
            .map_err(|why| found.push(not_evaluated(compiled, &why)))
            .ok()
            .flatten()
    }

    async fn evaluated(
        &self,
        author: &Author,
        ready: Arc<Ready>,
    ) -> Result<Option<String>, String> {
        let told = |error: TownError| error.to_string();
        // It writes nothing: what it is made of must not depend on how often it is saved.
        let Assembled { ready, sight, .. } = self
            .assemble(
                ready,
                SAVE_FOLDER.to_owned(),
                Some(author),
                &BTreeSet::new(),
            )
            .await
            .map_err(told)?;
        let secrets = self.0.secrets.of(self.store(), author.id).await;
        let packages = !ready.dependency_sets().is_empty();
        let given = secrets.and_then(|own| own.given(ready.secrets(), packages));
        let given = given.map_err(told)?;
        let job = Job {
            run: Uuid::now_v7(),
            user: author.id,
            program: ready.program(),
            args: NOT_CALLED.to_owned(),
            limits: RunLimits {
                wall: self.0.config.bounds.value_wall,
                cpu: RUN_CPU,
                memory_bytes: RUN_MEMORY_BYTES,
            },
            sight,
            host: None,
            worker: None,
            secrets: given.secrets.clone(),
            withheld: given.withheld.clone(),
        };
        match self.0.runtime.run(job).await.result {
            Ok(value) if value.undefined => Ok(None),
            Ok(value) if value.json.len() > VALUE_BYTES_MAX => {
                Err(format!("it holds more than {} KiB", VALUE_BYTES_MAX >> 10))
            }
            Ok(value) => Ok(Some(value.json)),
            Err(failure) => Err(failure.to_string()),
        }
    }
}

fn not_evaluated(compiled: &Compiled, why: &str) -> DiagnosticView {
    let file = compiled.modules.first().map(|module| module.path.clone());
    DiagnosticView {
        severity: "warning".to_owned(),
        code: "NOT_EVALUATED".to_owned(),
        message: format!("the value could not be evaluated: {why}"),
        hint: Some(
            "until it can, the val is run like a program; save it again to try again".to_owned(),
        ),
        file: file.unwrap_or_default(),
        line: 1,
        column: 1,
        end_line: 1,
        end_column: 1,
    }
}

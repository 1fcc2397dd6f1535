//! Which runs are wanted.

use crate::error::ApiError;
use crate::params::{micros_of, one_of};
use serde::Deserialize;
use thorp_town::RunQuery;
use utoipa::IntoParams;
use uuid::Uuid;

/// The parameters of lists of runs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunParams {
    /// Only runs that ended well (`ok`) or not (`error`)
    status: Option<String>,
    /// Only runs begun by `eval`, `run` or `health`
    trigger: Option<String>,
    /// Only runs of this val
    val: Option<Uuid>,
    /// Only runs begun at or after this time
    #[param(format = DateTime)]
    since: Option<String>,
    /// Only runs begun before this time
    #[param(format = DateTime)]
    until: Option<String>,
    /// Only runs in which other users' code asked for something in vain (`true`), or in which it did not (`false`)
    denied: Option<bool>,
}

impl RunParams {
    /// The same, as the town wants it.
    pub(crate) fn query(self) -> Result<RunQuery, ApiError> {
        Ok(RunQuery {
            status: one_of("status", self.status, &["ok", "error"])?,
            trigger: one_of("trigger", self.trigger, &["eval", "run", "api", "health"])?,
            val: self.val,
            since: self
                .since
                .map(|text| micros_of("since", &text))
                .transpose()?,
            until: self
                .until
                .map(|text| micros_of("until", &text))
                .transpose()?,
            denied: self.denied,
        })
    }
}

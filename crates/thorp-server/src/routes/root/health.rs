//! `GET /healthz`

use crate::app::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Whether the town works.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    ok: bool,
    /// `ok`, or what is wrong, for each part
    checks: BTreeMap<&'static str, String>,
    version: &'static str,
}

/// Whether the town works
///
/// Tries each part: reads the store, runs code in a sandbox.
#[utoipa::path(get, path = "/healthz", tag = "Town",
    responses((status = 200, description = "All parts work", body = Health),
              (status = 503, description = "Some part does not", body = Health)))]
pub(crate) async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let checks = app.town.health().await.checks;
    let ok = checks.iter().all(|check| check.problem.is_none());
    let text = |problem: Option<String>| problem.unwrap_or_else(|| "ok".to_owned());
    let checks = checks
        .into_iter()
        .map(|check| (check.name, text(check.problem)))
        .collect();
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(Health {
            ok,
            checks,
            version: env!("CARGO_PKG_VERSION"),
        }),
    )
}

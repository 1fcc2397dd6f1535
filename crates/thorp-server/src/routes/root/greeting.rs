//! `GET /`

use crate::app::App;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// Where to begin.
#[derive(Serialize, ToSchema)]
pub(crate) struct Greeting {
    name: &'static str,
    version: &'static str,
    /// An expression to try
    eval: String,
    openapi: String,
    health: String,
}

/// Greet
#[utoipa::path(get, path = "/", tag = "Town", responses((status = 200, description = "OK", body = Greeting)))]
pub(crate) async fn greet(State(app): State<App>) -> Json<Greeting> {
    let url = &app.public_url;
    Json(Greeting {
        name: "thorp",
        version: env!("CARGO_PKG_VERSION"),
        eval: format!("{url}/v1/eval/1%2B1"),
        openapi: format!("{url}/openapi.json"),
        health: format!("{url}/healthz"),
    })
}

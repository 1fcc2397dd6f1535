//! `GET /openapi.json`

use crate::app::App;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// The description of the API
#[utoipa::path(get, path = "/openapi.json", tag = "Town",
    responses((status = 200, description = "This document", body = serde_json::Value)))]
pub(crate) async fn openapi(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], app.openapi)
}

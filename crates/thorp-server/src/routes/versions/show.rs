//! `GET /v1/vals/{val_id}/versions/{version}`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::FullVal;
use crate::params::Segments;
use crate::routes::answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

/// Get a version of a val
#[utoipa::path(get, path = "/v1/vals/{val_id}/versions/{version}", tag = "Vals",
    params(("val_id" = Uuid, Path, description = "id of the val"), ("version" = i64, Path, description = "val version")),
    responses((status = 200, description = "The val at that version", body = FullVal)))]
pub(crate) async fn show_version(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments((id, version)): Segments<(Uuid, i64)>,
) -> Result<Response, ApiError> {
    Ok(answer::val(
        &app,
        StatusCode::OK,
        app.town.val(&caller, id, Some(version)).await?,
    ))
}

//! `POST /v1/vals/{val_id}/versions/{version}/restore`

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

/// Bring back the contents of a version, as a new version
#[utoipa::path(post, path = "/v1/vals/{val_id}/versions/{version}/restore", tag = "Vals",
    params(("val_id" = Uuid, Path, description = "id of the val"), ("version" = i64, Path, description = "val version")),
    responses((status = 201, description = "The val at its new version", body = FullVal)))]
pub(crate) async fn restore_version(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments((id, version)): Segments<(Uuid, i64)>,
) -> Result<Response, ApiError> {
    Ok(answer::val(
        &app,
        StatusCode::CREATED,
        app.town.restore_version(&caller, id, version).await?,
    ))
}

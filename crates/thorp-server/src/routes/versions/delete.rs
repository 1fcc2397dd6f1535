//! `DELETE /v1/vals/{val_id}/versions/{version}`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::params::Segments;
use axum::extract::State;
use axum::http::StatusCode;
use uuid::Uuid;

/// Delete a version
#[utoipa::path(delete, path = "/v1/vals/{val_id}/versions/{version}", tag = "Vals",
    params(("val_id" = Uuid, Path, description = "id of the val"), ("version" = i64, Path, description = "val version")),
    responses((status = 204, description = "No Content")))]
pub(crate) async fn delete_version(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments((id, version)): Segments<(Uuid, i64)>,
) -> Result<StatusCode, ApiError> {
    app.town.delete_version(&caller, id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

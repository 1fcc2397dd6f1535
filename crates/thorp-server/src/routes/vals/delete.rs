//! `DELETE /v1/vals/{val_id}`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::params::Segments;
use axum::extract::State;
use axum::http::StatusCode;
use uuid::Uuid;

/// Delete a val
///
/// It can be brought back with `undelete`.
#[utoipa::path(delete, path = "/v1/vals/{val_id}", tag = "Vals",
    params(("val_id" = Uuid, Path, description = "id of the val")),
    responses((status = 204, description = "No Content")))]
pub(crate) async fn delete_val(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
) -> Result<StatusCode, ApiError> {
    app.town.delete_val(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

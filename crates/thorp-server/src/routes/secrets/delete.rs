//! `DELETE /v1/secrets/{name}`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::params::Segments;
use axum::extract::State;
use axum::http::StatusCode;

/// Delete a secret and its value
#[utoipa::path(delete, path = "/v1/secrets/{name}", tag = "Secrets",
    params(("name" = String, Path, description = "name of the secret")),
    responses((status = 204, description = "No Content")))]
pub(crate) async fn delete_secret(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(name): Segments<String>,
) -> Result<StatusCode, ApiError> {
    app.town.delete_secret(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `DELETE /v1/tokens/{token_id}`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::params::Segments;
use axum::extract::State;
use axum::http::StatusCode;
use uuid::Uuid;

/// Revoke a token
#[utoipa::path(delete, path = "/v1/tokens/{token_id}", tag = "Tokens",
    params(("token_id" = Uuid, Path, description = "id of the token")),
    responses((status = 204, description = "No Content")))]
pub(crate) async fn delete_token(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
) -> Result<StatusCode, ApiError> {
    app.town.revoke_token(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `GET /v1/users/{user_id}`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::User;
use crate::params::Segments;
use axum::Json;
use axum::extract::State;
use uuid::Uuid;

/// Get user by id
#[utoipa::path(get, path = "/v1/users/{user_id}", tag = "Users",
    params(("user_id" = Uuid, Path, description = "id of the user")),
    responses((status = 200, description = "OK", body = User)))]
pub(crate) async fn show_user(
    State(app): State<App>,
    Auth(_): Auth,
    Segments(id): Segments<Uuid>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(app.town.user(id).await?.into()))
}

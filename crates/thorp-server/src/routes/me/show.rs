//! `GET /v1/me`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::User;
use axum::Json;
use axum::extract::State;

/// Get profile information for the current user
#[utoipa::path(get, path = "/v1/me", tag = "Me", responses((status = 200, description = "OK", body = User)))]
pub(crate) async fn show_me(
    State(app): State<App>,
    Auth(caller): Auth,
) -> Result<Json<User>, ApiError> {
    Ok(Json(app.town.me(&caller)?.into()))
}

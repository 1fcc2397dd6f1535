//! `GET /v1/me`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::Me;
use axum::Json;
use axum::extract::State;

/// Get profile information for the current user
#[utoipa::path(get, path = "/v1/me", tag = "Me", responses((status = 200, description = "OK", body = Me)))]
pub(crate) async fn show_me(
    State(app): State<App>,
    Auth(caller): Auth,
) -> Result<Json<Me>, ApiError> {
    let user = app.town.me(&caller)?;
    let email = app.town.email_address(&caller).await?;
    Ok(Json(Me::new(user, email)))
}

//! `GET /v1/alias/{username}`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::User;
use crate::params::Segments;
use axum::Json;
use axum::extract::State;

/// Get user by name
#[utoipa::path(get, path = "/v1/alias/{username}", tag = "Alias",
    params(("username" = String, Path, description = "The user's name, with or without `@`")),
    responses((status = 200, description = "OK", body = User)))]
pub(crate) async fn user_by_name(
    State(app): State<App>,
    Auth(_): Auth,
    Segments(name): Segments<String>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(app.town.user_named(without_at(&name)).await?.into()))
}

/// A user's name without the `@` that people write before it.
pub(super) fn without_at(name: &str) -> &str {
    name.strip_prefix('@').unwrap_or(name)
}

//! `GET /v1/me/emails/{email_id}`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::FullEmail;
use crate::params::Segments;
use axum::Json;
use axum::extract::State;
use uuid::Uuid;

/// Get one mail that the current user's vals sent
#[utoipa::path(get, path = "/v1/me/emails/{email_id}", tag = "Me",
    params(("email_id" = Uuid, Path, description = "id of the mail")),
    responses((status = 200, description = "OK", body = FullEmail)))]
pub(crate) async fn show_email(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
) -> Result<Json<FullEmail>, ApiError> {
    Ok(Json(app.town.email(&caller, id).await?.into()))
}

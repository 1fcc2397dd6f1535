//! `POST /v1/users`

use crate::app::App;
use crate::auth::Auth;
use crate::body::Sent;
use crate::error::ApiError;
use crate::json::CreatedUser;
use crate::limits::SMALL_BODY_BYTES_MAX;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `name`")]
#[schema(as = UserInput)]
pub(crate) struct UserBody {
    #[schema(example = "alice")]
    name: String,
}

/// Create a user
///
/// For operators. The answer has the user's first token.
#[utoipa::path(post, path = "/v1/users", tag = "Users", request_body = UserBody,
    responses((status = 201, description = "The user and a token", body = CreatedUser)))]
pub(crate) async fn create_user(
    State(app): State<App>,
    Auth(caller): Auth,
    request: Request,
) -> Result<(StatusCode, Json<CreatedUser>), ApiError> {
    let sent = Sent::read(request, SMALL_BODY_BYTES_MAX).await?;
    let body: UserBody = sent.json()?;
    let created = app.town.add_user(&caller, &body.name).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

//! `PATCH /v1/me`

use crate::app::App;
use crate::auth::Auth;
use crate::body::Sent;
use crate::error::ApiError;
use crate::json::Me;
use crate::limits::SMALL_BODY_BYTES_MAX;
use axum::Json;
use axum::extract::{Request, State};
use serde::Deserialize;
use utoipa::ToSchema;

/// What is to change about the account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `email`")]
#[schema(as = MePatch)]
pub(crate) struct PatchBody {
    /// Where the account gets mail; `null` takes it away. Nobody checks that it is theirs
    #[serde(deserialize_with = "Option::deserialize")]
    email: Option<String>,
}

/// Say where the current user gets mail
#[utoipa::path(patch, path = "/v1/me", tag = "Me", request_body = PatchBody,
    responses((status = 200, description = "The account", body = Me)))]
pub(crate) async fn patch_me(
    State(app): State<App>,
    Auth(caller): Auth,
    request: Request,
) -> Result<Json<Me>, ApiError> {
    let sent = Sent::read(request, SMALL_BODY_BYTES_MAX).await?;
    let PatchBody { email } = sent.json()?;
    let user = app.town.me(&caller)?;
    app.town
        .set_email_address(&caller, email.as_deref())
        .await?;
    let email = app.town.email_address(&caller).await?;
    Ok(Json(Me::new(user, email)))
}

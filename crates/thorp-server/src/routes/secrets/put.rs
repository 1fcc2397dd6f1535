//! `PUT /v1/secrets/{name}`

use crate::app::App;
use crate::auth::Auth;
use crate::body::Sent;
use crate::error::ApiError;
use crate::json::Secret;
use crate::limits::SMALL_BODY_BYTES_MAX;
use crate::params::Segments;
use axum::Json;
use axum::extract::{Request, State};
use serde::Deserialize;
use thorp_town::NewSecret;
use utoipa::ToSchema;

/// A secret to make or to change.
#[derive(Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with `value`, `packages` or both"
)]
#[schema(as = SecretInput)]
pub(crate) struct SecretBody {
    /// Its value; that of an existing one stays unless said
    #[schema(nullable = false)]
    value: Option<String>,
    /// Whether packages see it in the environment; stays as it is unless said, and begins as `false`
    #[schema(nullable = false)]
    packages: Option<bool>,
}

/// Make a secret, replace its value, or share it with packages
#[utoipa::path(put, path = "/v1/secrets/{name}", tag = "Secrets", request_body = SecretBody,
    params(("name" = String, Path, description = "name of the secret")),
    responses((status = 200, description = "The secret, without its value", body = Secret)))]
pub(crate) async fn put_secret(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(name): Segments<String>,
    request: Request,
) -> Result<Json<Secret>, ApiError> {
    let sent = Sent::read(request, SMALL_BODY_BYTES_MAX).await?;
    let SecretBody { value, packages } = sent.json()?;
    if value.is_none() && packages.is_none() {
        return Err(ApiError::bad_request(
            "neither `value` nor `packages` is given",
        ));
    }
    let new = NewSecret {
        value: value.map(Into::into),
        packages,
    };
    let secret = app.town.set_secret(&caller, &name, new).await?;
    Ok(Json(secret.into()))
}

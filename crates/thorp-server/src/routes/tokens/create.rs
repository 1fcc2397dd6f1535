//! `POST /v1/tokens`

use crate::app::App;
use crate::auth::Auth;
use crate::body::Sent;
use crate::error::ApiError;
use crate::json::{CreatedToken, scope_of};
use crate::limits::SMALL_BODY_BYTES_MAX;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use thorp_town::{NewToken, Scope};
use utoipa::ToSchema;

/// A token to be made.
#[derive(Default, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    rename_all = "camelCase",
    expecting = "an object with `name`, `scopes` or `expiresInSeconds`"
)]
#[schema(as = TokenInput)]
pub(crate) struct TokenBody {
    #[schema(nullable = false)]
    name: Option<String>,
    /// Some of `read`, `write`, `run`, `tokens`, `operator`; all of the creator's unless said
    #[schema(nullable = false)]
    scopes: Option<Vec<String>>,
    /// For ever unless said
    #[schema(nullable = false)]
    expires_in_seconds: Option<u64>,
}

/// Create a token
///
/// The answer is the only place that tells its text.
#[utoipa::path(post, path = "/v1/tokens", tag = "Tokens", request_body = Option<TokenBody>,
    responses((status = 201, description = "The token", body = CreatedToken)))]
pub(crate) async fn create_token(
    State(app): State<App>,
    Auth(caller): Auth,
    request: Request,
) -> Result<(StatusCode, Json<CreatedToken>), ApiError> {
    let sent = Sent::read(request, SMALL_BODY_BYTES_MAX).await?;
    let body: TokenBody = if sent.text()?.trim_ascii().is_empty() {
        TokenBody::default()
    } else {
        sent.json()?
    };
    let issued = app.town.issue_token(&caller, new_token(body)?).await?;
    Ok((StatusCode::CREATED, Json(issued.into())))
}

fn new_token(body: TokenBody) -> Result<NewToken, ApiError> {
    let scopes = body
        .scopes
        .map(|names| names.iter().map(|name| scope(name)).collect())
        .transpose()?;
    Ok(NewToken {
        name: body.name,
        scopes,
        expires_in_seconds: body.expires_in_seconds,
    })
}

fn scope(name: &str) -> Result<Scope, ApiError> {
    scope_of(name).ok_or_else(|| {
        ApiError::bad_request(format!("there is no scope `{name}`"))
            .hint("the scopes are `read`, `write`, `run`, `tokens` and `operator`")
    })
}

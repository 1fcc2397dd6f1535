//! `GET /v1/alias/{username}/{val_name}`

use super::user::without_at;
use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::FullVal;
use crate::params::Segments;
use crate::routes::answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

/// Get val by the names of its owner and its own
#[utoipa::path(get, path = "/v1/alias/{username}/{val_name}", tag = "Alias",
    params(("username" = String, Path, description = "The owner's name, with or without `@`"),
           ("val_name" = String, Path, description = "The val's name")),
    responses((status = 200, description = "OK", body = FullVal)))]
pub(crate) async fn val_by_name(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments((user, name)): Segments<(String, String)>,
) -> Result<Response, ApiError> {
    let detail = app
        .town
        .val_named(&caller, without_at(&user), &name)
        .await?;
    Ok(answer::val(&app, StatusCode::OK, detail))
}

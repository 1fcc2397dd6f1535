//! `GET /v1/secrets`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::Secret;
use crate::page::{PageOf, PageParams, Paging};
use axum::Json;
use axum::extract::State;

/// Get the caller's secrets, without their values
#[utoipa::path(get, path = "/v1/secrets", tag = "Secrets", params(PageParams),
    responses((status = 200, description = "OK", body = PageOf<Secret>)))]
pub(crate) async fn list_secrets(
    State(app): State<App>,
    Auth(caller): Auth,
    paging: Paging,
) -> Result<Json<PageOf<Secret>>, ApiError> {
    let page = app.town.secrets(&caller, paging.slice).await?;
    Ok(Json(paging.answer(page, Secret::from)))
}

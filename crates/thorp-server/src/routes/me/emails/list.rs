//! `GET /v1/me/emails`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::BaseEmail;
use crate::page::{PageOf, PageParams, Paging};
use axum::Json;
use axum::extract::State;

/// Get the mail that the current user's vals sent, newest first
#[utoipa::path(get, path = "/v1/me/emails", tag = "Me", params(PageParams),
    responses((status = 200, description = "OK", body = PageOf<BaseEmail>)))]
pub(crate) async fn list_emails(
    State(app): State<App>,
    Auth(caller): Auth,
    paging: Paging,
) -> Result<Json<PageOf<BaseEmail>>, ApiError> {
    let page = app.town.emails(&caller, paging.slice).await?;
    Ok(Json(paging.answer(page, BaseEmail::from)))
}

//! `GET /v1/users`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::User;
use crate::page::{PageOf, PageParams, Paging};
use axum::Json;
use axum::extract::State;

/// Get all users
///
/// For operators.
#[utoipa::path(get, path = "/v1/users", tag = "Users", params(PageParams),
    responses((status = 200, description = "OK", body = PageOf<User>)))]
pub(crate) async fn list_users(
    State(app): State<App>,
    Auth(caller): Auth,
    paging: Paging,
) -> Result<Json<PageOf<User>>, ApiError> {
    let page = app.town.users(&caller, paging.slice).await?;
    Ok(Json(paging.answer(page, User::from)))
}

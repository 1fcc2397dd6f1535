//! `GET /v1/me/likes`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::BaseVal;
use crate::page::{PageOf, PageParams, Paging};
use axum::Json;
use axum::extract::State;

/// Get vals liked by the current user
#[utoipa::path(get, path = "/v1/me/likes", tag = "Me", params(PageParams),
    responses((status = 200, description = "OK", body = PageOf<BaseVal>)))]
pub(crate) async fn list_likes(
    State(app): State<App>,
    Auth(caller): Auth,
    paging: Paging,
) -> Result<Json<PageOf<BaseVal>>, ApiError> {
    let page = app.town.liked_vals(&caller, paging.slice).await?;
    Ok(Json(paging.answer(page, BaseVal::from)))
}

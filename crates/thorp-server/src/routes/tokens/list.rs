//! `GET /v1/tokens`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::Token;
use crate::page::{PageOf, PageParams, Paging};
use axum::Json;
use axum::extract::State;

/// Get the caller's tokens
#[utoipa::path(get, path = "/v1/tokens", tag = "Tokens", params(PageParams),
    responses((status = 200, description = "OK", body = PageOf<Token>)))]
pub(crate) async fn list_tokens(
    State(app): State<App>,
    Auth(caller): Auth,
    paging: Paging,
) -> Result<Json<PageOf<Token>>, ApiError> {
    let page = app.town.tokens(&caller, paging.slice).await?;
    Ok(Json(paging.answer(page, Token::from)))
}

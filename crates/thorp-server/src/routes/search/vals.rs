//! `GET /v1/search/vals`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::BaseVal;
use crate::page::{PageOf, PageParams, Paging};
use crate::params::Asked;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

/// What is searched for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// Search query
    #[param(min_length = 1, max_length = 512)]
    query: String,
}

/// Search for vals across the town
///
/// By name and code, among the public vals and the caller's own.
#[utoipa::path(get, path = "/v1/search/vals", tag = "Search", params(SearchParams, PageParams),
    responses((status = 200, description = "OK", body = PageOf<BaseVal>)))]
pub(crate) async fn search_vals(
    State(app): State<App>,
    Auth(caller): Auth,
    Asked(SearchParams { query }): Asked<SearchParams>,
    paging: Paging,
) -> Result<Json<PageOf<BaseVal>>, ApiError> {
    let page = app.town.search_vals(&caller, &query, paging.slice).await?;
    Ok(Json(paging.answer(page, BaseVal::from)))
}

//! `GET /v1/me/runs`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::BaseRun;
use crate::page::{PageOf, PageParams, Paging};
use crate::params::Asked;
use crate::routes::runs::query::RunParams;
use axum::Json;
use axum::extract::State;

/// Get runs by the current user, newest first
#[utoipa::path(get, path = "/v1/me/runs", tag = "Me", params(RunParams, PageParams),
    responses((status = 200, description = "OK", body = PageOf<BaseRun>)))]
pub(crate) async fn list_own_runs(
    State(app): State<App>,
    Auth(caller): Auth,
    Asked(query): Asked<RunParams>,
    paging: Paging,
) -> Result<Json<PageOf<BaseRun>>, ApiError> {
    let page = app
        .town
        .own_runs(&caller, query.query()?, paging.slice)
        .await?;
    Ok(Json(paging.answer(page, BaseRun::from)))
}

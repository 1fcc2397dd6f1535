//! `GET /v1/vals/{val_id}/runs`

use super::query::RunParams;
use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::BaseRun;
use crate::page::{PageOf, PageParams, Paging};
use crate::params::{Asked, Segments};
use axum::Json;
use axum::extract::State;
use uuid::Uuid;

/// Get runs of a val, newest first
#[utoipa::path(get, path = "/v1/vals/{val_id}/runs", tag = "Vals",
    params(("val_id" = Uuid, Path, description = "id of the val"), RunParams, PageParams),
    responses((status = 200, description = "OK", body = PageOf<BaseRun>)))]
pub(crate) async fn list_val_runs(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
    Asked(query): Asked<RunParams>,
    paging: Paging,
) -> Result<Json<PageOf<BaseRun>>, ApiError> {
    let page = app
        .town
        .val_runs(&caller, id, query.query()?, paging.slice)
        .await?;
    Ok(Json(paging.answer(page, BaseRun::from)))
}

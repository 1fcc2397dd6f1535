//! `GET /v1/vals/{val_id}/versions`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::Version;
use crate::page::{PageOf, PageParams, Paging};
use crate::params::Segments;
use axum::Json;
use axum::extract::State;
use uuid::Uuid;

/// Get the versions of a val, newest first
#[utoipa::path(get, path = "/v1/vals/{val_id}/versions", tag = "Vals",
    params(("val_id" = Uuid, Path, description = "id of the val"), PageParams),
    responses((status = 200, description = "OK", body = PageOf<Version>)))]
pub(crate) async fn list_versions(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
    paging: Paging,
) -> Result<Json<PageOf<Version>>, ApiError> {
    let page = app.town.versions(&caller, id, paging.slice).await?;
    Ok(Json(paging.answer(page, Version::from)))
}

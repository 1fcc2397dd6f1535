//! `GET /v1/vals/{val_id}`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::FullVal;
use crate::params::{Asked, Segments};
use crate::routes::answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which version is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionParam {
    /// A version instead of the newest
    v: Option<i64>,
}

/// Get val by id
#[utoipa::path(get, path = "/v1/vals/{val_id}", tag = "Vals",
    params(("val_id" = Uuid, Path, description = "id of the val"), VersionParam),
    responses((status = 200, description = "OK", body = FullVal)))]
pub(crate) async fn show_val(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
    Asked(query): Asked<VersionParam>,
) -> Result<Response, ApiError> {
    Ok(answer::val(
        &app,
        StatusCode::OK,
        app.town.val(&caller, id, query.v).await?,
    ))
}

//! `POST /v1/vals/{val_id}/undelete`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::FullVal;
use crate::params::Segments;
use crate::routes::answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

/// Bring back a deleted val
#[utoipa::path(post, path = "/v1/vals/{val_id}/undelete", tag = "Vals",
    params(("val_id" = Uuid, Path, description = "id of the val")),
    responses((status = 200, description = "The val", body = FullVal)))]
pub(crate) async fn undelete_val(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
) -> Result<Response, ApiError> {
    Ok(answer::val(
        &app,
        StatusCode::OK,
        app.town.undelete_val(&caller, id).await?,
    ))
}

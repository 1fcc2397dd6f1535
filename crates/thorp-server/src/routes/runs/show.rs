//! `GET /v1/runs/{run_id}`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::FullRun;
use crate::params::Segments;
use axum::Json;
use axum::extract::State;
use uuid::Uuid;

/// Get run by id
#[utoipa::path(get, path = "/v1/runs/{run_id}", tag = "Runs",
    params(("run_id" = Uuid, Path, description = "id of the run, as `X-Thorp-Run` has it")),
    responses((status = 200, description = "OK", body = FullRun)))]
pub(crate) async fn show_run(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
) -> Result<Json<FullRun>, ApiError> {
    Ok(Json(app.town.run_detail(&caller, id).await?.into()))
}

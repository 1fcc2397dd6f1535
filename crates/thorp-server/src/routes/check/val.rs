//! `GET /v1/vals/{val_id}/check`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::Check;
use crate::params::Segments;
use axum::Json;
use axum::extract::State;
use uuid::Uuid;

/// Find the calls in a val that would be denied something
///
/// Somebody else's function reads no secret and no private val, and writes nothing, when it is called as a function. This
/// finds the calls whose functions do so, themselves or by what they call, and says what to write instead. For the val's
/// owner; it looks at their other vals that it names, too.
#[utoipa::path(get, path = "/v1/vals/{val_id}/check", tag = "Vals",
    params(("val_id" = Uuid, Path, description = "id of the val")),
    responses((status = 200, description = "What was found", body = Check)))]
pub(crate) async fn check_val(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
) -> Result<Json<Check>, ApiError> {
    Ok(Json(app.town.check_val(&caller, id).await?.into()))
}

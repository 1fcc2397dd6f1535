//! `POST /v1/check`

use crate::app::App;
use crate::auth::Auth;
use crate::body::Sent;
use crate::error::ApiError;
use crate::json::Check;
use crate::limits::VAL_BODY_BYTES_MAX;
use crate::routes::save::SaveBody;
use axum::Json;
use axum::extract::{Request, State};

/// Find the calls in a text that would be denied something
///
/// As for a val, without saving it. It is read as the token's user's.
#[utoipa::path(post, path = "/v1/check", tag = "Vals",
    request_body(description = "Code, as for a new val", content((SaveBody = "application/json"), (String = "text/plain"),
        (String = "text/javascript"), (String = "application/javascript"))),
    responses((status = 200, description = "What was found", body = Check)))]
pub(crate) async fn check_text(
    State(app): State<App>,
    Auth(caller): Auth,
    request: Request,
) -> Result<Json<Check>, ApiError> {
    let mut body = SaveBody::of(Sent::read(request, VAL_BODY_BYTES_MAX).await?)?;
    let misplaced = [
        ("name", body.name.is_some()),
        ("privacy", body.privacy.is_some()),
        ("readme", body.readme.is_some()),
        ("base", body.base.is_some()),
    ];
    body.refuse(&misplaced, "nothing is saved")?;
    let files = body.take_files()?;
    let checked = app.town.check_text(&caller, body.entry, files).await?;
    Ok(Json(checked.into()))
}

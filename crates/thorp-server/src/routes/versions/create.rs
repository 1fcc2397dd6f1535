//! `POST /v1/vals/{val_id}/versions`

use crate::app::App;
use crate::auth::Auth;
use crate::body::Sent;
use crate::error::ApiError;
use crate::json::FullVal;
use crate::limits::VAL_BODY_BYTES_MAX;
use crate::params::Segments;
use crate::routes::save::{self, SaveBody};
use axum::extract::{Request, State};
use axum::http::header::IF_MATCH;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use thorp_town::SaveVal;
use uuid::Uuid;

/// Create a new version of a val
///
/// With `base`, or `If-Match: "N"`, the save is refused with 409 and both texts if somebody else saved after version N.
/// With `Accept: application/x-ndjson` the answer is lines, as for a new val.
#[utoipa::path(post, path = "/v1/vals/{val_id}/versions", tag = "Vals",
    params(("val_id" = Uuid, Path, description = "id of the val"),
           ("If-Match" = Option<String>, Header, description = "The version that the save began with", example = "\"3\"")),
    request_body(description = "Code of the new version", content((SaveBody = "application/json"),
        (String = "text/plain"), (String = "text/javascript"), (String = "application/javascript"))),
    responses((status = 201, description = "The val at its new version", body = FullVal)))]
pub(crate) async fn create_version(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
    request: Request,
) -> Result<Response, ApiError> {
    let lines = save::accepts_lines(request.headers());
    let tagged = base_of_tag(request.headers())?;
    let new = save_val(
        SaveBody::of(Sent::read(request, VAL_BODY_BYTES_MAX).await?)?,
        tagged,
    )?;
    let town = app.town.clone();
    let saving = |teller: save::Teller| async move {
        town.save_val(&caller, id, new, &|progress| teller.step(progress))
            .await
    };
    save::answer(&app, StatusCode::CREATED, lines, saving).await
}

fn save_val(mut body: SaveBody, tagged: Option<i64>) -> Result<SaveVal, ApiError> {
    let misplaced = [
        ("name", body.name.is_some()),
        ("privacy", body.privacy.is_some()),
        ("readme", body.readme.is_some()),
    ];
    body.refuse(&misplaced, "change it with `PATCH /v1/vals/{id}`")?;
    if body.base.is_some() && tagged.is_some() && body.base != tagged {
        return Err(ApiError::bad_request(
            "`base` and `If-Match` name different versions",
        ));
    }
    Ok(SaveVal {
        base: body.base.or(tagged),
        files: body.take_files()?,
        entry: body.entry,
    })
}

/// The version of `If-Match: "N"`; `*` is any.
fn base_of_tag(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = headers.get(IF_MATCH) else {
        return Ok(None);
    };
    let tag = value.to_str().unwrap_or_default().trim();
    if tag == "*" {
        return Ok(None);
    }
    let number = tag
        .strip_prefix("W/")
        .unwrap_or(tag)
        .trim_matches('"')
        .parse();
    number.map(Some).map_err(|_| {
        ApiError::bad_request("`If-Match` does not name a version")
            .hint("send the `ETag` of the val, such as `\"3\"`")
    })
}

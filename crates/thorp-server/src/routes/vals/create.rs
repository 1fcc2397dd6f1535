//! `POST /v1/vals`

use crate::app::App;
use crate::auth::Auth;
use crate::body::Sent;
use crate::error::ApiError;
use crate::json::FullVal;
use crate::limits::VAL_BODY_BYTES_MAX;
use crate::routes::save::{self, SaveBody};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use thorp_town::NewVal;

/// Create a new val
///
/// With `Accept: application/x-ndjson` the answer is lines: `{"progress":{"step","message"}}` each, and last
/// `{"val":{…}}` or `{"error":{…},"status":…}`.
#[utoipa::path(post, path = "/v1/vals", tag = "Vals",
    request_body(description = "Code of the new val", content((SaveBody = "application/json"), (String = "text/plain"),
        (String = "text/javascript"), (String = "application/javascript"))),
    responses((status = 200, description = "The val", body = FullVal)))]
pub(crate) async fn create_val(
    State(app): State<App>,
    Auth(caller): Auth,
    request: Request,
) -> Result<Response, ApiError> {
    let lines = save::accepts_lines(request.headers());
    let new = new_val(SaveBody::of(
        Sent::read(request, VAL_BODY_BYTES_MAX).await?,
    )?)?;
    let town = app.town.clone();
    let saving = |teller: save::Teller| async move {
        town.create_val(&caller, new, &|progress| teller.step(progress))
            .await
    };
    save::answer(&app, StatusCode::OK, lines, saving).await
}

fn new_val(mut body: SaveBody) -> Result<NewVal, ApiError> {
    body.refuse(
        &[("base", body.base.is_some())],
        "a new val has no version that it could begin with",
    )?;
    let files = body.take_files()?;
    let privacy = body.privacy.map(Into::into);
    Ok(NewVal {
        name: body.name,
        privacy,
        entry: body.entry,
        files,
        readme: body.readme,
    })
}

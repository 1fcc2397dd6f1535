//! `POST /v1/runs/{run_id}/save`

use crate::app::App;
use crate::auth::Auth;
use crate::body::Sent;
use crate::error::ApiError;
use crate::json::{FullVal, PrivacyName};
use crate::limits::VAL_BODY_BYTES_MAX;
use crate::params::Segments;
use crate::routes::save;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use thorp_town::KeepRun;
use utoipa::ToSchema;
use uuid::Uuid;

/// What the new val is to be.
#[derive(Default, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with `name`, `privacy` or `readme`"
)]
#[schema(as = SaveRunInput)]
pub(crate) struct SaveRunBody {
    /// Its name; otherwise what the code declares, or one that is made up
    #[schema(nullable = false)]
    name: Option<String>,
    /// Who may read it; `private` unless said
    #[schema(nullable = false)]
    privacy: Option<PrivacyName>,
    /// A text about it
    #[schema(nullable = false)]
    readme: Option<String>,
}

/// Save the expression of a run as a new val
///
/// For runs of `eval`. An expression that would mean something else as a program is put into an `export default`. With
/// `Accept: application/x-ndjson` the answer is lines, as for a new val.
#[utoipa::path(post, path = "/v1/runs/{run_id}/save", tag = "Runs", request_body = Option<SaveRunBody>,
    params(("run_id" = Uuid, Path, description = "id of the run, as `X-Thorp-Run` has it")),
    responses((status = 200, description = "The val", body = FullVal)))]
pub(crate) async fn save_run(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
    request: Request,
) -> Result<Response, ApiError> {
    let lines = save::accepts_lines(request.headers());
    let sent = Sent::read(request, VAL_BODY_BYTES_MAX).await?;
    let body: SaveRunBody = if sent.text()?.trim_ascii().is_empty() {
        SaveRunBody::default()
    } else {
        sent.json()?
    };
    let keep = KeepRun {
        name: body.name,
        privacy: body.privacy.map(Into::into),
        readme: body.readme,
    };
    let town = app.town.clone();
    let saving = |teller: save::Teller| async move {
        town.save_run(&caller, id, keep, &|progress| teller.step(progress))
            .await
    };
    save::answer(&app, StatusCode::OK, lines, saving).await
}

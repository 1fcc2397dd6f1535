//! `POST /v1/run/{username}.{val_name}`

use super::target;
use crate::app::App;
use crate::auth::Auth;
use crate::body::Sent;
use crate::error::ApiError;
use crate::limits::RUN_BODY_BYTES_MAX;
use crate::params::{Asked, Segments};
use crate::routes::answer;
use crate::routes::eval::get::ArgsParam;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// What a val is called with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an array, or an object with `args`")]
#[schema(as = RunInput)]
pub(crate) struct RunBody<'a> {
    #[serde(borrow)]
    #[schema(value_type = Vec<serde_json::Value>, required = false, example = json!(["Steve"]))]
    args: Option<&'a RawValue>,
}

/// Run a val as an API
///
/// The arguments are `{"args": […]}`, a bare array, or nothing. Runs as the val's author. `@N` behind the name pins a
/// version.
#[utoipa::path(post, path = "/v1/run/{username}.{val_name}", tag = "Run",
    params(("username" = String, Path, description = "The val's owner", example = "alice"),
           ("val_name" = String, Path, description = "The val's name", example = "hello")),
    request_body(description = "The arguments", content = Option<RunBody>),
    responses((status = 200, description = "The result", body = serde_json::Value)))]
pub(crate) async fn run_with_body(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(target): Segments<String>,
    Asked(query): Asked<ArgsParam>,
    request: Request,
) -> Result<Response, ApiError> {
    let sent = Sent::read(request, RUN_BODY_BYTES_MAX).await?;
    let args = match args(&sent)? {
        None => target::array(query.args)?,
        args => args,
    };
    let input = target::input(&target, args)?;
    Ok(answer::result(app.town.run(&caller, input).await?))
}

fn args(sent: &Sent) -> Result<Option<String>, ApiError> {
    let text = sent.text()?.trim_ascii();
    if text.is_empty() {
        return Ok(None);
    }
    if text.starts_with('[') {
        return target::own_array(sent.json()?).map(Some);
    }
    let body: RunBody<'_> = sent
        .json()
        .map_err(|error| error.hint("send `{\"args\": [\"hi\"]}`, `[\"hi\"]` or nothing"))?;
    body.args.map(target::own_array).transpose()
}

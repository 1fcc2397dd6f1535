//! `GET /v1/run/{username}.{val_name}`

use super::target;
use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::params::{Asked, Segments};
use crate::routes::answer;
use crate::routes::eval::get::ArgsParam;
use axum::extract::State;
use axum::response::Response;

/// Run a val as an API
///
/// Answers what the val's function returns, or the val's value if it is no function. Runs as the val's author.
/// `@N` behind the name pins a version.
#[utoipa::path(get, path = "/v1/run/{username}.{val_name}", tag = "Run",
    params(("username" = String, Path, description = "The val's owner", example = "alice"),
           ("val_name" = String, Path, description = "The val's name", example = "hello"),
           ("args" = Option<String>, Query, description = "A JSON array: what the val is called with", example = "[\"Steve\"]")),
    responses((status = 200, description = "The result", body = serde_json::Value)))]
pub(crate) async fn run_with_query(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(target): Segments<String>,
    Asked(query): Asked<ArgsParam>,
) -> Result<Response, ApiError> {
    let input = target::input(&target, target::array(query.args)?)?;
    Ok(answer::result(app.town.run(&caller, input).await?))
}

//! `GET /v1/eval/{expression}`

use crate::app::App;
use crate::auth::Evaluator;
use crate::error::ApiError;
use crate::params::{Asked, rest_of_path};
use crate::routes::answer;
use crate::routes::run::target::array;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use thorp_town::EvalInput;

/// The query of `GET`s that run something.
#[derive(Deserialize)]
pub(crate) struct ArgsParam {
    /// A JSON array; nothing and an empty text are the same.
    pub(crate) args: Option<String>,
}

/// Evaluate a JavaScript or TypeScript expression
///
/// Answers the bare JSON value. If the expression is a function, it is called with `args`. Runs as the token's user.
/// The expression is percent-decoded once; write `?` as `%3F` and `#` as `%23`.
#[utoipa::path(get, path = "/v1/eval/{expression}", tag = "Eval", operation_id = "eval_address",
    params(("expression" = String, Path, description = "The expression to be evaluated", example = "1+1"),
           ("args" = Option<String>, Query, description = "A JSON array: what a function is called with")),
    responses((status = 200, description = "The result", body = serde_json::Value)))]
pub(crate) async fn eval_address(
    State(app): State<App>,
    Evaluator(caller): Evaluator,
    Asked(query): Asked<ArgsParam>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let code = rest_of_path(&uri, "/v1/eval/")?;
    let args = array(query.args)?;
    let answer = app
        .town
        .eval(&caller, EvalInput { code, args })
        .await
        .map_err(ApiError::of_expression)?;
    Ok(answer::result(answer))
}

/// `GET /v1/eval/` with nothing behind it.
pub(crate) async fn eval_nothing() -> ApiError {
    ApiError::bad_request("there is no expression")
        .hint("try `GET /v1/eval/1%2B1`, or `POST /v1/eval` with code as the body")
}

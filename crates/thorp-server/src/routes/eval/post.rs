//! `POST /v1/eval`

use crate::app::App;
use crate::auth::Evaluator;
use crate::body::{Content, Sent};
use crate::error::ApiError;
use crate::limits::EVAL_BODY_BYTES_MAX;
use crate::routes::answer;
use crate::routes::run::target::own_array;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use thorp_town::EvalInput;
use utoipa::ToSchema;

/// An expression, and what to call it with if it is a function.
#[derive(Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with `code` and perhaps `args`"
)]
#[schema(as = EvalInput)]
pub(crate) struct EvalBody<'a> {
    #[serde(borrow)]
    #[schema(value_type = String, example = "(a, b) => a + b")]
    code: Cow<'a, str>,
    #[serde(borrow)]
    #[schema(value_type = Vec<serde_json::Value>, required = false, example = json!([1, 2]))]
    args: Option<&'a RawValue>,
}

/// Evaluate a JavaScript or TypeScript expression
///
/// Answers the bare JSON value. If the expression is a function, it is called with `args`. Runs as the token's user. A
/// body that is not JSON is the expression itself.
#[utoipa::path(post, path = "/v1/eval", tag = "Eval",
    request_body(description = "The expression", content((EvalBody = "application/json"), (String = "text/plain"))),
    responses((status = 200, description = "The result", body = serde_json::Value)))]
pub(crate) async fn eval_body(
    State(app): State<App>,
    Evaluator(caller): Evaluator,
    request: Request,
) -> Result<Response, ApiError> {
    let input = input(Sent::read(request, EVAL_BODY_BYTES_MAX).await?)?;
    let answer = app
        .town
        .eval(&caller, input)
        .await
        .map_err(ApiError::of_expression)?;
    Ok(answer::result(answer))
}

fn input(sent: Sent) -> Result<EvalInput, ApiError> {
    match sent.json_or_code::<EvalBody<'_>>()? {
        Content::Json(body) => {
            let args = body.args.map(own_array).transpose()?;
            Ok(EvalInput {
                code: body.code.into_owned(),
                args,
            })
        }
        Content::Code => Ok(EvalInput {
            code: sent.into_text()?,
            args: None,
        }),
    }
}

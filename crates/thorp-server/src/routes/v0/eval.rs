//! `GET /eval/{code}`

use crate::app::App;
use crate::auth::Evaluator;
use crate::error::ApiError;
use crate::params::{Asked, rest_of_path};
use crate::routes::answer;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde_json::{Map, Value};
use thorp_town::{Answer, EvalInput};

/// Evaluate an expression (version 0)
///
/// Answers `{"data": …}`. If the expression is a function, it is called with the query as one object. New clients use
/// `/v1/eval`.
#[utoipa::path(get, path = "/eval/{code}", tag = "Version 0", operation_id = "eval_v0",
    params(("code" = String, Path, description = "The expression to be evaluated", example = "1+1")),
    responses((status = 200, description = "The result in an envelope; `{}` if it is `undefined`", body = serde_json::Value)))]
pub(crate) async fn eval_v0(
    State(app): State<App>,
    Evaluator(caller): Evaluator,
    Asked(query): Asked<Vec<(String, String)>>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let input = EvalInput {
        code: rest_of_path(&uri, "/eval/")?,
        args: Some(args(query)),
    };
    let mut answer = app
        .town
        .eval(&caller, input)
        .await
        .map_err(ApiError::of_expression)?;
    answer.json = envelope(&answer);
    answer.undefined = false;
    Ok(answer::result(answer))
}

fn envelope(answer: &Answer) -> String {
    if answer.undefined {
        "{}".to_owned()
    } else {
        format!("{{\"data\":{}}}", answer.json)
    }
}

/// One argument: the query as an object, with arrays for what is there more than once.
fn args(query: Vec<(String, String)>) -> String {
    let mut object = Map::new();
    for (name, value) in query {
        match object.get_mut(&name) {
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
            None => drop(object.insert(name, value.into())),
        }
    }
    Value::Array(vec![object.into()]).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_query_is_one_object() {
        let query = [("a", "1"), ("b", ""), ("a", "2"), ("a", "3")];
        let pairs = query
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        assert_eq!(super::args(pairs), r#"[{"a":["1","2","3"],"b":""}]"#);
        assert_eq!(super::args(Vec::new()), "[{}]");
    }
}

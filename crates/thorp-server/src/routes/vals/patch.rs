//! `PATCH /v1/vals/{val_id}`

use crate::app::App;
use crate::auth::Auth;
use crate::body::Sent;
use crate::error::ApiError;
use crate::json::{EndpointName, FullVal, IsolationName, PrivacyName};
use crate::limits::SMALL_BODY_BYTES_MAX;
use crate::params::Segments;
use crate::routes::answer;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Deserializer};
use thorp_town::ValPatch;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to change about a val. What is not there stays.
#[derive(Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with `name`, `privacy`, `endpoint`, `isolation` or `readme`"
)]
#[schema(as = ValPatch)]
pub(crate) struct PatchBody {
    #[schema(nullable = false)]
    name: Option<String>,
    #[schema(nullable = false)]
    privacy: Option<PrivacyName>,
    #[schema(nullable = false)]
    endpoint: Option<EndpointName>,
    #[schema(nullable = false)]
    isolation: Option<IsolationName>,
    /// `null` takes it away
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    readme: Option<Option<String>>,
}

/// Tells a given `null` from nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Rename a val, or change who may see and call it, and what its runs share
#[utoipa::path(patch, path = "/v1/vals/{val_id}", tag = "Vals", request_body = PatchBody,
    params(("val_id" = Uuid, Path, description = "id of the val")),
    responses((status = 200, description = "The val", body = FullVal)))]
pub(crate) async fn patch_val(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
    request: Request,
) -> Result<Response, ApiError> {
    let sent = Sent::read(request, SMALL_BODY_BYTES_MAX).await?;
    let PatchBody {
        name,
        privacy,
        endpoint,
        isolation,
        readme,
    } = sent.json()?;
    let patch = ValPatch {
        name,
        privacy: privacy.map(Into::into),
        endpoint: endpoint.map(Into::into),
        isolation: isolation.map(Into::into),
        readme,
    };
    Ok(answer::val(
        &app,
        StatusCode::OK,
        app.town.patch_val(&caller, id, patch).await?,
    ))
}

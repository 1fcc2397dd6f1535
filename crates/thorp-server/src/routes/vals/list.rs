//! `GET /v1/vals`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::{BaseVal, PrivacyName};
use crate::page::{PageOf, PageParams, Paging};
use crate::params::Asked;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use thorp_town::ValQuery;
use utoipa::IntoParams;

/// Which of the caller's vals are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ValParams {
    /// Only the val of this name
    name: Option<String>,
    /// Only vals of this privacy
    privacy: Option<PrivacyName>,
    /// The deleted vals instead of the others
    #[serde(default)]
    #[param(default = false)]
    deleted: bool,
}

/// Get the caller's vals
#[utoipa::path(get, path = "/v1/vals", tag = "Vals", params(ValParams, PageParams),
    responses((status = 200, description = "OK", body = PageOf<BaseVal>)))]
pub(crate) async fn list_vals(
    State(app): State<App>,
    Auth(caller): Auth,
    Asked(query): Asked<ValParams>,
    paging: Paging,
) -> Result<Json<PageOf<BaseVal>>, ApiError> {
    let ValParams {
        name,
        privacy,
        deleted,
    } = query;
    let query = ValQuery {
        name,
        privacy: privacy.map(Into::into),
        deleted,
    };
    let page = app.town.own_vals(&caller, query, paging.slice).await?;
    Ok(Json(paging.answer(page, BaseVal::from)))
}

//! `GET /v1/users/{user_id}/vals`

use crate::app::App;
use crate::auth::Auth;
use crate::error::ApiError;
use crate::json::BaseVal;
use crate::page::{PageOf, PageParams, Paging};
use crate::params::Segments;
use axum::Json;
use axum::extract::State;
use uuid::Uuid;

/// List a user's vals
///
/// The public ones; all of them for the user.
#[utoipa::path(get, path = "/v1/users/{user_id}/vals", tag = "Users",
    params(("user_id" = Uuid, Path, description = "id of the user"), PageParams),
    responses((status = 200, description = "OK", body = PageOf<BaseVal>)))]
pub(crate) async fn list_user_vals(
    State(app): State<App>,
    Auth(caller): Auth,
    Segments(id): Segments<Uuid>,
    paging: Paging,
) -> Result<Json<PageOf<BaseVal>>, ApiError> {
    let page = app.town.user_vals(&caller, id, paging.slice).await?;
    Ok(Json(paging.answer(page, BaseVal::from)))
}

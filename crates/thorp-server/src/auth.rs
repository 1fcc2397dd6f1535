//! Who asks: the `Authorization` header, handed to the town.

use crate::app::App;
use crate::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use thorp_town::Caller;

/// The caller of a request. A token that is not valid is refused, also where none is needed.
pub(crate) struct Auth(pub(crate) Caller);

impl FromRequestParts<App> for Auth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let bearer = bearer(&parts.headers)?;
        Ok(Self(app.town.authenticate(bearer).await?))
    }
}

/// The caller of an evaluation. Whoever has no token has to be somebody on this machine, and not a page of another site
/// that happens to be open in their browser: it would run its code here, with the network that this machine has.
pub(crate) struct Evaluator(pub(crate) Caller);

impl FromRequestParts<App> for Evaluator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Auth(caller) = Auth::from_request_parts(parts, app).await?;
        if caller.user.is_none() && is_of_another_site(&parts.headers) {
            return Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "UNAUTHORIZED",
                "pages of other sites need a token to evaluate",
            )
            .hint("send `Authorization: Bearer <token>`"));
        }
        Ok(Self(caller))
    }
}

/// What browsers say of the page that asks; other clients say nothing of the kind.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let own = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"))
        .is_some_and(|(_, host)| headers.get(HOST).is_some_and(|own| own == host));
    !own
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| is_bearer(scheme));
    match token {
        Some((_, token)) => Ok(Some(token.trim())),
        None => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "the `Authorization` header has no token",
        )
        .hint("send `Authorization: Bearer thorp_…`")),
    }
}

fn is_bearer(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("bearer")
}

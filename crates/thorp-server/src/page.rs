//! Pages of lists: which part is asked for, and the addresses of its neighbours.

use crate::app::App;
use crate::error::ApiError;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use thorp_town::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use thorp_town::{Page, Slice};
use utoipa::{IntoParams, ToSchema};

/// The part of a list that a request asks for, and the address it asked at.
pub(crate) struct Paging {
    pub(crate) slice: Slice,
    /// The absolute address, with every parameter but the paging ones.
    address: String,
}

/// The parameters of every list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(
    dead_code,
    reason = "describes `Paging` in the OpenAPI document; read through it"
)]
pub(crate) struct PageParams {
    /// Pagination offset
    #[param(default = 0, minimum = 0)]
    offset: Option<u32>,
    /// Pagination limit
    #[param(default = 20, minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct PageOf<T> {
    data: Vec<T>,
    links: Links,
}

/// Absolute addresses of this part and its neighbours.
#[derive(Serialize, ToSchema)]
pub(crate) struct Links {
    /// The URL of the current page of results
    #[serde(rename = "self")]
    #[schema(format = "uri")]
    this: String,
    /// The URL of the next page of results
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri", nullable = false)]
    next: Option<String>,
    /// The URL of the previous page of results
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri", nullable = false)]
    prev: Option<String>,
}

impl FromRequestParts<App> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Query(params) =
            Query::<PageParams>::try_from_uri(&parts.uri).map_err(|_| not_a_page())?;
        let limit = params.limit.unwrap_or(PAGE_ITEMS_DEFAULT);
        if !(1..=PAGE_ITEMS_MAX).contains(&limit) {
            return Err(not_a_page());
        }
        let address = address(
            &app.public_url,
            parts.uri.path(),
            parts.uri.query().unwrap_or_default(),
        );
        Ok(Self {
            slice: Slice {
                offset: params.offset.unwrap_or(0),
                limit,
            },
            address,
        })
    }
}

impl Paging {
    /// The answer: `page` with its items as `shape` shows them.
    pub(crate) fn answer<T, U>(&self, page: Page<T>, shape: impl FnMut(T) -> U) -> PageOf<U> {
        let Slice { offset, limit } = self.slice;
        let links = Links {
            this: self.link(offset),
            next: page.more.then(|| self.link(offset.saturating_add(limit))),
            prev: (offset > 0).then(|| self.link(offset.saturating_sub(limit))),
        };
        PageOf {
            data: page.items.into_iter().map(shape).collect(),
            links,
        }
    }

    fn link(&self, offset: u32) -> String {
        format!("{}offset={offset}&limit={}", self.address, self.slice.limit)
    }
}

fn not_a_page() -> ApiError {
    ApiError::bad_request("the page that is asked for makes no sense").hint(format!(
        "`offset` is a number from 0, `limit` one from 1 to {PAGE_ITEMS_MAX}"
    ))
}

/// `…/v1/vals?name=a&`: everything that a paging parameter can be added to.
fn address(public_url: &str, path: &str, query: &str) -> String {
    let mut address = format!("{public_url}{path}?");
    let is_kept = |pair: &&str| {
        !pair.is_empty() && !pair.starts_with("offset=") && !pair.starts_with("limit=")
    };
    for pair in query.split('&').filter(is_kept) {
        address.push_str(pair);
        address.push('&');
    }
    address
}

#[cfg(test)]
mod tests {
    use super::{Paging, address};
    use thorp_town::{Page, Slice};

    fn check(offset: u32, more: bool, expected: [Option<&str>; 2]) {
        let paging = Paging {
            slice: Slice { offset, limit: 2 },
            address: "a?".to_owned(),
        };
        let links = paging
            .answer(
                Page {
                    items: vec![1],
                    more,
                },
                |item| item,
            )
            .links;
        assert_eq!([links.next.as_deref(), links.prev.as_deref()], expected);
    }

    #[test]
    fn neighbours_are_linked_if_there_are_any() {
        check(0, false, [None, None]);
        check(0, true, [Some("a?offset=2&limit=2"), None]);
        check(
            1,
            true,
            [Some("a?offset=3&limit=2"), Some("a?offset=0&limit=2")],
        );
        check(4, false, [None, Some("a?offset=2&limit=2")]);
    }

    #[test]
    fn other_parameters_are_kept() {
        assert_eq!(
            address("http://t", "/v1/vals", "offset=3&name=a%20b&&limit=2"),
            "http://t/v1/vals?name=a%20b&"
        );
    }
}

//! Requests that no route takes: 404 and 405 in the one error shape, with a guess at what was meant.

use crate::app::App;
use crate::error::ApiError;
use crate::limits::NEAR_LETTERS_MAX;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use std::cmp::Reverse;

/// 404 for an address that does not exist.
pub(crate) async fn not_found(State(app): State<App>, uri: Uri) -> ApiError {
    let path = uri.path();
    let error = ApiError::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        format!("there is nothing at `{path}`"),
    );
    match nearest(path, &app.addresses) {
        Some(address) => error.hint(format!("did you mean `{address}`?")),
        None => error.hint("`/openapi.json` lists all addresses"),
    }
}

/// 405 for an address that exists, but not for this method. The router adds `Allow`.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> ApiError {
    let message = format!("`{method}` is not possible at `{}`", uri.path());
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        message,
    )
    .hint("the header `Allow` lists what is")
}

/// The address that differs least from `path`, if one is near; of two, the one that begins more like it.
fn nearest<'a>(path: &str, addresses: &'a [String]) -> Option<&'a str> {
    let path = path.trim_matches('/');
    let versioned = format!("v1/{path}");
    let near = addresses.iter().filter_map(|address| {
        let plain = address.trim_matches('/');
        let variants = [path, versioned.as_str()];
        let rank = |variant| {
            Some((
                distance(variant, plain)?,
                Reverse(letters_shared(variant, plain)),
            ))
        };
        let best = variants.into_iter().filter_map(rank).min()?;
        (best.0 <= NEAR_LETTERS_MAX).then_some((best, address.as_str()))
    });
    near.min_by_key(|(rank, _)| *rank)
        .map(|(_, address)| address)
}

/// How many letters two texts begin with together.
fn letters_shared(a: &str, b: &str) -> usize {
    a.bytes()
        .zip(b.bytes())
        .take_while(|(left, right)| left == right)
        .count()
}

/// By how many letters the fixed parts differ, if there are as many parts.
fn distance(path: &str, address: &str) -> Option<usize> {
    let parts: Vec<&str> = path.split('/').collect();
    let templates: Vec<&str> = address.split('/').collect();
    let fixed = |template: &str| !template.starts_with('{');
    let pairs = || {
        parts
            .iter()
            .zip(&templates)
            .filter(|(_, template)| fixed(template))
    };
    let is_whole = parts.len() == templates.len()
        && pairs().all(|(part, template)| letters_between(part, template) <= template.len() / 2);
    is_whole.then(|| {
        pairs()
            .map(|(part, template)| letters_between(part, template))
            .sum()
    })
}

/// How many letters to add, drop or change to get from `a` to `b`.
fn letters_between(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{letters_between, nearest};

    fn check(path: &str, expected: Option<&str>) {
        let addresses = [
            "/v1/eval",
            "/v1/vals",
            "/v1/vals/{val_id}",
            "/v1/me/runs",
            "/healthz",
        ]
        .map(str::to_owned);
        assert_eq!(nearest(path, &addresses), expected, "{path}");
    }

    #[test]
    fn near_addresses_are_found() {
        check("/v1/val", Some("/v1/vals"));
        check("/v1/vals/", Some("/v1/vals"));
        check("/vals/7", Some("/v1/vals/{val_id}"));
        check("/v1/me/rnus", Some("/v1/me/runs"));
        check("/health", Some("/healthz"));
        check("/favicon.ico", None);
        check("/", None);
    }

    #[test]
    fn letters_are_counted() {
        assert_eq!(letters_between("", "abc"), 3);
        assert_eq!(letters_between("kitten", "sitting"), 3);
    }
}

//! What the OpenAPI document says beside the routes' own descriptions.

use crate::json::{CodeText, ErrorBody, ErrorDetail};
use crate::routes::{eval, root, run, v0};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, Deprecated, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

/// The document's frame, with the routes whose addresses OpenAPI writes in another way than the router.
#[derive(OpenApi)]
#[openapi(
    info(title = "Thorp API", description = "A town of TypeScript functions.

Every answer with a status of 400 and up has the body of the schema `Error`; its `error.code` is stable. Answers that \
ran something have the run's id in `X-Thorp-Run`, and `X-Thorp-Undefined: 1` if their `null` was `undefined`."),
    paths(
        eval::get::eval_address,
        root::openapi::openapi,
        run::get::run_with_query,
        run::post::run_with_body,
        v0::eval::eval_v0,
    ),
    components(schemas(ErrorBody, ErrorDetail, CodeText)),
    modifiers(&Authorization),
)]
pub(crate) struct Api;

struct Authorization;

impl Modify for Authorization {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("thorp_…")
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearerAuth", SecurityScheme::Http(bearer));
        let none: [&str; 0] = [];
        document.security = Some(vec![
            SecurityRequirement::new("bearerAuth", none),
            SecurityRequirement::default(),
        ]);
    }
}

/// What any request may be answered.
const ANY: &[(u16, &str)] = &[
    (401, "The token is not valid, or one is needed"),
    (421, "The host is not one of the town's"),
    (
        429,
        "Too many requests; `Retry-After` says when to come again",
    ),
    (500, "Our fault; the log has more under `error.id`"),
];
/// What requests with parameters may be answered.
const PARAMETERS: &[(u16, &str)] = &[
    (400, "The request makes no sense"),
    (404, "Not found, or not for the caller"),
];
/// What requests with a body may be answered.
const BODY: &[(u16, &str)] = &[
    (400, "The request makes no sense"),
    (403, "Not allowed"),
    (408, "The body took too long"),
    (413, "More than the limit"),
];
/// What requests that change something may be answered.
const CHANGE: &[(u16, &str)] = &[
    (403, "Not allowed"),
    (409, "The name is taken, or somebody else saved in between"),
];
/// What saves may be answered.
const SAVE: &[(u16, &str)] = &[(
    422,
    "The text is nested too deeply, or a package cannot be had",
)];
/// What requests that run code may be answered.
const RUN: &[(u16, &str)] = &[
    (403, "Not allowed"),
    (404, "Not found, or not for the caller"),
    (
        422,
        "The version does not compile, or the result cannot be written as JSON or is too large",
    ),
    (502, "The user's code threw, or the sandbox was lost"),
    (
        503,
        "All sandboxes are busy; `Retry-After` says when to come again",
    ),
    (504, "The run took too long or too much processor time"),
    (507, "The run used too much memory"),
];

/// Adds to every operation the refusals that it can answer with.
pub(crate) fn complete(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let PathItem {
            get,
            post,
            put,
            patch,
            delete,
            ..
        } = item;
        for (operation, changes) in [
            (get, false),
            (post, true),
            (put, true),
            (patch, true),
            (delete, true),
        ] {
            if let Some(operation) = operation {
                add_refusals(path, operation, changes);
            }
        }
    }
}

fn add_refusals(path: &str, operation: &mut Operation, changes: bool) {
    operation.deprecated = path.starts_with("/eval/").then_some(Deprecated::True);
    let runs = path.contains("/eval") || path.contains("/run/");
    let has_body = operation.request_body.is_some();
    let has_parameters = operation
        .parameters
        .as_ref()
        .is_some_and(|parameters| !parameters.is_empty());
    let saves = changes
        && !runs
        && operation
            .summary
            .as_deref()
            .is_some_and(|text| text.starts_with("Create a new"));
    let groups = [
        (true, ANY),
        (has_parameters, PARAMETERS),
        (has_body, BODY),
        (changes && !runs, CHANGE),
        (saves, SAVE),
        (runs, RUN),
    ];
    for (_, group) in groups.iter().filter(|(applies, _)| *applies) {
        for (status, description) in *group {
            let responses = &mut operation.responses.responses;
            responses
                .entry(status.to_string())
                .or_insert_with(|| RefOr::T(refusal(description)));
        }
    }
}

fn refusal(description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Error")));
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
        .build()
}

//! Every route of the town, once.

use crate::app::App;
use crate::openapi::{self, Api};
use crate::routes::{
    alias, check, eval, me, root, run, runs, search, secrets, tokens, users, v0, vals, versions,
};
use crate::unmatched;
use axum::Router;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes, and the document that describes them.
pub(crate) fn build() -> (Router<App>, utoipa::openapi::OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(Api::openapi())
        .merge(evaluations())
        .merge(things())
        .merge(accounts())
        .merge(town())
        .split_for_parts();
    openapi::complete(&mut document);
    let router = router
        .fallback(unmatched::not_found)
        .method_not_allowed_fallback(unmatched::method_not_allowed);
    (router, document)
}

/// Running code. Addresses that OpenAPI writes in another way than the router are listed in [`Api`].
fn evaluations() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(eval::post::eval_body))
        .route("/v1/eval/", get(eval::get::eval_nothing))
        .route("/v1/eval/{*expression}", get(eval::get::eval_address))
        .route(
            "/v1/run/{target}",
            get(run::get::run_with_query).post(run::post::run_with_body),
        )
        .route("/eval/{*code}", get(v0::eval::eval_v0))
}

/// Vals, their versions and their runs.
fn things() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(vals::create::create_val, vals::list::list_vals))
        .routes(routes!(
            vals::show::show_val,
            vals::patch::patch_val,
            vals::delete::delete_val
        ))
        .routes(routes!(vals::undelete::undelete_val))
        .routes(routes!(
            versions::create::create_version,
            versions::list::list_versions
        ))
        .routes(routes!(
            versions::show::show_version,
            versions::delete::delete_version
        ))
        .routes(routes!(versions::restore::restore_version))
        .routes(routes!(check::val::check_val))
        .routes(routes!(check::text::check_text))
        .routes(routes!(runs::of_val::list_val_runs))
        .routes(routes!(runs::show::show_run))
        .routes(routes!(runs::save::save_run))
        .routes(routes!(alias::user::user_by_name))
        .routes(routes!(alias::val::val_by_name))
        .routes(routes!(search::vals::search_vals))
}

/// Users, their tokens and their secrets.
fn accounts() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(me::show::show_me, me::patch::patch_me))
        .routes(routes!(me::emails::list::list_emails))
        .routes(routes!(me::emails::show::show_email))
        .routes(routes!(me::runs::list_own_runs))
        .routes(routes!(me::likes::list_likes))
        .routes(routes!(users::create::create_user, users::list::list_users))
        .routes(routes!(users::show::show_user))
        .routes(routes!(users::vals::list_user_vals))
        .routes(routes!(
            tokens::create::create_token,
            tokens::list::list_tokens
        ))
        .routes(routes!(tokens::delete::delete_token))
        .routes(routes!(secrets::list::list_secrets))
        .routes(routes!(
            secrets::put::put_secret,
            secrets::delete::delete_secret
        ))
}

/// The town itself.
fn town() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(root::greeting::greet))
        .routes(routes!(root::health::health))
        .route("/openapi.json", get(root::openapi::openapi))
}

#[cfg(test)]
mod tests {
    #[test]
    fn routes_do_not_clash() {
        let (_, document) = super::build();
        assert!(document.paths.paths.contains_key("/v1/eval/{expression}"));
    }
}

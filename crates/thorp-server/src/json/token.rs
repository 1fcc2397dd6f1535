//! Tokens.

use super::time;
use serde::Serialize;
use thorp_town::{IssuedToken, Scope, TokenView};
use utoipa::ToSchema;
use uuid::Uuid;

/// A token, without its text.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Token {
    id: Uuid,
    name: String,
    /// What it may be used for: `read`, `write`, `run`, `tokens`, `operator`
    scopes: Vec<&'static str>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// To the minute
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// Whether it is the one that asked
    current: bool,
}

/// A token that was just made. Its text is told only here.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedToken {
    #[serde(flatten)]
    view: Token,
    #[schema(example = "thorp_…")]
    token: String,
}

impl From<TokenView> for Token {
    fn from(view: TokenView) -> Self {
        Self {
            id: view.id,
            name: view.name,
            scopes: view.scopes.into_iter().map(scope_name).collect(),
            created_at: time(view.created_at),
            expires_at: view.expires_at.map(time),
            last_used_at: view.last_used_at.map(time),
            current: view.current,
        }
    }
}

impl From<IssuedToken> for CreatedToken {
    fn from(issued: IssuedToken) -> Self {
        Self {
            view: issued.view.into(),
            token: issued.secret,
        }
    }
}

const SCOPES: [Scope; 5] = [
    Scope::Read,
    Scope::Write,
    Scope::Run,
    Scope::Tokens,
    Scope::Operator,
];

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Run => "run",
        Scope::Tokens => "tokens",
        Scope::Operator => "operator",
    }
}

/// The scope of that name.
pub(crate) fn scope_of(name: &str) -> Option<Scope> {
    SCOPES.into_iter().find(|scope| scope_name(*scope) == name)
}

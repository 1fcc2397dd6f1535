//! Secrets, without their values.

use super::time;
use serde::Serialize;
use thorp_town::SecretView;
use utoipa::ToSchema;

/// A secret. Nothing tells its value.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Secret {
    #[schema(example = "OPENAI_API_KEY")]
    name: String,
    /// Whether packages see it in the environment
    packages: bool,
    /// Whether the town has the key that opens it
    readable: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<SecretView> for Secret {
    fn from(view: SecretView) -> Self {
        Self {
            name: view.name,
            packages: view.packages,
            readable: view.readable,
            created_at: time(view.created_at),
            updated_at: time(view.updated_at),
        }
    }
}

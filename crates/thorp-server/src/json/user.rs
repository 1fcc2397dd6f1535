//! Users.

use super::time;
use serde::Serialize;
use thorp_town::{AuthorView, IssuedToken, UserView};
use utoipa::ToSchema;
use uuid::Uuid;

/// A user of the town.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    id: Uuid,
    /// The user's username
    #[schema(example = "@alice")]
    username: String,
    /// The user's bio
    bio: Option<String>,
    /// The url for the user's profile picture
    profile_image_url: Option<String>,
    /// Whether they keep the town
    operator: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

/// The caller's own account, with what nobody else sees of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    #[serde(flatten)]
    user: User,
    /// Where mail of the user's vals goes
    email: Option<String>,
}

/// Whose something is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Author {
    id: Uuid,
    #[schema(example = "@alice")]
    username: String,
}

/// A user that was just made, with a first token. The token's text is told only here.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedUser {
    /// The name, without `@`
    name: String,
    token: String,
    user: User,
}

impl From<UserView> for User {
    fn from(view: UserView) -> Self {
        Self {
            id: view.id,
            username: format!("@{}", view.name),
            bio: view.bio,
            profile_image_url: view.profile_image_url,
            operator: view.operator,
            created_at: time(view.created_at),
        }
    }
}

impl Me {
    pub(crate) fn new(user: UserView, email: Option<String>) -> Self {
        Self {
            user: user.into(),
            email,
        }
    }
}

impl From<AuthorView> for Author {
    fn from(view: AuthorView) -> Self {
        Self {
            id: view.id,
            username: format!("@{}", view.name),
        }
    }
}

impl From<(UserView, IssuedToken)> for CreatedUser {
    fn from((user, token): (UserView, IssuedToken)) -> Self {
        Self {
            name: user.name.clone(),
            token: token.secret,
            user: user.into(),
        }
    }
}

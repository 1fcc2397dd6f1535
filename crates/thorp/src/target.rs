//! Naming a val on the command line: `alice/hello`, `@alice.hello@3`, `hello` (one's own) or its id.

use crate::client::{Client, Reply, api::Val, escape};
use crate::failure::Failure;
use std::str::FromStr;

/// A val that somebody named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    name: Name,
    /// The version, if one was pinned with `@N`.
    pub(crate) version: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Id(String),
    Own(String),
    Of(String, String),
}

/// A val as the town told it.
pub(crate) struct Found {
    /// What we understand of it.
    pub(crate) val: Val,
    /// The town's own words.
    pub(crate) body: String,
}

impl Found {
    fn of(reply: Reply) -> Result<Self, Failure> {
        Ok(Self {
            val: reply.read()?,
            body: reply.body,
        })
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = split_version(text.strip_prefix('@').unwrap_or(text))?;
        if uuid::Uuid::try_parse(name).is_ok() {
            return Ok(Self {
                name: Name::Id(name.to_owned()),
                version,
            });
        }
        let name = match name.split_once(['/', '.']) {
            Some((user, val)) if is_name(user) && is_name(val) => {
                Name::Of(user.to_owned(), val.to_owned())
            }
            None if is_name(name) => Name::Own(name.to_owned()),
            _ => {
                return Err(
                    "a val is named like `alice/hello`, `alice/hello@3` or `hello`".to_owned(),
                );
            }
        };
        Ok(Self { name, version })
    }
}

fn split_version(text: &str) -> Result<(&str, Option<i64>), String> {
    let Some((name, version)) = text.split_once('@') else {
        return Ok((text, None));
    };
    let number = version
        .parse::<u32>()
        .map_err(|_| format!("`{version}` is not the number of a version"))?;
    Ok((name, Some(i64::from(number))))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Target {
    /// The val itself, of the pinned version or the live one.
    pub(crate) fn find(&self, client: &Client) -> Result<Found, Failure> {
        let live = Found::of(client.get(&self.path(client)?)?)?;
        match (&self.name, self.version) {
            (Name::Of(..) | Name::Own(_), Some(version)) if version != live.val.version => {
                Found::of(client.get(&format!("/v1/vals/{}?v={version}", escape(&live.val.id)))?)
            }
            _ => Ok(live),
        }
    }

    /// The name as `POST /v1/run/…` takes it.
    pub(crate) fn run_name(&self, client: &Client) -> Result<String, Failure> {
        let (user, name) = match &self.name {
            Name::Of(user, name) => (user.clone(), name.clone()),
            Name::Own(name) => (client.username()?, name.clone()),
            Name::Id(_) => {
                let val = self.find(client)?.val;
                (val.owner().to_owned(), val.name)
            }
        };
        Ok(match self.version {
            Some(version) => format!("{user}.{name}@{version}"),
            None => format!("{user}.{name}"),
        })
    }

    /// The val's name without its owner, if it was not named by its id.
    pub(crate) fn own_name(&self) -> Option<&str> {
        match &self.name {
            Name::Own(name) | Name::Of(_, name) => Some(name),
            Name::Id(_) => None,
        }
    }

    /// The val's id, if it was named by it.
    pub(crate) fn id(&self) -> Option<&str> {
        match &self.name {
            Name::Id(id) => Some(id),
            _ => None,
        }
    }

    fn path(&self, client: &Client) -> Result<String, Failure> {
        Ok(match (&self.name, self.version) {
            (Name::Id(id), None) => format!("/v1/vals/{id}"),
            (Name::Id(id), Some(version)) => format!("/v1/vals/{id}?v={version}"),
            (Name::Of(user, name), _) => format!("/v1/alias/{user}/{name}"),
            (Name::Own(name), _) => format!("/v1/alias/{}/{name}", escape(&client.username()?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: Name, version: Option<i64>) {
        assert_eq!(text.parse(), Ok(Target { name, version }));
    }

    #[test]
    fn both_spellings_with_and_without_version() {
        check(
            "alice/hello",
            Name::Of("alice".into(), "hello".into()),
            None,
        );
        check(
            "@alice.hello@3",
            Name::Of("alice".into(), "hello".into()),
            Some(3),
        );
        check("hello@0", Name::Own("hello".into()), Some(0));
        let id = "01920000-0000-7000-8000-000000000000";
        check(id, Name::Id(id.into()), None);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "", "@", "a/b/c", "a/", "a/b@x", "a/../b", "1a", "a b", "a/b@-1",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
